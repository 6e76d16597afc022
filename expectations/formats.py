"""The forms of identifiers, hashes and links: expectations that more than one suite holds.

Patterns end in ``\\Z``, not ``$``: the latter lets a trailing line end through. ``[0-9]`` and not ``\\d``, which
takes the digits of every script.
"""

from __future__ import annotations

from expectations.suite import Expectation

MATCH = "expect_column_values_to_match_regex"

SHA256 = r"^[0-9a-f]{64}\Z"
LISTING_ID = r"^[0-9a-f]{32}\Z"
RAW_KEY = r"^raw/"
HTTP_URL = r"^https?://[^\s/?#]+"
LANGUAGE = r"^[a-z]{2,3}\Z"
DOI = r"^10\.[0-9]{4,9}/\S+\Z"
PMID = r"^[0-9]{1,9}\Z"
PMCID = r"^PMC[0-9]{1,9}\Z"
#: 2007 and later "2506.20331", before "hep-th/9901001" or "math.GT/0309136"; a version may follow.
ARXIV_ID = r"^(?:[0-9]{4}\.[0-9]{4,5}|[a-z-]+(?:\.[A-Z]{2})?/[0-9]{7})(?:v[0-9]+)?\Z"

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
    expected="A PMCID, where there is one, is PMC and up to 9 digits",
)
ARXIV_ID_FORMAT = Expectation(
    check="arxiv_id_format",
    kind=MATCH,
    kwargs={"column": "arxiv_id", "regex": ARXIV_ID},
    expected="An arXiv id, where there is one, has the form 2506.20331 or hep-th/9901001",
)
