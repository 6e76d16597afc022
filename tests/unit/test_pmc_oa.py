"""Objects of PMC's bucket: an article's XML, and the metadata that tell of its retraction."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.sources.base import Quarantined, RawObject, Record
from assets.sources.jats import pmc_oa
from assets.sources.jats.pmc_oa import SOURCE
from assets.sources.streams import open_stream

RAW = RawObject("pmc_oa", date(2026, 3, 14), "raw/x", "0" * 64, 1, "x", datetime(2026, 3, 15, tzinfo=UTC))

ARTICLE = (
    b"<article article-type='research-article'><front><article-meta><article-id pub-id-type='pmcid'>PMC12</article-id>"
    b"<article-id pub-id-type='pmcid-ver'>PMC12.2</article-id><title-group><article-title>T</article-title>"
    b"</title-group></article-meta></front><body><p>Text.</p></body></article>"
)
METADATA: dict[str, object] = {
    "pmcid": "PMC12", "version": 2, "pmid": 34, "doi": "10.1234/X", "title": "T", "citation": "J. 2020;1:2",
    "is_pmc_openaccess": True, "is_manuscript": False, "is_historical_ocr": False, "is_retracted": True,
    "license_code": "CC BY-NC", "xml_url": "s3://pmc-oa-opendata/PMC12.2/PMC12.2.xml?md5=" + "0" * 32,
}  # fmt: skip


def rows(content: bytes) -> list[Record | Quarantined]:
    """All rows of an object; conservation and the order of indexes are checked on the way, for every test."""
    found = list(SOURCE.parse(io.BytesIO(content), RAW))
    assert SOURCE.count(io.BytesIO(content)) == len(found)
    assert [row.record_index for row in found] == list(range(len(found)))
    return found


def reason(content: bytes) -> str:
    [row] = rows(content)
    assert isinstance(row, Quarantined), row
    return row.reason


def test_the_xml_of_an_article_is_listed_with_its_version_and_text() -> None:
    [row] = rows(ARTICLE)
    assert isinstance(row, Record)
    assert (row.source_id, row.version, row.status, row.passages[0].text) == ("PMC12", "2", "revised", "Text.")


def test_metadata_are_a_listing_of_their_own_in_the_same_work() -> None:
    [row] = rows(json.dumps(METADATA).encode())
    assert row == Record(
        record_index=0,
        title="T",
        source_id="metadata/PMC12.2.json",
        version="2",
        status="revised",
        doi="10.1234/x",
        pmid="34",
        pmcid="PMC12",
        licence="CC BY-NC",
        publication_types=["Retracted Publication"],
        url="https://pmc.ncbi.nlm.nih.gov/articles/PMC12/",
    )


def test_metadata_that_do_not_say_retracted_are_not_taken_for_it() -> None:
    for said in (False, None, "false", 1):
        [row] = rows(json.dumps({**METADATA, "is_retracted": said, "license_code": "TDM"}).encode())
        assert isinstance(row, Record)
        assert (row.publication_types, row.licence) == ([], "TDM")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"{", "invalid_json"),
        (b"[1]", "not_an_object"),
        (b"{}", "missing_pmcid"),
        (b'{"pmcid": true, "title": "T"}', "missing_pmcid"),
        (b'{"pmcid": "PMC12"}', "missing_title"),
        (b'\xef\xbb\xbf {"pmcid": "\xff"}', "invalid_json"),
        (b"", "empty_file"),
        (b"<Error/>", "no_records"),
        (b"PK", "not_xml"),
    ],
)
def test_what_is_neither_article_nor_metadata_is_one_quarantined_record(content: bytes, expected: str) -> None:
    assert reason(content) == expected


def test_metadata_too_large_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pmc_oa, "MAX_METADATA_BYTES", 100)
    assert reason(json.dumps(METADATA).encode()) == "record_too_large"


@pytest.mark.parametrize("content", [ARTICLE * 50, json.dumps(METADATA).encode() * 50])
def test_a_truncated_gzip_is_named(content: bytes) -> None:
    packed = gzip.compress(content, 1)[:-20]
    found = list(SOURCE.parse(open_stream(io.BytesIO(packed), len(packed)), RAW))
    assert isinstance(found[-1], Quarantined)
    assert found[-1].reason == "truncated_gzip"
    assert SOURCE.count(open_stream(io.BytesIO(packed), len(packed))) == len(found)


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.binary(max_size=60).map(lambda tail: b'{"pmcid":' + tail)))
def test_any_bytes_yield_rows_that_add_up(content: bytes) -> None:
    assert rows(content)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.sampled_from([*METADATA]), st.one_of(st.none(), st.text(), st.integers(), st.lists(st.text())))
)
def test_any_values_of_metadata_yield_one_row(said: dict[str, object]) -> None:
    assert len(rows(json.dumps({**METADATA, **said}).encode())) == 1


@pytest.mark.shared
def test_the_shape_that_others_have_seen_is_read_up_to_its_missing_title(shared: Path) -> None:
    content = (shared / "payloads/pmc_s3/article_json_shape.json").read_bytes()
    assert reason(content) == "missing_title"
    entry = {**json.loads(content), "title": "T"}
    [row] = rows(json.dumps(entry).encode())
    assert isinstance(row, Record)
    assert (row.source_id, row.licence, row.publication_types) == ("metadata/PMC11000012.1.json", "CC BY", [])
