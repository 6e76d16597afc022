"""RIS: dialects of reference managers, damage, and the same as rispy on a whole file."""

from __future__ import annotations

from datetime import date

import pytest
import rispy
from parsing import Reader

from assets.sources.base import Author, Quarantined, Record
from assets.sources.exports.ris import SOURCE

reader = Reader(SOURCE)
rows, listed, refused = reader.rows, reader.listed, reader.refused


FULL = b"""Provider: a header that is no record

TY  - JOUR
TI  - A title
AU  - Lovelace, Ada
AU  - King, Martin, Jr
A2  - Ed, I
AB  - One paragraph
that an editor wrapped in - vitro
N2  - Another abstract
JO  - J. Examples
JF  - Journal of Examples
T2  - A special issue
PY  - 2005///Spring
DA  - 2005/03/14/
VL  - 1
IS  - 2
SP  - 3
EP  - 9
SN  - 0005-9366 (Print)
0005-9366
DO  - https://doi.org/10.1234/ABC
AN  - 1225308
DB  - PubMed
C2  - PMC77
KW  - alpha; *beta
gamma
LA  - English
UR  - https://example.org/a;b
L1  - file:///x.pdf
M3  - Review
ID  - 498
XX  - unknown
ER  -
"""


def test_a_journal_article_is_read_with_all_its_fields() -> None:
    record = listed(FULL)
    assert (record.title, record.journal) == ("A title", "Journal of Examples")
    assert record.authors == [Author("Ada Lovelace"), Author("Martin King Jr")]
    assert record.abstract == "One paragraph that an editor wrapped in - vitro"
    assert record.published_on == date(2005, 3, 14)
    assert (record.doi, record.pmid, record.pmcid) == ("10.1234/abc", "1225308", "PMC77")
    assert record.source_id == "1225308"
    assert record.keywords == ["alpha", "beta", "gamma"]
    assert record.publication_types == ["Journal", "Review"]
    assert (record.language, record.url) == ("en", "https://example.org/a;b")
    said = record.bibliography
    assert said is not None
    assert (said["volume"], said["issue"], said["pages"], said["issn"]) == ("1", "2", "3-9", "0005-9366")
    assert {"kind": "citation_key", "value": "498"} in said["article_ids"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (b"T1  - T\nA1  - B, C\nY1  - 1999/12//\nN2  - Abs", {"published_on": date(1999, 12, 1), "abstract": "Abs"}),
        (b"CT  - T\nPY  - 2001", {"published_on": date(2001, 1, 1)}),
        (b"TI  - T\nDA  - 2005/03/14\nPY  - 2006", {"published_on": date(2006, 1, 1)}),
        (b"TI  - T\nN1  - Export. PMID: 123", {"pmid": "123", "source_id": "123"}),
        (b"TI  - T\nUR  - https://pubmed.ncbi.nlm.nih.gov/123/", {"pmid": "123"}),
        (b"TI  - T\nUR  - https://arxiv.org/abs/2503.11794v2", {"arxiv_id": "2503.11794", "version": "2"}),
        (b"TI  - T\nM3  - doi: 10.1234/x", {"doi": "10.1234/x", "publication_types": ["Journal"]}),
        (b"TI  - T\nAN  - 5", {"pmid": None, "source_id": None}),
        (b"TI  - T\nAN  - 5\nDB  - Embase", {"pmid": None, "source_id": "Embase:5"}),
        (b"TI  - WITHDRAWN: T", {"status": "withdrawn"}),
        (b"ti  - T\nau  - World Health Organization,", {"authors": [Author("World Health Organization")]}),
        (b"TI - T\nAU - B, C", {"title": "T", "authors": [Author("C B")]}),
        (b"TI  - T\nAB  - It rose\nBP - 120 mmHg", {"abstract": "It rose BP - 120 mmHg"}),
    ],
)
def test_the_dialects_are_understood(lines: bytes, expected: dict[str, object]) -> None:
    record = listed(b"TY  - JOUR\n" + lines + b"\nER  - \n")
    assert {name: getattr(record, name) for name in expected} == expected


def test_a_chapter_names_its_book_and_editors() -> None:
    record = listed(b"TY  - CHAP\nTI  - C\nT2  - The Book\nA2  - Ed, I\nPB  - House\nCY  - Town\nSN  - 978-1\n")
    assert record.journal == "The Book"
    assert record.bibliography is not None
    assert record.bibliography["book"] == {
        "title": "The Book", "accession": None, "publisher": "House", "place": "Town", "edition": None,
        "isbns": ["978-1"], "editors": ["I Ed"],
    }  # fmt: skip


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_lost_end_of_record_and_any_line_end_are_no_fault(end: bytes) -> None:
    lines = [b"TY  - JOUR", b"TI  - A", b"ty  - BOOK", b"TI  - B", b"ER  -", b"TY  - JOUR", b"TI  - C"]
    assert [row.title for row in rows(end.join(lines)) if isinstance(row, Record)] == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b" \n", "empty_file"),
        (b"no tags here", "no_records"),
        (b"TI  - lost its first line\nER  - ", "missing_type"),
        (b"TY  - JOUR\nAU  - A\nER  - ", "missing_title"),
        (b"TY  - JOUR\nTI  - \xe9t\xe9\nER  - ", "invalid_utf8"),
        (b"TY  - JOUR\nTI  - T\nPY  - 3005\nER  - ", "implausible_date"),
    ],
)
def test_what_cannot_be_listed_is_quarantined_with_the_reason(content: bytes, reason: str) -> None:
    assert refused(content).reason == reason


def test_a_damaged_record_leaves_its_neighbours_listed() -> None:
    record = b"TY  - JOUR\nTI  - T\nER  - \n\n"
    found = rows(record + b"TY  - JOUR\nTI  - \xff\nER  - \n\n" + record)
    assert [type(row) for row in found] == [Record, Quarantined, Record]


def test_a_clean_file_says_what_rispy_reads_in_it_as_a_whole() -> None:
    content = b"".join(
        b"TY  - JOUR\nTI  - Title %d\nAU  - A%d, B\nAU  - C, D\nPY  - 2001\nDO  - 10.1234/%d\nKW  - k\nKW  - l\n"
        b"ER  - \n\n" % (number, number, number)
        for number in range(50)
    )
    for ours, other in zip(rows(content), rispy.loads(content.decode()), strict=True):
        assert isinstance(ours, Record)
        assert ours.bibliography is not None
        assert (ours.title, ours.doi, ours.keywords) == (other["title"], other["doi"], other["keywords"])
        named = [f"{each['family']}, {each['given']}" for each in ours.bibliography["author_details"]]
        assert named == other["authors"]
