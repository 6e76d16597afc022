"""The HTML that Europe PMC writes into titles and abstracts, read for what it means.

Only elements that it is known to write are markup: a bare ``<`` is text. What does not belong here: entities, LaTeX and
white space, which are cleaned with the text of all sources (`assets.listings.text`).
"""

from __future__ import annotations

import re

from assets.sources.base import Section

_INLINE = (
    "i|b|u|em|strong|sub|sup|sc|small|tt|a|span|italic|bold|underline|monospace|inline-formula|math|m[a-z]{1,9}|"
    "xref|ext-link|named-content|styled-content"
)
_BLOCK = "p|br|div|sec|ul|ol|li|list|list-item|abstract|disp-formula|h[1-6]|title"
_TAG = re.compile(
    rf"</?(?:(?:mml|jats):)?(?:(?P<inline>{_INLINE})|(?P<block>{_BLOCK}))(?:\s[^<>]{{0,1000}})?/?>", re.IGNORECASE
)
_HEADING = re.compile(r"<(?P<kind>h[1-6]|(?:jats:)?title)>(?P<label>[^<>]{1,200})</(?P=kind)>", re.IGNORECASE)


def without_tags(text: str) -> str:
    """A text without its markup; blocks are paragraphs."""
    return _TAG.sub(lambda tag: "" if tag["inline"] else "\n\n", text).strip()


def has_tags(text: str) -> bool:
    """Whether a text has any markup."""
    return _TAG.search(text) is not None


def sections(text: str) -> list[Section]:
    """The parts of an abstract, with their headings where it has any."""
    parts: list[Section] = []
    label, begun = None, 0
    for heading in _HEADING.finditer(text):
        parts.append(Section(label, _told(text[begun : heading.start()])))
        label, begun = " ".join(heading["label"].split()).rstrip(":").rstrip() or None, heading.end()
    parts.append(Section(label, _told(text[begun:])))
    return [part for part in parts if part.text]


def _told(text: str) -> str:
    paragraphs = (" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", without_tags(text)))
    return "\n\n".join(filter(None, paragraphs))
