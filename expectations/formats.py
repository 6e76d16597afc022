r"""The forms of identifiers, hashes, links and readable text, which more than one suite asks for.

Patterns end in ``\Z``, not ``$``: the latter lets a trailing line end through. ``[0-9]`` and not ``\d``, which
takes the digits of every script.
"""

from __future__ import annotations

import polars as pl

from expectations.suite import MATCH, Expectation

SHA256 = r"^[0-9a-f]{64}\Z"
LISTING_ID = r"^[0-9a-f]{32}\Z"
RAW_KEY = r"^raw/"
HTTP_URL = r"^https?://[^\s/?#]+"
LANGUAGE = r"^[a-z]{2,3}\Z"
DOI = r"^10\.[0-9]{4,9}/\S+\Z"
PMID = r"^[0-9]{1,9}\Z"
PMCID = r"^PMC[0-9]{1,10}\Z"
#: 2007 and later "2506.20331", before "hep-th/9901001" or "math.GT/0309136"; a version may follow.
ARXIV_ID = r"^(?:[0-9]{4}\.[0-9]{4,5}|[a-z-]+(?:\.[A-Z]{2})?/[0-9]{7})(?:v[0-9]+)?\Z"

#: Spaces of every kind and invisible characters: a title of these alone is blank to a reader.
INVISIBLE = r"[\s\p{Z}\p{C}]+"


def visible(column: str) -> pl.Expr:
    """What a reader sees of a column of text: null where that is nothing."""
    text = pl.col(column).str.replace_all(INVISIBLE, " ").str.strip_chars()
    return pl.when(text != "").then(text)


DOI_FORMAT = Expectation(
    check="doi_format",
    kind=MATCH,
    kwargs={"column": "doi", "regex": DOI},
    expected="A DOI, where there is one, is 10.REGISTRANT/SUFFIX without a resolver before it",
)
PMID_FORMAT = Expectation(
    check="pmid_format",
    kind=MATCH,
    kwargs={"column": "pmid", "regex": PMID},
    expected="A PMID, where there is one, is up to 9 digits",
)
PMCID_FORMAT = Expectation(
    check="pmcid_format",
    kind=MATCH,
    kwargs={"column": "pmcid", "regex": PMCID},
    expected="A PMCID, where there is one, is PMC and up to 10 digits",
)
ARXIV_ID_FORMAT = Expectation(
    check="arxiv_id_format",
    kind=MATCH,
    kwargs={"column": "arxiv_id", "regex": ARXIV_ID},
    expected="An arXiv id, where there is one, has the form 2506.20331 or hep-th/9901001",
)
