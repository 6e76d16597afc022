"""The data that the Hugging Face papers page carries for its own script, found in the page's HTML.

The site is rendered on the server: ``<div data-target="DailyPapers" data-props="{&quot;dailyPapers&quot;:[…">`` holds
the list as JSON in an attribute. The page is gone through once, tag by tag, in the order of its bytes: no tree is
built, scripts and comments are passed over as browsers do. What does not belong here: the items of the list
(`assets.sources.hf_papers.items`).
"""

from __future__ import annotations

import html
import re
from typing import Final

from assets.sources.json_rows import Page

#: Key of the list within the data.
LIST: Final = b"dailyPapers"

_MARK = b"DailyPapers"
_TAG = re.compile(r"<(?:!--|([a-zA-Z][^\s/>]{0,100}))")
_ATTRIBUTE = re.compile(r"[\s/]*+([^\s\"'<>/=]{1,200})\s*+(=\s*+)?")
_VALUE = re.compile(r"[^\s>]*+")
#: Elements whose content is text to the first closing tag of their own, whatever it looks like.
_RAW_TEXT = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in ("script", "style", "textarea")}


def daily_papers(page: Page) -> Page | None:
    """The JSON of the first element that carries the list of papers; None where the page has none.

    Bytes that are no UTF-8 stay what they are, so that only the item that holds them is damaged.
    """
    if _MARK not in page.content:
        return None
    text = page.content.decode("utf-8", errors="surrogateescape")
    at = 0
    while tag := _TAG.search(text, at):
        name = (tag[1] or "").lower()
        if not name:
            at = text.find("-->", tag.end())
        else:
            attributes, at = _attributes(text, tag.end())
            if attributes.get("data-target") == "DailyPapers" and "data-props" in attributes:
                props = html.unescape(attributes["data-props"])
                return Page(props.encode("utf-8", errors="surrogateescape"), page.damage)
            if at >= 0 and (raw_text := _RAW_TEXT.get(name)) is not None:
                closing = raw_text.search(text, at)
                at = closing.end() if closing else -1
        if at < 0:  # what was opened never ends: nothing after it is a tag
            return None
    return None


def _attributes(text: str, at: int) -> tuple[dict[str, str], int]:
    """The two attributes that are looked for, as written, and where the tag ends; -1 where it never does.

    A value that never ends is what there is of it: the page broke off within.
    """
    found: dict[str, str] = {}
    while at < len(text):
        attribute = _ATTRIBUTE.match(text, at)
        if attribute is None:
            if text[at] == ">":
                return found, at + 1
            at += 1
            continue
        at, value = attribute.end(), ""
        if attribute[2] is not None:
            quote = text[at : at + 1]
            if quote in ('"', "'") and quote:
                end = text.find(quote, at + 1)
                value, at = (text[at + 1 : end], end + 1) if end >= 0 else (text[at + 1 :], len(text))
            else:
                bare = _VALUE.match(text, at)
                value, at = (bare[0], bare.end()) if bare else ("", at)
        if attribute[1].lower() in ("data-target", "data-props"):
            found.setdefault(attribute[1].lower(), value)
    return found, -1
