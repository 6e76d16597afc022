"""Pages of bioRxiv and medRxiv: what a row becomes, what an abstract's marks mean, what damage costs."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.sources.base import Author, Quarantined, RawObject, Record, Section, Source
from assets.sources.biorxiv import BIORXIV, MEDRXIV
from assets.sources.biorxiv_markup import plain, sections
from assets.sources.streams import open_stream

RAW = RawObject("biorxiv", date(2026, 1, 8), "raw/x", "0" * 64, 1, "x", datetime(2026, 1, 9, tzinfo=UTC))


def row(number: int = 1, **more: Any) -> dict[str, Any]:
    """One row in the shape of the interface; texts are ours."""
    return {
        "title": f"Gait of mouse {number}",
        "authors": "Lovelace, A. K.; Turing, A.; Consortium of Mice, ",
        "author_corresponding": "Ada  King Lovelace",
        "author_corresponding_institution": "Institute of Gait",
        "doi": f"10.1101/2026.01.07.{number:06}",
        "date": "2026-01-08",
        "version": "1",
        "type": "new results",
        "license": "cc_by_nc_nd",
        "category": "neuroscience",
        "jatsxml": "https://www.biorxiv.org/content/early/2026/01/08/x.source.xml",
        "abstract": "We watched a mouse walk.",
        "funder": "NA",
        "published": "NA",
        "server": "bioRxiv",
        **more,
    }


def page_of(*rows: Any, **more: Any) -> bytes:
    message = {"status": "ok", "category": "all", "cursor": 0, "count": len(rows), "total": str(len(rows)), **more}
    return json.dumps({"messages": [message], "collection": list(rows)}).encode()


def read(content: bytes, source: Source = BIORXIV) -> list[Record | Quarantined]:
    found = list(source.parse(open_stream(io.BytesIO(content), len(content)), RAW))
    assert source.count(open_stream(io.BytesIO(content), len(content))) == len(found)
    assert [one.record_index for one in found] == list(range(len(found)))
    return found


def one(**more: Any) -> Record:
    (found,) = read(page_of(row(**more)))
    assert isinstance(found, Record), found
    return found


def reasons(found: list[Record | Quarantined]) -> list[str]:
    return [one.reason if isinstance(one, Quarantined) else "" for one in found]


# -- a row -------------------------------------------------------------------------------------------------------------


def test_a_row_becomes_a_record_of_its_version() -> None:
    record = one()
    assert (record.source_id, record.doi, record.version) == ("10.1101/2026.01.07.000001",) * 2 + ("1",)
    assert (record.title, record.abstract, record.status) == ("Gait of mouse 1", "We watched a mouse walk.", "new")
    assert (record.journal, record.published_on, record.licence) == ("bioRxiv", date(2026, 1, 8), "CC BY-NC-ND")
    assert (record.categories, record.publication_types) == (["neuroscience"], ["new results"])
    assert record.url == "https://www.biorxiv.org/content/10.1101/2026.01.07.000001v1"
    assert record.authors == [
        Author("A. K. Lovelace", None, "Institute of Gait"), Author("A. Turing"), Author("Consortium of Mice"),
    ]  # fmt: skip
    assert record.bibliography is not None
    assert record.bibliography["article_ids"] == [
        {"kind": "doi", "value": "10.1101/2026.01.07.000001"},
        {"kind": "jatsxml", "value": "https://www.biorxiv.org/content/early/2026/01/08/x.source.xml"},
    ]
    assert record.bibliography["dates"] == [{"kind": "posted", "value": "2026-01-08", "on": date(2026, 1, 8)}]
    assert record.bibliography["author_details"][0]["family"] == "Lovelace"


def test_a_later_version_is_a_revision_and_a_listing_of_its_own() -> None:
    assert (one(version="2").status, one(version=2).version, one(version="v3").version) == ("revised", "2", "3")


@pytest.mark.parametrize(
    "more",
    [
        {"type": "withdrawn"},
        {"type": "WITHDRAWN", "version": "2"},
        {"title": "WITHDRAWN: Gait of mouse 1"},
        {"abstract": "The authors have withdrawn their manuscript whilst they perform additional experiments."},
        {"abstract": "Withdrawal statement. bioRxiv has withdrawn this manuscript."},
        {"abstract": "This manuscript has been withdrawn by the authors."},
    ],
)
def test_a_withdrawal_is_seen_however_it_is_said(more: dict[str, Any]) -> None:
    record = one(**more)
    assert record.status == "withdrawn"
    assert "withdrawn" not in [kind.lower() for kind in record.publication_types]


def test_a_withdrawal_that_is_only_talked_of_is_none() -> None:
    assert one(abstract="We studied drugs that were withdrawn. The authors have withdrawn nothing.").status == "new"


def test_the_journal_version_is_an_update_as_pubmed_names_it() -> None:
    bibliography = one(published="https://doi.org/10.1371/Journal.x").bibliography
    assert bibliography is not None
    assert bibliography["corrections"] == [
        {"kind": "UpdateIn", "citation": "doi:10.1371/journal.x", "pmid": None, "note": None}
    ]
    for nothing in ("NA", "", None, "soon", "10.1101/2026.01.07.000001"):
        assert "corrections" not in (one(published=nothing).bibliography or {})


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("cc_by", "CC BY"),
        ("cc_by_nc", "CC BY-NC"),
        ("cc_by_nd", "CC BY-ND"),
        ("cc0", "CC0"),
        ("cc0_ng", "CC0"),
        ("cc_no", "All rights reserved"),
        ("own", "own"),
        ("", None),
        (None, None),
    ],
)
def test_licences_have_the_names_that_other_sources_give_them(code: str | None, name: str | None) -> None:
    assert one(license=code).licence == name


def test_funders_become_grants_an_award_each() -> None:
    given = [
        {"name": "Fund of Mice", "id": "https://ror.org/x", "id-type": "ROR", "award": ["M1", "M2"]},
        {"name": "Fund of Rats", "award": "NA"},
        {"name": "NA"},
        "A society",
    ]
    bibliography = one(funder=given).bibliography
    assert bibliography is not None
    assert [(grant["agency"], grant["id"]) for grant in bibliography["grants"]] == [
        ("Fund of Mice", "M1"), ("Fund of Mice", "M2"), ("Fund of Rats", None), ("A society", None),
    ]  # fmt: skip
    assert "grants" not in (one(funder="NA").bibliography or {})


def test_medrxivs_stage_of_production_is_no_type_and_its_address_its_own() -> None:
    record = one(type="PUBLISHAHEADOFPRINT", server="medRxiv", doi="10.64898/2026.01.07.26300001")
    assert record.publication_types == []
    assert record.url == "https://www.medrxiv.org/content/10.64898/2026.01.07.26300001v1"


@pytest.mark.parametrize(
    ("authors", "corresponding", "with_it"),
    [
        ("Lovelace, A.; Lovelace, B.", "Byron Lovelace", ["B. Lovelace"]),
        ("Lovelace, A.; Lovelace, A.", "Ada Lovelace", []),
        ("Li, X.; Li, Y.", "Li Xiao", ["X. Li"]),
        ("de la Cruz, M.; Cruz, M.", "Maria de la Cruz", []),
        ("Turing, A.", "Someone Else", []),
        ("Turing, A.", "NA", []),
    ],
)
def test_the_institution_goes_to_the_corresponding_author_where_that_is_certain(
    authors: str, corresponding: str, with_it: list[str]
) -> None:
    record = one(authors=authors, author_corresponding=corresponding)
    assert [author.name for author in record.authors if author.affiliation] == with_it


@pytest.mark.parametrize("value", [None, 5, 1.5, "x", [], {}, [[]], {"a": {}}, True, float("nan"), "NA"])
@pytest.mark.parametrize("name", sorted(row()))
def test_values_of_any_type_leave_a_record_or_a_reason(name: str, value: object) -> None:
    assert len(read(page_of(row(1, **{name: value}), row(2)))) == 2


# -- a page ------------------------------------------------------------------------------------------------------------


def test_a_damaged_row_costs_no_other() -> None:
    rows = [b'"no object"', b'{"title": "no doi"}', b'{"doi": "10.1101/1"}', b'{"doi": "\\udc00"}', b'{"a": "\xff"}',
            b"{'a': 1}", json.dumps(row(date="1066-10-14")).encode(), json.dumps(row()).encode()]  # fmt: skip
    found = read(b'{"messages": [{"status": "ok"}], "collection": [' + b", ".join(rows) + b"]}")
    assert reasons(found) == [
        "not_an_object", "missing_doi", "missing_title", "invalid_unicode", "invalid_utf8", "invalid_json",
        "implausible_date", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "page",
    [
        b'{"messages": [{"status": "no posts found"}], "collection": []}',
        b'{"messages": [{"status": "no posts found"}]}',
        b'{"collection": [], "messages": [{"total": 0, "status" : "No posts found for 2026"}]}',
        page_of(),
    ],
)
def test_a_page_that_says_that_there_is_nothing_lists_nothing(page: bytes) -> None:
    assert read(page) == []


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (b"", "empty_file"),
        (b"<html>", "html_page"),
        (b"[]", "no_records"),
        (b'{"messages": [{"status": "ok"}]}', "no_records"),
        (b'{"messages": [{"status": "Server not recognized"}], "collection": []}', "error_answer"),
        (b'{"collection": []}', "error_answer"),
        (b'{"messages": [{"status": "no posts found"}], "coll', "truncated_json"),
        (b'{"a":' * 100_000, "truncated_json"),
        (b"busy", "invalid_json"),
    ],
)
def test_a_page_that_is_no_list_is_one_quarantined_row(page: bytes, reason: str) -> None:
    assert reasons(read(page)) == [reason]


def test_a_gzip_that_breaks_off_keeps_its_complete_rows() -> None:
    packed = gzip.compress(page_of(*(row(n, abstract=str(n * 7919) * 40) for n in range(200))))
    found = read(packed[: len(packed) // 2])
    assert len(found) > 20
    assert set(reasons(found)[:-1]) == {""}
    assert reasons(found)[-1] == "truncated_gzip"


def test_both_servers_are_read_alike() -> None:
    assert read(page_of(row(server="medRxiv")), MEDRXIV) == read(page_of(row(server="medRxiv")), BIORXIV)


@pytest.mark.shared
def test_a_captured_answer_is_read_with_its_withdrawal(shared: Path) -> None:
    (capture,) = (shared / "api_samples").glob("preprint__*.json")
    found = [one for one in read(capture.read_bytes()) if isinstance(one, Record)]
    assert [(one.version, one.status, one.published_on) for one in found] == [
        ("1", "new", date(2020, 1, 31)), ("2", "withdrawn", date(2020, 2, 2)),
    ]  # fmt: skip
    assert [author.affiliation for author in found[0].authors][-1] == "Indian Institute of Technology Delhi"
    (shape,) = read((shared / "payloads/biorxiv/details_shape.json").read_bytes(), MEDRXIV)
    assert isinstance(shape, Record)
    assert shape.bibliography is not None
    assert shape.bibliography["corrections"][0]["citation"] == "doi:10.1371/journal.pone.0256482"


@pytest.mark.shared
def test_real_titles_and_abstracts_pass_through(shared: Path) -> None:
    dump = (shared / "payloads/biorxiv/paperscraper_test_dump.jsonl").read_text(encoding="utf-8").splitlines()
    told = [json.loads(line) for line in dump]
    assert len(told) == 3
    found = read(page_of(*(row(n, title=one["title"], abstract=one["abstract"]) for n, one in enumerate(told))))
    # One of them has a mark: "[~]3000 seeds".
    abstracts = [one["abstract"].strip().replace("[~]", "~") for one in told]
    assert [one.abstract for one in found if isinstance(one, Record)] == abstracts
    assert [one.title for one in found if isinstance(one, Record)] == [" ".join(one["title"].split()) for one in told]


# -- marks in an abstract ----------------------------------------------------------------------------------------------


def test_marked_and_glued_headings_make_a_structured_abstract() -> None:
    record = one(
        abstract="Structured abstractO_ST_ABSBackgroundC_ST_ABSMice walk.\n\nMethodsWe watched.\n\n"
        "ResultssDII rose.\n\nConclusionsDNA tells. Results were clear.\n\nMore of it."
    )
    assert record.abstract_sections == [
        Section("Background", "Mice walk."),
        Section("Methods", "We watched."),
        Section("Results", "sDII rose."),
        Section("Conclusions", "DNA tells. Results were clear.\n\nMore of it."),
    ]
    assert record.abstract == (
        "Background: Mice walk.\n\nMethods: We watched.\n\nResults: sDII rose.\n\n"
        "Conclusions: DNA tells. Results were clear.\n\nMore of it."
    )


@pytest.mark.parametrize(
    "text",
    [
        "DesignMaster is a tool.\n\nIt works.",
        "ResultsDB holds 5 results.",
        "Methods are compared.\n\nResults were good.",
        "AIM2 is a sensor.\n\nAim2 mice lack it.",
        "A sample HCC_LIVER of O_LIVER and O_FIG.",
        "Forces F_{beta} and \\mathrm{beta} in {0, 1} [A].",
    ],
)
def test_text_that_only_looks_like_marks_is_left_alone(text: str) -> None:
    assert sections(text) == [Section(None, text)]


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("AO_SCPLOWBSTRACTC_SCPLOWMice walk.", "Mice walk."),
        ("the O_SCPLOWlacZC_SCPLOW gene", "the lacZ gene"),
        (
            'Mice walk. O_FIG O_LINKSMALLFIG WIDTH=2 SRC="x.gif" ALT="Figure 1">\nView (5K):\n'
            "org.highwire.x_HPS_FORMAT_FIGEXP  M_FIG Legend C_FIG",
            "Mice walk.",
        ),
        ("Mice walk.\n\nHighlightsO_LIOne\nC_LIO_LITwo\nC_LI", "Mice walk.\n\nHighlights: One\n\nTwo"),
        ("{beta}-catenin {Delta}{tau} TGF{alpha} {+/-}3 p [&le;] 5 [-&gt;] q", "β-catenin Δτ TGFα ±3 p ≤ 5 → q"),
        ("O_TEXTBOXKey messagesC_TEXTBOX", "Key messages"),
        ("", None),
        ("O_FIG x C_FIG", None),
    ],
)  # fmt: skip
def test_marks_are_read_for_what_they_mean(text: str, read_as: str | None) -> None:
    assert one(abstract=text).abstract == read_as


def test_a_title_is_one_line_without_marks() -> None:
    assert plain("The O_SCPLOWlacZC_SCPLOW\ngene of {beta} O_ST_ABSxC_ST_ABS") == "The lacZ gene of β x"


MARKS = ["O_ST_ABS", "C_ST_ABS", "O_LI", "C_LI", "O_FIG", "C_FIG", "M_FIG", "O_SCPLOW", "C_SCPLOW", "Background",
         "METHODS", "Aim", "{beta}", "[&ge;]", "\n", "\n\n", " ", "A b", "5", "\x01", "\x02", "Abstract",
         ":"]  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(MARKS) | st.text(max_size=3), max_size=15).map("".join))
def test_any_text_has_parts_with_text_and_no_signs_of_ours(text: str) -> None:
    parts = sections(text)
    assert all(part.text for part in parts)
    assert not set("\x01\x02") & set("".join(f"{part.label}{part.text}" for part in parts) + plain(text))


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(exclude_characters="\x01\x02\r", exclude_categories=["Cs", "Lu"]), max_size=60))
def test_no_word_is_lost_where_there_are_no_marks(text: str) -> None:
    told = " ".join(part.text for part in sections(text))
    if "{" not in text and "[" not in text:
        assert told.split() == text.split()


def test_hostile_marks_are_read_in_one_pass() -> None:
    for hostile in ("O_LI", "O_FIGC_FIG", "C_LI", "{beta}", "\\a", "A", "\n", "O_ST_ABS\n", "Aims and "):
        sections(hostile * 100_000)


# -- any bytes ---------------------------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 1200), st.integers(0, 40), st.binary(max_size=4) | st.sampled_from([b'"', b"}", b"]"])
        ),
        max_size=4,
    ),
    st.booleans(),
)
def test_a_damaged_page_is_counted_as_it_is_parsed(changes: list[tuple[int, int, bytes]], packed: bool) -> None:
    page = page_of(row(1), row(2))
    for start, length, piece in changes:
        page = page[:start] + piece + page[start + length :]
    if packed:
        page = gzip.compress(page)
        page = page[: 12 + len(changes) * len(page) // 5]
    read(page)


KEYS = st.sampled_from(["messages", "collection", "status", *row()])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5) | st.just("no posts found"),
    lambda child: st.lists(child, max_size=3) | st.dictionaries(KEYS, child, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_any_json_is_counted_as_it_is_parsed(value: object) -> None:
    read(json.dumps(value).encode())
    read(json.dumps({"messages": value, "collection": [value]}).encode())
