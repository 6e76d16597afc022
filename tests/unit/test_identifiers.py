"""Identifiers come out in one spelling, and what is none comes out as None."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.sources.identifiers import (
    ArxivId,
    normalise_arxiv,
    normalise_doi,
    normalise_orcid,
    normalise_pmcid,
    normalise_pmid,
)
from assets.sources.languages import language_code


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("10.1234/ABC.5", "10.1234/abc.5"),
        (" https://doi.org/10.1234/ABC ", "10.1234/abc"),
        ("http://dx.doi.org/10.1002%2Fabc", "10.1002/abc"),
        ("doi:10.1234/x", "10.1234/x"),
        ("DOI: 10.1234/x.", "10.1234/x"),
        ("10.1016/S0140-6736(05)67889-0", "10.1016/s0140-6736(05)67889-0"),
        ("10.123/too-short", None),
        ("10.1234/", None),
        ("10.1234/with blank", None),
        ("S0140-6736(05)67889-0", None),
        ("", None),
        (None, None),
    ],
)
def test_a_doi_is_lower_case_and_without_its_resolver(text: str | None, doi: str | None) -> None:
    assert normalise_doi(text) == doi


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2503.11794", ("2503.11794", None)),
        ("arXiv:2503.11794v2", ("2503.11794", "2")),
        ("https://arxiv.org/abs/2503.11794v11", ("2503.11794", "11")),
        ("http://export.arxiv.org/pdf/2503.11794v1.pdf", ("2503.11794", "1")),
        ("arXiv:2503.11794v1 [q-bio.QM]", ("2503.11794", "1")),
        ("oai:arXiv.org:0704.0001", ("0704.0001", None)),
        ("q-bio/0501001", ("q-bio/0501001", None)),
        ("math.GT/0309136v3", ("math/0309136", "3")),
        ("10.48550/arXiv.2503.11794", ("2503.11794", None)),
        ("https://doi.org/10.48550/ARXIV.2503.11794", ("2503.11794", None)),
        ("2513.11794", None),  # there is no 13th month
        ("0703.1234", None),  # the old style still held
        ("2503.1179", None),  # five digits since 2015
        ("1412.12345", None),  # and four before
        ("chapter/0501001", None),  # no archive of arXiv's
        ("12345678", None),
        (None, None),
    ],
)
def test_an_arxiv_id_is_told_from_its_version(text: str | None, expected: tuple[str, str | None] | None) -> None:
    assert normalise_arxiv(text) == (ArxivId(*expected) if expected else None)


@pytest.mark.parametrize(
    ("text", "pmid"),
    [
        ("12091962", "12091962"),
        (" 0012 ", "12"),
        ("PMID: 12", "12"),
        ("https://pubmed.ncbi.nlm.nih.gov/12/", "12"),
        ("https://www.ncbi.nlm.nih.gov/pubmed/12", "12"),
        ("0", None),
        ("1234567890", None),
        ("١٢", None),
        ("12a", None),
        (None, None),
    ],
)
def test_a_pmid_is_its_digits(text: str | None, pmid: str | None) -> None:
    assert normalise_pmid(text) == pmid


@pytest.mark.parametrize(
    ("text", "pmcid"),
    [
        ("PMC123", "PMC123"),
        ("pmc123.2", "PMC123"),
        ("123", "PMC123"),
        ("https://pmc.ncbi.nlm.nih.gov/articles/PMC123/", "PMC123"),
        ("NBK123", None),
        (None, None),
    ],
)
def test_a_pmcid_carries_its_letters_and_no_version(text: str | None, pmcid: str | None) -> None:
    assert normalise_pmcid(text) == pmcid


@pytest.mark.parametrize(
    ("text", "orcid"),
    [
        ("0000-0001-5028-369x", "0000-0001-5028-369X"),
        ("000000015028369X", "0000-0001-5028-369X"),
        ("http://orcid.org/0000-0001-5028-3697", "0000-0001-5028-3697"),
        ("0000-0001-5028-36", None),
        (None, None),
    ],
)
def test_an_orcid_has_its_hyphens(text: str | None, orcid: str | None) -> None:
    assert normalise_orcid(text) == orcid


@pytest.mark.parametrize(
    ("text", "code"),
    [("eng", "en"), ("ENG", "en"), ("ger", "de"), ("deu", "de"), ("scr", "hr"), ("English", "en"), ("pt-BR", "pt"),
     ("zh_Hans", "zh"), ("und", "und"), ("mul", "mul"), ("Klingon", None), ("", None), (None, None)],
)  # fmt: skip
def test_a_language_is_two_letters_where_it_has_them(text: str | None, code: str | None) -> None:
    assert language_code(text) == code


@given(st.text())
def test_no_text_makes_a_normaliser_raise_and_its_result_is_stable(text: str) -> None:
    for normalise in (normalise_doi, normalise_pmid, normalise_pmcid, normalise_orcid, language_code):
        once = normalise(text)
        assert once is None or normalise(once) == once
    found = normalise_arxiv(text)
    assert found is None or normalise_arxiv(found.id) == ArxivId(found.id, None)


@given(st.from_regex(r"10\.[0-9]{4,9}/[a-zA-Z0-9()<>;:._/%+-]{1,30}", fullmatch=True))
def test_every_spelling_of_a_doi_comes_out_the_same(doi: str) -> None:
    bare = normalise_doi(doi)
    assert normalise_doi(f"doi:{doi}") == bare
    assert normalise_doi(doi.upper()) == bare
    if "%" not in doi:
        assert normalise_doi(f"https://doi.org/{doi}") == bare
