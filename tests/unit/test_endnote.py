"""EndNote XML: fields, styles, damage, and a file in one line."""

from __future__ import annotations

from datetime import date

import pytest
from parsing import Reader

from assets.sources.base import Author, Quarantined, Record
from assets.sources.exports.endnote import SOURCE
from assets.sources.text_lines import MAX_RECORD_BYTES

reader = Reader(SOURCE)
rows, listed, refused = reader.rows, reader.listed, reader.refused


FULL = b"""<?xml version="1.0" encoding="UTF-8"?><xml><records><record>
<database name="x.enl" path="C:\\x.enl">x.enl</database><rec-number>498</rec-number>
<ref-type name="Journal Article">17</ref-type>
<contributors><authors><author><style face="normal">Lovelace, Ada</style></author>
<author><style>World Health Organization,</style></author></authors></contributors><auth-address>Here</auth-address>
<titles><title><style>Effects of </style><style face="italic">E. coli</style><style> &amp; more</style></title>
<secondary-title>J. Examples</secondary-title></titles>
<periodical><full-title>Journal of Examples</full-title><abbr-1>J. Ex.</abbr-1></periodical>
<pages>565-9</pages><volume>18</volume><number>6</number>
<keywords><keyword><style>Dogs/*genetics</style></keyword><keyword>a; b</keyword></keywords>
<dates><year><style>1990</style></year><pub-dates><date><style>Dec 9</style></date></pub-dates></dates>
<isbn>0303-6286 (Print)&#13;0303-6286</isbn><accession-num>2080499</accession-num>
<abstract><style>One.&#13;Two.</style></abstract><urls><related-urls><url>https://example.org/a</url></related-urls></urls>
<custom2>PMC77</custom2><electronic-resource-num>doi:10.1234/ABC</electronic-resource-num>
<remote-database-provider>NLM</remote-database-provider><language>ger</language>
</record></records></xml>"""


def test_an_article_is_read_with_all_its_fields() -> None:
    record = listed(FULL)
    assert record.title == "Effects of E. coli & more"
    assert record.authors == [Author("Ada Lovelace", None, "Here"), Author("World Health Organization")]
    assert (record.journal, record.language) == ("Journal of Examples", "de")
    assert record.abstract == "One.\n\nTwo."
    assert record.published_on == date(1990, 12, 9)
    assert (record.doi, record.pmid, record.pmcid, record.source_id) == ("10.1234/abc", "2080499", "PMC77", "2080499")
    assert record.keywords == ["Dogs/*genetics", "a", "b"]
    assert (record.publication_types, record.url) == (["Journal Article"], "https://example.org/a")
    said = record.bibliography
    assert said is not None
    assert (said["volume"], said["issue"], said["pages"]) == ("18", "6", "565-9")
    assert (said["issn"], said["journal_abbreviation"]) == ("0303-6286", "J. Ex.")


def record(inner: bytes) -> bytes:
    return b"<xml><records><record>" + inner + b"</record></records></xml>"


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (b"<dates><year>2001</year></dates>", {"published_on": date(2001, 1, 1)}),
        (b"<dates><year>2001</year><pub-dates><date>Dec</date></pub-dates></dates>",
         {"published_on": date(2001, 12, 1)}),
        (b"<dates><year>2001</year><pub-dates><date>2001/03/14</date></pub-dates></dates>",
         {"published_on": date(2001, 3, 14)}),
        (b"<dates><year>in press</year></dates>", {"published_on": None}),
        (b"<accession-num>WOS:0001</accession-num>", {"source_id": None, "pmid": None}),
        (b"<notes>arXiv:2503.11794v1</notes>", {"arxiv_id": "2503.11794", "version": "1"}),
    ],
)  # fmt: skip
def test_the_dialects_are_understood(inner: bytes, expected: dict[str, object]) -> None:
    read = listed(record(b"<titles><title>T</title></titles>" + inner))
    assert {name: getattr(read, name) for name in expected} == expected


def test_a_chapter_names_its_book_and_editors() -> None:
    inner = (
        b'<ref-type name="Book Section">5</ref-type><contributors><secondary-authors><author>Ed, I</author>'
        b"</secondary-authors></contributors><titles><title>C</title>"
        b"<secondary-title>The Book</secondary-title></titles>"
        b"<publisher>House</publisher><pub-location>Town</pub-location><isbn>978-1</isbn>"
    )
    read = listed(record(inner))
    assert read.journal == "The Book"
    assert read.bibliography is not None
    assert read.bibliography["book"] == {
        "title": "The Book", "accession": None, "publisher": "House", "place": "Town", "edition": None,
        "isbns": ["978-1"], "editors": ["I Ed"],
    }  # fmt: skip


TITLE = b"<titles><title>T</title></titles>"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty_file"),
        (b"TY  - JOUR", "not_xml"),
        (b"<html><body/></html>", "not_xml"),
        (b"<xml><other/></xml>", "no_records"),
        (b'<?xml version="1.0" encoding="klingon"?><xml/>', "unknown_encoding"),
        (b"<xml><records></xml>", "truncated_xml"),
        (record(b"<titles/>"), "missing_title"),
        (record(b"<titles><title>T</titles>"), "malformed_xml"),
        (record(b"<titles><title>&lol;</title></titles>"), "undefined_entity"),
        (record(TITLE + b"\xff"), "invalid_utf8"),
        (record(TITLE + b"<dates><year>3005</year></dates>"), "implausible_date"),
        (record(TITLE + b"<abstract>" + b"x" * MAX_RECORD_BYTES + b"</abstract>"), "record_too_large"),
        (record(b"<a>" * 1000 + b"</a>" * 1000), "malformed_xml"),
        (b"<xml><records><record>" + TITLE, "truncated_xml"),
    ],
)
def test_what_cannot_be_listed_is_quarantined_with_the_reason(content: bytes, reason: str) -> None:
    assert refused(content).reason == reason


def test_a_document_type_with_entities_reaches_no_parser() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/hostname">]>'
    assert refused(bomb + record(b"<titles><title>&b;</title></titles>")).reason == "undefined_entity"


def test_a_lost_end_tag_costs_one_record() -> None:
    good = b"<record>" + TITLE + b"</record>"
    found = rows(b"<xml><records>" + good + b"<record>" + TITLE + good + b"</records></xml>")
    assert [type(row) for row in found] == [Record, Quarantined, Record]


def test_a_file_in_one_line_is_read_across_its_blocks() -> None:
    many = b"".join(b"<record><titles><title>T%d</title></titles></record>" % number for number in range(20_000))
    found = rows(b"<xml><records>" + many + b"</records></xml>")
    assert [row.title for row in found if isinstance(row, Record)] == [f"T{number}" for number in range(20_000)]
