"""Authors of an article with their ORCID iDs and affiliations.

What does not belong here: editors and reviewers, the members of a group (the group is the author), references.
"""

from __future__ import annotations

import re

from lxml import etree

from assets.sources.base import Author
from assets.sources.bibliography import AuthorDetail
from assets.sources.identifiers import normalise_orcid
from assets.sources.jats.text import href, text
from assets.sources.xml_text import unique

_NOT_IN_NAMES = frozenset({"xref", "contrib-group", "contrib-id", "role", "degrees", "email", "address"})
_NOT_IN_AFFILIATIONS = frozenset({"label", "institution-id", "xref", "email", "fax", "phone", "sup"})
_PARTS_OF_AFFILIATIONS = frozenset(
    {"institution", "institution-wrap", "addr-line", "city", "state", "postal-code", "country", "named-content"}
)


def read_authors(meta: etree._Element) -> tuple[list[Author], list[AuthorDetail]]:
    """Authors of an ``article-meta`` in order, short and in full."""
    places = {place.get("id"): _affiliation(place) for place in meta.iter("aff") if place.get("id")}
    authors: list[Author] = []
    details: list[AuthorDetail] = []
    groups = [*meta.iterchildren("contrib-group")]
    kinds = {contrib.get("contrib-type") for group in groups for contrib in group.iterchildren("contrib")}
    # Where authors are called that, contributors without a type are the members of a group or of the staff.
    kind = "author" if "author" in kinds else None
    for group in groups:
        shared = _shared(meta, group)
        for contrib in group.iterchildren("contrib"):
            if contrib.get("contrib-type") != kind:
                continue
            detail = _detail(contrib, places, shared)
            if detail is not None and (name := _full_name(detail)):
                places_of = detail["affiliations"]
                authors.append(Author(name, detail["orcid"], places_of[0] if places_of else None))
                details.append(detail)
    return authors, details


def _detail(
    contrib: etree._Element, places: dict[str | None, str | None], shared: list[str | None]
) -> AuthorDetail | None:
    name = next(iter(contrib.iterchildren("name", "string-name")), None)
    if name is None:
        name = contrib.find("name-alternatives/*")
    parts = {} if name is None else {kind: text(name.find(kind)) for kind in ("surname", "given-names", "suffix")}
    group = text(next(contrib.iter("collab"), None), _NOT_IN_NAMES)
    if name is not None and not any(parts.values()):
        group = group or text(name)  # a string-name without parts
    if contrib.find("anonymous") is not None:
        group = group or "Anonymous"
    if not group and not any(parts.values()):
        return None
    linked = [places.get(target) for xref in contrib.iterchildren("xref") for target in (xref.get("rid") or "").split()]
    own = [_affiliation(place) for place in contrib.iterchildren("aff")]
    given = None if name is None else name.find("given-names")
    return AuthorDetail(
        family=parts.get("surname"),
        given=parts.get("given-names"),
        initials=None if given is None else given.get("initials") or None,
        suffix=parts.get("suffix"),
        collective=None if parts.get("surname") else group,
        orcid=_orcid(contrib),
        affiliations=unique((*linked, *own)) or unique(shared),
    )


def _full_name(detail: AuthorDetail) -> str | None:
    names = (detail["given"], detail["family"], detail["suffix"])
    return " ".join(filter(None, names)) or detail["collective"]


def _orcid(contrib: etree._Element) -> str | None:
    for identifier in contrib.iterchildren("contrib-id"):
        if identifier.get("contrib-id-type", "").lower() == "orcid" and (orcid := normalise_orcid(text(identifier))):
            return orcid
    for link in contrib.iterchildren("uri", "ext-link"):  # before JATS had an element for it
        for said in (href(link), text(link)):
            if said and "orcid.org/" in said and (orcid := normalise_orcid(said)):
                return orcid
    return None


def _shared(meta: etree._Element, group: etree._Element) -> list[str | None]:
    """The one affiliation that stands beside the authors and that no link needs to name."""
    places = [place for parent in (group, meta) for place in parent.iterchildren("aff")]
    return [_affiliation(places[0])] if len(places) == 1 and not places[0].get("id") else []


def _affiliation(place: etree._Element) -> str | None:
    """The text of an ``aff``; a comma where the end of one part and the begin of the next would run together."""
    return re.sub(r"[ \t\r\n]+", " ", _place(place)).strip(" ,;") or None


def _place(place: etree._Element) -> str:
    told, after_part = place.text or "", False
    for child in place:
        if child.tag not in _NOT_IN_AFFILIATIONS:
            # An institution with its identifiers comes in a wrapper.
            part = _place(child) if child.tag == "institution-wrap" else _with_last_blank(child)
            is_part = child.tag in _PARTS_OF_AFFILIATIONS
            told = _joined(told, part, apart=is_part and after_part)
            after_part = is_part or (after_part and not part.strip())
        tail = child.tail or ""
        told = _joined(told, tail, apart=False)
        after_part = after_part and not tail.strip()
    return told


def _with_last_blank(element: etree._Element) -> str:
    last = "".join(map(str, element.itertext()))[-1:]
    return (text(element, _NOT_IN_AFFILIATIONS) or "") + (" " if last.isspace() else "")


def _joined(told: str, part: str, *, apart: bool) -> str:
    before, after = told.rstrip(), part.lstrip()
    if not before or not after or before[-1] in ",;:(/–-" or after[0] in ",;:.)/–-":
        return told + part
    runs_together = told == before and part == after and before[-1].isalnum() and after[0].isalnum()
    return f"{before}, {after}" if apart or runs_together else told + part
