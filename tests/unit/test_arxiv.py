"""Pages of arXiv: OAI-PMH in its two own formats, Atom, what arXiv says of withdrawals and deletions, damage."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parsing import Reader

from assets.sources.arxiv import pages
from assets.sources.arxiv.arxiv import SOURCE
from assets.sources.arxiv.authors import read_authors
from assets.sources.base import Author, Quarantined, RawObject, Record

RAW = RawObject("arxiv", date(2026, 4, 14), "raw/x", "0" * 64, 1, "x", datetime(2026, 4, 15, tzinfo=UTC))

ATOM = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" '
    'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom">'
    "<id>https://arxiv.org/api/x</id><updated>2026-04-12T22:09:27Z</updated>"
    "<opensearch:totalResults>{total}</opensearch:totalResults>{entries}</feed>"
)


reader = Reader(SOURCE)
rows, listed = reader.rows, reader.listed


def reason(content: bytes) -> str:
    return reader.refused(content).reason


def oai(*records: str, token: str = "<resumptionToken/>") -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
        "<responseDate>2026-04-14T00:00:00Z</responseDate><request verb='ListRecords'>x</request>"
        f"<ListRecords>{''.join(records)}{token}</ListRecords></OAI-PMH>"
    ).encode()


def record(
    fields: str = "", versions: str = "", title: str = "<title>A title</title>", name: str = "2501.00001"
) -> str:
    versions = versions or '<version version="v1"><date>Wed, 01 Jan 2025 10:00:00 GMT</date></version>'
    return (
        f"<record><header><identifier>oai:arXiv.org:{name}</identifier><datestamp>2026-04-14</datestamp></header>"
        f'<metadata><arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{name}</id><submitter>S</submitter>'
        f"{versions}{title}{fields}</arXivRaw></metadata></record>"
    )


def version(number: int, kind: str = "", day: str = "Wed, 01 Jan 2025 10:00:00 GMT") -> str:
    made = f"<source_type>{kind}</source_type>" if kind else ""
    return f'<version version="v{number}"><date>{day}</date><size>1kb</size>{made}</version>'


# -- OAI-PMH -----------------------------------------------------------------------------------------------------------


def test_a_record_is_read_with_all_its_fields() -> None:
    fields = (
        "<authors>Ada Lovelace (1), Martin King, Jr. (1 and 2), for the X Collaboration ((1) Here, (2) There)</authors>"
        "<categories>cs.LG q-bio.QM</categories><comments>7 pages</comments><report-no>R-1</report-no>"
        "<msc-class>62P10; 68T05</msc-class><journal-ref>J. Ex. 1, 2 (2025)</journal-ref>"
        "<doi>10.1234/ABC 10.1234/def</doi><license>http://creativecommons.org/licenses/by/4.0/</license>"
        "<abstract>  One line\nand its end.\n  A second paragraph.\n</abstract>"
    )
    second = version(2, "D", "Thu, 02 Jan 2025 01:00:00 +0200")
    found = listed(oai(record(fields, second + version(1, day="Wed, 01 Jan 2025 23:30:00 GMT"))))
    assert (found.source_id, found.arxiv_id, found.version, found.status) == (
        "2501.00001", "2501.00001", "2", "revised",
    )  # fmt: skip
    assert found.authors == [
        Author("Ada Lovelace", None, "Here"), Author("Martin King Jr.", None, "Here"), Author("X Collaboration"),
    ]  # fmt: skip
    assert found.abstract == "One line and its end.\n\nA second paragraph."
    assert (found.categories, found.keywords) == (["cs.LG", "q-bio.QM"], ["62P10", "68T05"])
    assert (found.comment, found.journal, found.doi) == ("7 pages", "J. Ex. 1, 2 (2025)", "10.1234/abc")
    assert (found.licence, found.published_on) == ("CC BY 4.0", date(2025, 1, 1))
    assert found.publication_types == ["Preprint"]
    assert found.url == "https://arxiv.org/abs/2501.00001"
    said = found.bibliography
    assert said is not None
    assert [(row["kind"], row["on"]) for row in said["dates"]] == [
        ("v1", date(2025, 1, 1)), ("v2", date(2025, 1, 1)), ("datestamp", date(2026, 4, 14)),
    ]  # fmt: skip
    assert {"kind": "doi", "value": "10.1234/def"} in said["article_ids"]
    assert {"kind": "report-no", "value": "R-1"} in said["article_ids"]
    king = said["author_details"][1]
    assert (king["family"], king["suffix"], king["affiliations"]) == ("King", "Jr.", ["Here", "There"])
    assert said["author_details"][2]["collective"] == "X Collaboration"


def test_a_record_in_the_format_arxiv_is_read_too() -> None:
    described = (
        '<arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>q-bio/0501001</id><created>2005-01-02</created>'
        "<updated>2006-02-03</updated><authors><author><keyname>Rold\\'an</keyname><forenames>\\'Edgar</forenames>"
        "<suffix>Jr</suffix><affiliation>Here</affiliation></author><author><keyname>A Team</keyname></author>"
        "</authors><title>T</title><categories>q-bio.QM</categories></arXiv>"
    )
    header = "<header><identifier>oai:arXiv.org:q-bio/0501001</identifier></header>"
    found = listed(oai(f"<record>{header}<metadata>{described}</metadata></record>"))
    assert (found.source_id, found.version, found.published_on) == ("q-bio/0501001", None, date(2005, 1, 2))
    assert found.authors == [Author("Édgar Roldán Jr", None, "Here"), Author("A Team")]


@pytest.mark.parametrize(
    ("fields", "versions", "expected"),
    [
        ("", version(1), "new"),
        ("", version(1) + version(3), "revised"),
        ("", version(1) + version(2, "I"), "withdrawn"),  # arXiv has no paper of it
        ("", version(1, "I") + version(2, "D"), "revised"),  # it was withdrawn and came back
        ("", version(1, "TeX"), "new"),
        ("<comments>This paper has been withdrawn by the authors</comments>", version(1), "withdrawn"),
        ("<abstract> This submission has been withdrawn due to an error.</abstract>", version(1), "withdrawn"),
        ("<comments>the funds were withdrawn</comments>", version(1), "new"),
    ],
)
def test_status_is_told_by_versions_and_by_withdrawals(fields: str, versions: str, expected: str) -> None:
    assert listed(oai(record(fields, versions))).status == expected


def test_a_deleted_record_is_listed_as_deleted() -> None:
    content = oai(
        '<record><header status="deleted"><identifier>oai:arXiv.org:2501.00002</identifier></header></record>'
    )
    found = listed(content)
    assert (found.source_id, found.status, found.title) == ("2501.00002", "deleted", None)


def test_the_first_version_alone_dates_the_publication() -> None:
    assert listed(oai(record(versions=version(2)))).published_on is None
    assert listed(oai(record(versions=version(1, day="2025-03-04")))).published_on == date(2025, 3, 4)
    assert listed(oai(record(versions=version(1, day="Mon, 99 Foo 2025")))).published_on is None


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("http://arxiv.org/licenses/nonexclusive-distrib/1.0/",) * 2,
        ("http://creativecommons.org/publicdomain/zero/1.0/", "CC0"),
        ("http://creativecommons.org/licenses/by-nc-sa/4.0/", "CC BY-NC-SA 4.0"),
    ],
)
def test_licences_have_short_names_where_they_are_creative_commons(licence: str, expected: str) -> None:
    assert listed(oai(record(f"<license>{licence}</license>"))).licence == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (oai(record(title="")), "missing_title"),
        (oai(record(name="nonsense").replace("oai:arXiv.org:nonsense", "x")), "missing_arxiv_id"),
        (oai("<record><header><identifier>oai:arXiv.org:2501.00001</identifier></header></record>"), "no_metadata"),
        (oai(record().replace("arXivRaw", "oai_dc")), "unknown_format"),
        (oai(record(versions=version(1, day="Wed, 01 Jan 1525 10:00:00 GMT"))), "implausible_date"),
        (oai(record("<comments>&lol;</comments>")), "undefined_entity"),
        (oai(record("<comments>a < b</comments>")), "malformed_xml"),
        (oai(record()).replace(b"A title", b"\xff"), "invalid_utf8"),
        (b"<OAI-PMH><error code='badArgument'>No.</error></OAI-PMH>", "error_answer"),
        (b"<OAI-PMH><ListRecords></ListRecords></OAI-PMH>", "no_records"),
        (b"<OAI-PMH><ListRecords>", "truncated_xml"),
        (oai(record())[:400], "truncated_xml"),
        (b"<?xml version='1.0' encoding='klingon'?><feed/>", "unknown_encoding"),
        (b"<html><body>busy</body></html>", "not_xml"),
        (b" \n", "empty_file"),
    ],
)
def test_what_cannot_be_listed_is_quarantined_with_the_reason(content: bytes, expected: str) -> None:
    assert reason(content) == expected


def test_entities_of_the_prolog_never_reach_a_record() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY lol "' + b"l" * 10_000 + b'"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    assert reason(bomb + oai(record("<comments>&f;</comments>"))) == "undefined_entity"


def test_damage_costs_one_record() -> None:
    broken = record("<comments>a < b</comments>", name="2501.00002")
    lost_end = record(name="2501.00003").removesuffix("</record>")
    found = rows(oai(record(), broken, lost_end, record(name="2501.00004")))
    assert [row.source_id if isinstance(row, Record) else row.reason for row in found] == [
        "2501.00001", "malformed_xml", "malformed_xml", "2501.00004",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        b'<OAI-PMH><error code="noRecordsMatch">None.</error></OAI-PMH>',
        ATOM.format(total=0, entries="").encode(),
    ],
)
def test_a_page_that_says_that_it_lists_nothing_has_no_rows(content: bytes) -> None:
    assert rows(content) == []


def test_a_feed_without_entries_that_announces_some_is_no_empty_list() -> None:
    assert reason(ATOM.format(total=5, entries="").encode()) == "no_records"


# -- Atom --------------------------------------------------------------------------------------------------------------

ENTRY = (
    "<entry><id>http://arxiv.org/abs/2501.00001v3</id><title>A\n  title</title><updated>2025-03-04T10:00:00Z</updated>"
    "<summary>  An abstract\nof lines. </summary><category term='cs.LG'/><category term='I.2.6; J.3'/>"
    "<category term='q-bio.QM'/><published>2025-01-01T23:59:00Z</published><arxiv:comment>7 pages</arxiv:comment>"
    "<arxiv:primary_category term='q-bio.QM'/><arxiv:journal_ref>J.</arxiv:journal_ref>"
    "<author><name>Ada Lovelace</name><arxiv:affiliation>Here</arxiv:affiliation></author>"
    "<author><name>Peter H. N. de With</name></author><arxiv:doi>10.1234/x</arxiv:doi></entry>"
)


def test_an_entry_is_read_with_all_its_fields() -> None:
    found = listed(ATOM.format(total=1, entries=ENTRY).encode())
    assert (found.source_id, found.version, found.status) == ("2501.00001", "3", "revised")
    assert (found.title, found.abstract) == ("A title", "An abstract of lines.")
    assert (found.categories, found.keywords) == (["q-bio.QM", "cs.LG"], ["I.2.6", "J.3"])
    assert found.authors == [Author("Ada Lovelace", None, "Here"), Author("Peter H. N. de With")]
    assert (found.published_on, found.doi, found.journal, found.comment) == (
        date(2025, 1, 1), "10.1234/x", "J.", "7 pages",
    )  # fmt: skip
    assert found.bibliography is not None
    assert [row["kind"] for row in found.bibliography["dates"]] == ["v1", "v3"]
    assert found.bibliography["author_details"][1]["family"] == "de With"


def test_an_entry_that_tells_an_error_is_no_paper() -> None:
    entry = (
        "<entry><id>https://arxiv.org/api/errors#x</id><title>Error</title><summary>malformed query</summary></entry>"
    )
    [row] = rows(ATOM.format(total=1, entries=entry).encode())
    assert isinstance(row, Quarantined)
    assert (row.reason, "malformed query" in row.detail) == ("error_answer", True)


def test_prefixes_of_namespaces_make_no_difference() -> None:
    content = ATOM.format(total=1, entries=ENTRY).replace("<feed xmlns=", "<feed xmlns:a=")
    for name in ("feed", "entry", "id", "title", "summary", "published", "author", "name"):
        content = content.replace(f"<{name}>", f"<a:{name}>").replace(f"</{name}>", f"</a:{name}>")
    assert listed(content.replace("<feed ", "<a:feed ").encode()).title == "A title"


# -- authors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        ("A. B and C D", [("A. B", None), ("C D", None)]),
        ("A. B, C D, and E. F.", [("A. B", None), ("C D", None), ("E. F.", None)]),
        ("A. B & C D; E F", [("A. B", None), ("C D", None), ("E F", None)]),
        ("A. B (Here), C D (Here, there and everywhere)", [("A. B", "Here"), ("C D", "Here, there and everywhere")]),
        ("A. B (1), C D (2) ((1) Here, (2) There (far))", [("A. B", "Here"), ("C D", "There (far)")]),
        ("A. B (1,2), C D ((1) Here and (2) There)", [("A. B", "Here"), ("C D", None)]),
        ("A. B (1), C D (2)", [("A. B", None), ("C D", None)]),
        ("The X Collaboration: A. B", [("X Collaboration", None), ("A. B", None)]),
        ("A B, on behalf of the Y Consortium", [("A B", None), ("Y Consortium", None)]),
        ("Martin King, Jr., A. B et al.", [("Martin King Jr.", None), ("A. B", None)]),
        ("A B, et al.", [("A B", None)]),
        ("\\'Edgar Rold\\'an, J\\\"org M\\\"uller", [("Édgar Roldán", None), ("Jörg Müller", None)]),
        ("D.~Knuth", [("D. Knuth", None)]),
        ("A. B (never closed", [("A. B", "never closed")]),
        ("), (, A B", []),
        ("Andy Sandoval", [("Andy Sandoval", None)]),
        ("J. Anderson and", [("J. Anderson", None)]),
    ],
)  # fmt: skip
def test_lines_of_authors_are_taken_apart(line: str, expected: list[tuple[str, str | None]]) -> None:
    found = [someone.author() for someone in read_authors(line)]
    assert [(author.name, author.affiliation) for author in found] == expected


@pytest.mark.parametrize(
    ("name", "given_names", "family"),
    [
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven"),
        ("Maria de la Cruz", "Maria", "de la Cruz"),
        ("Plato", None, "Plato"),
        ("J. R. R. Tolkien", "J. R. R.", "Tolkien"),
        ("Li Wei III", "Li", "Wei"),
    ],
)
def test_family_names_keep_their_particles(name: str, given_names: str | None, family: str) -> None:
    [someone] = read_authors(name)
    assert (someone.given, someone.family) == (given_names, family)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="A b.,;()&and1\\'\"{}~", max_size=120))
def test_any_line_of_authors_yields_people_with_names(line: str) -> None:
    assert all(someone.name for someone in read_authors(line))


# -- bounds ------------------------------------------------------------------------------------------------------------


def test_a_page_too_large_is_one_quarantined_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_PAGE_BYTES", 600)
    assert reason(oai(*[record()] * 3)) == "file_too_large"


@pytest.mark.parametrize("content", [oai(*[record()] * 200), ATOM.format(total=200, entries=ENTRY * 200).encode()])
def test_a_truncated_gzip_keeps_what_came_before(content: bytes) -> None:
    packed = gzip.compress(content, 1)[:-20]
    *before, last = rows(packed)
    assert isinstance(last, Quarantined)
    assert last.reason == "truncated_gzip"
    assert len(before) >= 190


VALID = [oai(record(), record(name="2501.00002")), ATOM.format(total=1, entries=ENTRY).encode()]
PIECES = [b"<record>", b"</record>", b"<record/>", b"<entry ", b"</entry>", b"<ListRecords>", b"</feed>", b"<", b">",
          b"<a:record x='", b"<!--", b"]]>", b"\xff", b"\0", b"&x;", b"<totalResults>0<", b"code='noRecordsMatch'",
          b"<error "]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(VALID),
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 80), st.sampled_from(PIECES) | st.binary(max_size=4)), max_size=5
    ),
)  # fmt: skip
def test_any_damage_yields_rows_that_add_up(content: bytes, changes: list[tuple[float, int, bytes]]) -> None:
    for place, length, piece in changes:
        at = int(place * len(content))
        content = content[:at] + piece + content[at + length :]
    rows(content)


# -- real answers ------------------------------------------------------------------------------------------------------


@pytest.mark.shared
def test_a_captured_record_of_arxivraw_is_read(shared: Path) -> None:
    found = listed((shared / "payloads/arxiv_oai/fatcat_arxivraw_1810.09584.xml").read_bytes())
    assert (found.source_id, found.version, found.status) == ("1810.09584", "2", "revised")
    assert (found.published_on, found.doi) == (date(2018, 10, 22), "10.1209/0295-5075/124/60006")
    assert [author.name.rpartition(" ")[2] for author in found.authors] == ["Chetrite", "Gupta", "Neri", "Roldán"]
    assert found.categories == ["cond-mat.stat-mech", "physics.bio-ph", "physics.data-an"]
    assert found.bibliography is not None
    assert [row["on"] for row in found.bibliography["dates"]][:2] == [date(2018, 10, 22), date(2019, 1, 13)]


def captured(path: Path) -> bytes:
    content = path.read_bytes()
    body: str = json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)["body"]
    return body.encode()


@pytest.mark.shared
def test_every_captured_feed_is_read_to_the_last_entry(shared: Path) -> None:
    papers = 0
    for path in sorted((shared / "api_samples/arxiv_atom").glob("*.json*")):
        content = captured(path)
        found = rows(content)
        assert len(found) == content.count(b"<entry>"), path.name
        for row, entry in zip(found, content.split(b"<entry>")[1:], strict=True):
            if b"/api/errors" in entry:
                assert isinstance(row, Quarantined)
                continue
            assert isinstance(row, Record)
            papers += 1
            assert f"/abs/{row.source_id}v{row.version}</id>".encode() in entry
            assert f"<published>{row.published_on}".encode() in entry
            assert len(row.authors) == entry.count(b"<author>")
            assert all(f'term="{category}"'.encode() in entry for category in row.categories)
            assert (row.status == "new") == (row.version == "1") or row.status == "withdrawn"
            assert (row.doi is not None) == (b"<arxiv:doi>" in entry)
            assert (row.comment is not None) == (b"<arxiv:comment>" in entry)
            assert (row.journal is not None) == (b"<arxiv:journal_ref>" in entry)
    assert papers > 200
