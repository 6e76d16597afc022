"""The licence of an article as its ``permissions`` state it, under one short name where it is a known one.

What does not belong here: what a licence allows.
"""

from __future__ import annotations

import re

from lxml import etree

from assets.sources.jats.text import href, text
from assets.sources.xml_text import unique

_CC_LINK = re.compile(
    r"creativecommons\.org/(?:licen[sc]es/(?P<code>by(?:-(?:nc|nd|sa))*)|publicdomain/(?P<public>zero|mark))"
    r"(?:/(?P<version>[0-9]\.[0-9]))?",
    re.IGNORECASE,
)
#: The codes of PMC's ``license_code``, "CC BY-NC", and the like.
_CC_CODE = re.compile(
    r"\bCC[ -]?(?:(?P<zero>0|Zero)|(?P<code>BY(?:[- ](?:NC|ND|SA))*))(?:[ -](?P<version>[0-9]\.[0-9]))?(?![\w.])",
    re.IGNORECASE,
)
_CC_NAME = re.compile(
    r"Creative Commons (?:Attribution|CC BY)(?P<terms>(?:[\s,/–-]*(?:Non[\s-]?Commercial|No[\s-]?Deriv\w*|"
    r"Share[\s-]?Alike))*)(?:\s+(?:International|Unported|Generic|Public|Licen[sc]e|\(CC[^)]*\)))*"
    r"(?:,?\s+(?:version\s+)?\(?(?P<version>[0-9]\.[0-9]))?",
    re.IGNORECASE,
)
_CC0_NAME = re.compile(r"Creative Commons (?:CC0|Zero|Public Domain)", re.IGNORECASE)

#: A licence text longer than this has no short form of its own.
_SHORT_CHARACTERS = 100


def licence_of(meta: etree._Element) -> str | None:
    """The licence in an ``article-meta``: "CC BY 4.0", "CC0", or what it calls itself; None if it names none.

    Read in this order: the link of the licence element, ``ali:license_ref``, links in its text, PMC's own code, a
    Creative Commons licence that its text or the copyright statement names; else PMC's code as it stands, the text if
    it is short, the licence's declared type.
    """
    # NLM's older DTDs have the licence and the statement stand in the article-meta itself.
    holders = [meta, *meta.iterchildren("permissions")]
    licences = [licence for holder in holders for licence in holder.iterchildren("license")]
    texts = unique(map(text, licences))
    statements = unique(text(said) for holder in holders for said in holder.iterchildren("copyright-statement"))
    for said in (*_links(holders, licences), _pmc_code(meta), *texts, *statements):
        if name := licence_name(said):
            return name
    short = [said for said in texts if len(said) <= _SHORT_CHARACTERS]
    types = unique((licence.get("license-type") or "").strip() for licence in licences)
    return next(iter(unique((_pmc_code(meta), *short, *types))), None)


def licence_name(said: str | None) -> str | None:
    """The short name of the Creative Commons licence that a link, a code or a text names; None for any other."""
    if not said:
        return None
    if link := _CC_LINK.search(said):
        if link["public"]:
            return "CC0" if link["public"].lower() == "zero" else "Public Domain Mark"
        return _named(link["code"], link["version"])
    if code := _CC_CODE.search(said):
        return "CC0" if code["zero"] else _named(code["code"], code["version"])
    if name := _CC_NAME.search(said):
        terms = re.sub(r"[^a-z]", "", name["terms"].lower())
        parts = [short for short, long in (("nc", "noncomm"), ("nd", "noderiv"), ("sa", "sharealike")) if long in terms]
        return _named("-".join(("by", *parts)), name["version"])
    return "CC0" if _CC0_NAME.search(said) else None


def _named(code: str, version: str | None) -> str:
    return " ".join(filter(None, ("CC", re.sub(r"[ -]+", "-", code.upper()), version)))


def _links(holders: list[etree._Element], licences: list[etree._Element]) -> list[str]:
    references = [reference for holder in holders[1:] for reference in holder.iter("license_ref")]
    inner = [href(link) or text(link) for licence in licences for link in licence.iter("ext-link", "uri")]
    return unique((*map(href, licences), *map(text, references), *inner))


def _pmc_code(meta: etree._Element) -> str | None:
    for custom in meta.iter("custom-meta"):
        if text(custom.find("meta-name")) == "pmc-license-ref":
            return text(custom.find("meta-value"))
    return None
