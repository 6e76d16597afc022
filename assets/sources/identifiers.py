"""Identifiers in one spelling each, so that two sources that mean the same paper say the same.

Every function returns None for what is not such an identifier; none raises. What does not belong here: which
identifier wins where a record carries several, and what a work is (`assets.listings`).
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote


class ArxivId(NamedTuple):
    """An arXiv identifier without its version (``2503.11794``, ``q-bio/0501001``), and the version if one was named."""

    id: str
    version: str | None


_DOI_LINK = re.compile(r"(?:https?://)?(?:dx\.|www\.)?doi\.org/|info:doi/", re.IGNORECASE)
_DOI_PREFIX = re.compile(r"(?:doi\s*:\s*)+", re.IGNORECASE)
_DOI = re.compile(r"10\.[0-9]{4,9}/\S+")

_PMID = re.compile(r"(?:https?://(?:www\.)?(?:pubmed\.ncbi\.nlm\.nih\.gov|ncbi\.nlm\.nih\.gov/pubmed)/|pmid\s*:?\s*)?"
                   r"0*([1-9][0-9]{0,8})/?", re.IGNORECASE)  # fmt: skip
_PMCID = re.compile(r"(?:https?://\S+/articles/|pmcid\s*:?\s*)?"
                    r"(?:pmc)?0*([1-9][0-9]{0,9})(?:\.[0-9]+)?/?", re.IGNORECASE)  # fmt: skip
_ORCID = re.compile(r"(?:(?:https?://)?(?:www\.)?orcid\.org/|orcid\s*:?\s*)?"
                    r"([0-9]{4})-?([0-9]{4})-?([0-9]{4})-?([0-9]{3}[0-9X])/?", re.IGNORECASE)  # fmt: skip

#: arXiv's archives of the years 1991 to 2007, when an identifier still began with one. The set is closed.
_OLD_ARCHIVES = (
    "acc-phys|adap-org|alg-geom|ao-sci|astro-ph|atom-ph|bayes-an|chao-dyn|chem-ph|cmp-lg|comp-gas|cond-mat|cs|dg-ga|"
    "funct-an|gr-qc|hep-ex|hep-lat|hep-ph|hep-th|math|math-ph|mtrl-th|nlin|nucl-ex|nucl-th|patt-sol|physics|plasm-ph|"
    "q-alg|q-bio|quant-ph|solv-int|supr-con"
)
_ARXIV = re.compile(
    r"(?:(?:https?://)?(?:[a-z]+\.)?arxiv\.org/(?:abs|pdf|html|format|src)/"
    r"|(?:(?:https?://)?(?:dx\.|www\.)?doi\.org/|doi\s*:\s*)?10\.48550/arxiv\."
    r"|(?:oai:arxiv\.org:|arxiv\s*:\s*))?"
    r"(?:(?P<new>[0-9]{2}(?:0[1-9]|1[0-2])\.[0-9]{4,5})"
    rf"|(?P<archive>{_OLD_ARCHIVES})(?:\.[a-z]{{2}})?/(?P<old>[0-9]{{2}}(?:0[1-9]|1[0-2])[0-9]{{3}}))"
    r"(?:v(?P<version>[1-9][0-9]{0,3}))?(?:\.pdf)?/?(?:\s*\[[a-z.-]+\])?",
    re.IGNORECASE,
)


def normalise_doi(text: str | None) -> str | None:
    """A DOI in lower case without its resolver or ``doi:``; None for anything else."""
    if not text:
        return None
    bare = text.strip()
    if link := _DOI_LINK.match(bare):
        bare = unquote(bare[link.end() :])
    bare = _DOI_PREFIX.sub("", bare, count=1) if _DOI_PREFIX.match(bare) else bare
    bare = bare.strip().rstrip(".,;").lower()
    return bare if _DOI.fullmatch(bare) else None


def normalise_pmid(text: str | None) -> str | None:
    """A PubMed identifier as digits without leading zeros, from digits, ``PMID: 1`` or its PubMed address."""
    found = _PMID.fullmatch((text or "").strip())
    return found[1] if found else None


def normalise_pmcid(text: str | None) -> str | None:
    """A PubMed Central identifier as ``PMC123`` without its version, also from bare digits or its address."""
    found = _PMCID.fullmatch((text or "").strip())
    return f"PMC{found[1]}" if found else None


def normalise_orcid(text: str | None) -> str | None:
    """An ORCID iD as ``0000-0000-0000-000X``, from any of its spellings. The check digit is not verified."""
    found = _ORCID.fullmatch((text or "").strip())
    return "-".join(found.groups()).upper() if found else None


def normalise_arxiv(text: str | None) -> ArxivId | None:
    """An arXiv identifier from its bare form, ``arXiv:…``, its arxiv.org address or its DOI.

    The subject class of old identifiers (``math.GT/0309136``) is dropped, as arXiv itself does.
    """
    found = _ARXIV.fullmatch((text or "").strip())
    if found is None:
        return None
    new, version = found["new"], found["version"]
    if new is None:
        return ArxivId(f"{found['archive'].lower()}/{found['old']}", version)
    # arXiv numbered from April 2007 with four digits and from January 2015 with five: anything else is another number.
    year_month, digits = new.split(".")
    return ArxivId(new, version) if year_month >= "0704" and len(digits) == 4 + (year_month >= "1501") else None
