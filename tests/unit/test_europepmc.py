"""Results of Europe PMC: every field, HTML in titles and abstracts, preprints and their withdrawals, damage."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.sources.base import Author, Quarantined, RawObject, Record, Section
from assets.sources.europepmc import europepmc
from assets.sources.europepmc.europepmc import SOURCE
from assets.sources.europepmc.markup import sections, without_tags
from assets.sources.streams import open_stream

RAW = RawObject("europepmc", date(2026, 1, 8), "raw/x", "0" * 64, 1, "x", datetime(2026, 1, 9, tzinfo=UTC))


def rows(content: bytes) -> list[Record | Quarantined]:
    """All rows of a page; conservation and the order of indexes are checked on the way, for every test."""
    found = list(SOURCE.parse(open_stream(io.BytesIO(content), len(content)), RAW))
    assert SOURCE.count(open_stream(io.BytesIO(content), len(content))) == len(found)
    assert [row.record_index for row in found] == list(range(len(found)))
    return found


def page(*results: object) -> bytes:
    answer = {"version": "6.9", "hitCount": len(results), "request": {"queryString": "x"}}
    return json.dumps({**answer, "resultList": {"result": results}}).encode()


def listed(result: dict[str, Any]) -> Record:
    [row] = rows(page(result))
    assert isinstance(row, Record), row
    return row


def reason(content: bytes) -> str:
    [row] = rows(content)
    assert isinstance(row, Quarantined), row
    return row.reason


FULL: dict[str, Any] = {
    "id": "123", "source": "MED", "pmid": "123", "pmcid": "PMC77", "doi": "10.1234/ABC", "bookid": "NBK9",
    "title": "A <i>title</i> of H<sub>2</sub>O.", "authorString": "Lovelace A, X Group.",
    "authorList": {"author": [
        {"fullName": "Lovelace A", "firstName": "Ada", "lastName": "Lovelace", "initials": "A",
         "authorId": {"type": "ORCID", "value": "0000-0001-5028-369X"},
         "authorAffiliationDetailsList": {"authorAffiliation": [{"affiliation": "Here."}, {"affiliation": "There."}]}},
        {"collectiveName": "X Group"},
        {"fullName": "Plato"},
    ]},
    "investigatorList": {"investigator": [{"fullName": "King M", "lastName": "King", "firstName": "Martin"}]},
    "journalInfo": {"issue": "2", "volume": "1", "dateOfPublication": "2025 Dec", "printPublicationDate": "2025-12-01",
                    "journal": {"title": "Journal of Examples", "isoabbreviation": "J Ex", "nlmid": "101",
                                "issn": "0005-9366", "essn": "1474-547X"}},
    "pubYear": "2025", "pageInfo": "3-9", "language": "eng", "publicationStatus": "ppublish",
    "abstractText": "<h4>Aim</h4>To see whether <i>p</i> < 0.05.<h4>Results: </h4><p>It was.</p><p>Twice.</p>",
    "pubTypeList": {"pubType": ["retracted publication", "Journal Article"]},
    "grantsList": {"grant": [{"grantId": "R01", "agency": "NIH", "acronym": "CA", "orderIn": 0}, {"orderIn": 1}]},
    "meshHeadingList": {"meshHeading": [
        {"majorTopic_YN": "Y", "descriptorName": "Neoplasms", "meshQualifierList": {"meshQualifier": [
            {"abbreviation": "TH", "qualifierName": "therapy", "majorTopic_YN": "N"}]}},
        {"majorTopic_YN": "N", "descriptorName": "Humans"},
    ]},
    "keywordList": {"keyword": ["alpha", "beta", "alpha"]},
    "chemicalList": {"chemical": [{"name": "Water", "registryNumber": "059QF0KO0R"}]},
    "commentCorrectionList": {"commentCorrection": [
        {"id": "45", "source": "MED", "reference": "J. 2026.", "type": "Expression of concern in", "orderIn": 1},
        {"id": "PPR6", "source": "PPR", "type": "Preprint in", "note": "Link by title."},
    ]},
    "dbCrossReferenceList": {"dbName": ["EMBL"]}, "license": "cc by-nc", "manuscriptId": "EMS1",
    "dateOfCreation": "2025-11-01", "dateOfRevision": "2026-01-02", "firstIndexDate": "2026-01-08",
    "electronicPublicationDate": "2025-10-31", "firstPublicationDate": "2025-10-31", "isOpenAccess": "Y",
    "citedByCount": 3,
}  # fmt: skip


def test_a_result_is_read_with_all_its_fields() -> None:
    found = listed(FULL)
    assert (found.source_id, found.pmid, found.pmcid, found.doi) == ("MED/123", "123", "PMC77", "10.1234/abc")
    assert (found.title, found.status, found.version) == ("A title of H2O.", "new", None)
    assert found.abstract_sections == [
        Section("Aim", "To see whether p < 0.05."),
        Section("Results", "It was.\n\nTwice."),
    ]
    assert found.abstract == "Aim: To see whether p < 0.05.\n\nResults: It was.\n\nTwice."
    assert found.authors == [Author("Ada Lovelace", "0000-0001-5028-369X", "Here."), Author("X Group"), Author("Plato")]
    assert (found.journal, found.published_on, found.language) == ("Journal of Examples", date(2025, 10, 31), "en")
    assert found.publication_types == ["Retracted Publication", "Journal Article"]
    assert (found.mesh, found.keywords) == (["Neoplasms", "Humans"], ["alpha", "beta"])
    assert (found.licence, found.url) == ("CC BY-NC", "https://europepmc.org/article/MED/123")
    said = found.bibliography
    assert said is not None
    assert {name: value for name, value in said.items() if isinstance(value, str)} == {
        "title_markup": "A <i>title</i> of H<sub>2</sub>O.", "journal_abbreviation": "J Ex", "issn": "0005-9366",
        "issn_kind": "Print", "nlm_id": "101", "volume": "1", "issue": "2", "pages": "3-9",
        "publication_status": "ppublish",
    }  # fmt: skip
    assert said["author_details"][0]["affiliations"] == ["Here.", "There."]
    assert said["author_details"][1]["collective"] == "X Group"
    assert said["investigators"][0]["family"] == "King"
    assert said["mesh_headings"][0] == {
        "descriptor": "Neoplasms", "ui": None, "is_major": True,
        "qualifiers": [{"name": "therapy", "ui": None, "is_major": False}],
    }  # fmt: skip
    assert said["chemicals"] == [{"name": "Water", "ui": None, "registry_number": "059QF0KO0R"}]
    assert said["grants"] == [{"id": "R01", "acronym": "CA", "agency": "NIH", "country": None}]
    assert said["data_banks"] == [{"name": "EMBL", "accessions": []}]
    assert said["corrections"] == [
        {"kind": "ExpressionOfConcernIn", "citation": "J. 2026.", "pmid": "45", "note": None},
        {"kind": "PreprintIn", "citation": "PPR/PPR6", "pmid": None, "note": "Link by title."},
    ]
    assert {(row["kind"], row["value"]) for row in said["article_ids"]} == {
        ("europepmc", "MED/123"), ("pubmed", "123"), ("doi", "10.1234/ABC"), ("pmc", "PMC77"), ("mid", "EMS1"),
        ("bookaccession", "NBK9"),
    }  # fmt: skip
    assert {(row["kind"], row["on"]) for row in said["dates"]} == {
        ("published", date(2025, 10, 31)), ("electronic", date(2025, 10, 31)), ("created", date(2025, 11, 1)),
        ("revised", date(2026, 1, 2)), ("indexed", date(2026, 1, 8)), ("print", date(2025, 12, 1)),
        ("issue", date(2025, 12, 1)),
    }  # fmt: skip
    assert said["languages"] == ["eng"]
    assert said["book"] is not None and said["book"]["accession"] == "NBK9"


PREPRINT: dict[str, Any] = {
    "id": "PPR2", "source": "PPR", "doi": "10.1101/2025.01.01.1", "title": "A preprint", "pubYear": "2025",
    "pubTypeList": {"pubType": ["Preprint"]}, "bookOrReportDetails": {"publisher": "bioRxiv"},
    "firstPublicationDate": "2025-01-01", "versionNumber": 2,
    "versionList": {"version": [
        {"id": "PPR1", "source": "PPR", "firstPublishDate": "2025-01-01", "versionNumber": 1},
        {"id": "PPR2", "source": "PPR", "firstPublishDate": "2025-03-01", "versionNumber": 2},
    ]},
    "commentCorrectionList": {"commentCorrection": [{"id": "99", "source": "MED", "type": "Preprint of"}]},
}  # fmt: skip


def test_a_preprint_has_its_server_for_a_journal_and_tells_its_versions() -> None:
    found = listed(PREPRINT)
    assert (found.source_id, found.version, found.status, found.journal) == ("PPR/PPR2", "2", "revised", "bioRxiv")
    said = found.bibliography
    assert said is not None
    assert [row["on"] for row in said["dates"] if row["kind"] in ("v1", "v2")] == [date(2025, 1, 1), date(2025, 3, 1)]
    assert {"kind": "version", "value": "PPR/PPR1"} in said["article_ids"]
    assert said["corrections"] == [{"kind": "PreprintOf", "citation": "MED/99", "pmid": "99", "note": None}]
    assert "book" not in said


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"versionNumber": 1, "versionList": None}, "new"),
        ({"pubTypeList": {"pubType": ["Preprint", "Preprint-withdrawal"]}}, "withdrawn"),
        ({"pubTypeList": {"pubType": ["preprint-removal"]}}, "withdrawn"),
        ({"title": "WITHDRAWN: A preprint"}, "withdrawn"),
        ({"abstractText": "This manuscript has been withdrawn by the authors."}, "withdrawn"),
        (
            {"versionList": {"version": [
                {"id": "PPR3", "versionNumber": 3, "pubTypeList": {"pubType": ["preprint-withdrawal"]}},
                {"id": "PPR2", "versionNumber": 2, "pubTypeList": {"pubType": ["preprint"]}},
            ]}},
            "withdrawn",
        ),
    ],
)  # fmt: skip
def test_withdrawals_and_removals_are_seen(more: dict[str, Any], expected: str) -> None:
    assert listed({**PREPRINT, **more}).status == expected


def test_a_retraction_is_a_publication_type_also_where_only_a_notice_tells_it() -> None:
    notice = {"commentCorrectionList": {"commentCorrection": [{"id": "9", "source": "MED", "type": "Retraction in"}]}}
    found = listed({**FULL, **notice, "pubTypeList": {"pubType": ["Journal Article"]}})
    assert found.publication_types == ["Journal Article", "Retracted Publication"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"authorList": None}, {"authors": [Author("Lovelace A"), Author("X Group")]}),
        ({"authorList": {"author": {"lastName": "Solo"}}}, {"authors": [Author("Solo")]}),
        ({"authorList": {"author": [{"lastName": "B"}]}, "affiliation": "X"}, {"authors": [Author("B", None, "X")]}),
        ({"firstPublicationDate": None, "electronicPublicationDate": None}, {"published_on": date(2025, 12, 1)}),
        ({"firstPublicationDate": None, "electronicPublicationDate": None, "journalInfo": None},
         {"published_on": date(2025, 1, 1), "journal": None}),
        ({"source": "PMC", "id": "PMC5", "pmid": None, "pmcid": None}, {"source_id": "PMC/PMC5", "pmcid": "PMC5"}),
        ({"source": "AGR", "id": "IND1", "pmid": None}, {"source_id": "AGR/IND1", "pmid": None}),
        ({"source": "MED", "id": "5", "pmid": None}, {"pmid": "5"}),
        ({"doi": "10.48550/arXiv.2501.00001"}, {"arxiv_id": "2501.00001"}),
        ({"license": "other"}, {"licence": "other"}),
        ({"abstractText": "Plain."}, {"abstract": "Plain.", "abstract_sections": []}),
        ({"abstractText": "A.<h4>Aim</h4>B."}, {"abstract_sections": [Section(None, "A."), Section("Aim", "B.")]}),
    ],
)  # fmt: skip
def test_other_shapes_are_understood(more: dict[str, Any], expected: dict[str, object]) -> None:
    record = listed({**FULL, **more})
    assert {name: getattr(record, name) for name in expected} == expected


def test_a_chapter_names_its_book() -> None:
    book = {"comprisingTitle": "The Book", "publisher": "House", "isbn13": "978-1", "edition": "2nd"}
    found = listed({"id": "NBK5", "source": "NBK", "title": "C", "bookOrReportDetails": book})
    assert found.journal == "The Book"
    assert found.bibliography is not None
    assert found.bibliography["book"] == {
        "title": "The Book", "accession": None, "publisher": "House", "place": None, "edition": "2nd",
        "isbns": ["978-1"], "editors": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b and c > d", "a < b and c > d"),
        ("p<0.05 <b>and</b> n<i>10</i>", "p<0.05 and n10"),
        ("<jats:p>One.</jats:p><jats:p>Two.</jats:p>", "One.\n\n\n\nTwo."),
        ("x<sup>2</sup> <mml:math xmlns:mml='m'><mml:mi>y</mml:mi></mml:math>", "x2 y"),
        ("<unknown>kept</unknown>", "<unknown>kept</unknown>"),
        ("<p>never closed <i", "never closed <i"),
    ],
)
def test_only_markup_that_is_known_is_taken_for_it(text: str, expected: str) -> None:
    assert without_tags(text) == expected


def test_headings_without_text_make_no_section() -> None:
    assert sections("<h4>Empty</h4><h4>Full</h4>told") == [Section("Full", "told")]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (page({"id": "1", "title": "T"}), "missing_id"),
        (page({"id": "1", "source": "MED"}), "missing_title"),
        (page({"id": "1", "source": "MED", "title": "<i> </i>"}), "missing_title"),
        (page({**FULL, "firstPublicationDate": "1525-01-01"}), "implausible_date"),
        (page("text"), "not_an_object"),
        (page(FULL).replace(b'"123"', b"nonsense", 1), "invalid_json"),
        (page({**FULL, "title": "\ud800"}), "invalid_unicode"),
        (page(FULL).replace(b"Lovelace", b"\xff", 1), "invalid_utf8"),
        (b'{"version": "6.9", "errCode": 404, "errMsg": "x"}', "no_records"),
        (page(FULL)[:-1], "truncated_json"),
        (b"<html><body>busy</body></html>", "html_page"),
        (b"PK", "invalid_json"),
        (b" \n", "empty_file"),
    ],
)
def test_what_cannot_be_listed_is_quarantined_with_the_reason(content: bytes, expected: str) -> None:
    found = rows(content)
    assert [row.reason for row in found if isinstance(row, Quarantined)] == [expected]


def test_a_damaged_result_leaves_its_neighbours_listed() -> None:
    content = page(FULL, {**FULL, "id": "124"}, {**FULL, "id": "125"}).replace(b'"124"', b"nonsense")
    assert [type(row) for row in rows(content)] == [Record, Quarantined, Record]


def test_a_page_without_results_lists_nothing() -> None:
    assert rows(page()) == []


def test_a_result_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(europepmc, "MAX_RESULT_BYTES", 1000)
    assert reason(page(FULL)) == "record_too_large"


def test_a_truncated_gzip_keeps_what_came_before() -> None:
    packed = gzip.compress(page(*[FULL] * 200), 1)[:-20]
    *before, last = rows(packed)
    assert isinstance(last, Quarantined)
    assert last.reason == "truncated_gzip"
    assert len(before) >= 190


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(FULL)), inner, max_size=3),
    max_leaves=5,
)


def within(value: object) -> Iterator[str]:
    """Every key in the full result, whatever its place."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from within(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from within(inner)


KEYS = sorted({*within(FULL), *within(PREPRINT)} - {"id", "source"})


def replaced(value: Any, key: str, other: object) -> Any:
    if isinstance(value, dict):
        return {name: other if name == key else replaced(inner, key, other) for name, inner in value.items()}
    return [replaced(inner, key, other) for inner in value] if isinstance(value, list) else value


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([FULL, PREPRINT]), st.sampled_from(KEYS), VALUES)
def test_any_value_of_any_field_yields_one_row(result: dict[str, Any], key: str, other: object) -> None:
    assert len(rows(page(replaced(result, key, other)))) == 1


# -- real answers ------------------------------------------------------------------------------------------------------


def captures(shared: Path) -> list[Path]:
    return [
        shared / "payloads/europepmc/search_cancer_core.json",
        next((shared / "api_samples").glob("europepmc__*.json")),
    ]


@pytest.mark.shared
def test_captured_results_are_read_as_the_capture_says(shared: Path) -> None:
    results = 0
    for path in captures(shared):
        content = path.read_bytes()
        said = json.loads(content)["resultList"]["result"]
        for row, result in zip(rows(content), said, strict=True):
            results += 1
            assert isinstance(row, Record)
            assert row.source_id == f"{result['source']}/{result['id']}"
            assert (row.pmid, row.pmcid) == (result.get("pmid"), result.get("pmcid"))
            assert row.doi == (result["doi"].lower() if "doi" in result else None)
            assert row.published_on == date.fromisoformat(result["firstPublicationDate"])
            assert row.journal == result["journalInfo"]["journal"]["title"]
            assert len(row.authors) == len(result.get("authorList", {}).get("author", []))
            assert len(row.mesh) == len(result.get("meshHeadingList", {}).get("meshHeading", []))
            assert sorted(row.publication_types) == sorted(result["pubTypeList"]["pubType"])
            orcids = [author.orcid for author in row.authors if author.orcid]
            assert sorted(orcids) == sorted(who["value"] for who in result.get("authorIdList", {}).get("authorId", []))
            assert (row.abstract or "").count("<h4>") == 0
            headings = result.get("abstractText", "").count("<h4>")
            assert len([part for part in row.abstract_sections if part.label]) == headings
            assert row.bibliography is not None
            qualifiers = sum(len(heading["qualifiers"]) for heading in row.bibliography.get("mesh_headings", []))
            assert qualifiers == json.dumps(result).count('"qualifierName"')
            assert len(row.bibliography.get("corrections", [])) == json.dumps(result).count('"reference"')
            assert len(row.bibliography.get("chemicals", [])) == json.dumps(result).count('"registryNumber"')
    assert results == 26


@pytest.mark.shared
def test_the_captured_retraction_is_one(shared: Path) -> None:
    [row] = rows(captures(shared)[1].read_bytes())
    assert isinstance(row, Record)
    assert "Retracted Publication" in row.publication_types
    assert row.bibliography is not None
    kinds = {correction["kind"] for correction in row.bibliography["corrections"]}
    assert {"RetractionIn", "CommentIn"} <= kinds
