"""How authors and journals announce that a work is withdrawn, where a source has no field that says so.

What does not belong here: a source's own status (`assets.sources.<source>`), retractions, which are publication types.
"""

from __future__ import annotations

import re

_SAID = (
    r"\bth(?:is|e) (?:\w+ ){0,2}(?:paper|article|manuscript|submission|preprint|work|version)"
    r"(?: \w+){0,3}? (?:has been|have been|is|was|is being) (?:\w+ )?withdrawn\b"
)
#: arXiv's phrase in the comment or in place of the abstract, or a marked title.
_COMMENT = re.compile(rf"(?:^|[.;,] )\W*(?:(?:paper|article|submission) )?withdrawn\b|{_SAID}", re.IGNORECASE)
_ABSTRACT = re.compile(rf"^\W*{_SAID}", re.IGNORECASE)
_TITLE = re.compile(r"^\W*(?:WITHDRAWN\b|Withdrawn:)")


def says_withdrawn(title: str | None = None, abstract: str | None = None, comment: str | None = None) -> bool:
    """Whether a record's own words say that the work is withdrawn.

    An abstract says so only at its start: further on it may speak of another work.
    """
    texts = ((_COMMENT, comment), (_ABSTRACT, abstract), (_TITLE, title))
    return any(text and pattern.search(text) for pattern, text in texts)
