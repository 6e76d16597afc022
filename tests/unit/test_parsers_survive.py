"""Any bytes into any parser: items add up with the count, in order, and nothing is raised."""

from __future__ import annotations

import gzip
import io
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.sources import SOURCES, csv_table
from assets.sources.base import Quarantined, RawObject, Record, Source
from assets.sources.exports import bibtex, endnote, ris
from assets.sources.pubmed import medline_text
from assets.sources.streams import open_stream

DROPS = (medline_text.SOURCE, ris.SOURCE, bibtex.SOURCE, endnote.SOURCE, csv_table.SOURCE)

#: Valid files; mutations of them reach further into a parser than bytes at random. Others start from all of these.
VALID = {
    "medline_text": (
        b"\nPMID- 123\nOWN - NLM\nTI  - A title of two\n      lines\nFAU - Lovelace, Ada\nAU  - Lovelace A\n"
        b"AD  - Here\nAUID- ORCID: 0000-0001-5028-369X\nDP  - 2006 Jan\nDEP - 20060110\nMH  - *Algorithms/*methods\n"
        b"LID - 10.1/x [doi] 5 [pii]\nGR  - R01/HL/NHLBI NIH HHS/United States\nSI  - GENBANK/AF1\n"
        b"CIN - J. 2006. PMID: 5\nRN  - 0 (X)\nPHST- 2005/06/17 00:00 [received]\n\nPMID- 124\nTI  - Other\n"
    ),
    "ris": (
        b"TY  - JOUR\r\nTI  - A title\r\nAU  - Lovelace, Ada, Jr\r\nKW  - a\r\nb\r\nPY  - 2005/03/14/\r\n"
        b"DO  - https://doi.org/10.1234/x\r\nN1  - PMID: 12\r\nER  - \r\n\r\nty  - CHAP\rT1  - B\rUR  - http://x/y;z\r"
    ),
    "bibtex": (
        b"% Encoding: UTF-8\n@string{jbc = {J. Biol. Chem.}}\n@comment{x}\n"
        b"@Article{key,\n  title = {{A} \\emph{title}},\n"
        b'  author = {Ada {\\"U}berlace and {A Group}},\n  journal = jbc # " x", year = 2005, month = "14 mar",\n}\n'
        b"@book(b, title = \"B\", eprint = {2503.11794}, archivePrefix = {arXiv})\n"
    ),
    "endnote": (
        b'<?xml version="1.0" encoding="UTF-8"?><xml><records><record><ref-type name="Journal Article">17</ref-type>'
        b"<contributors><authors><author><style>Lovelace, Ada</style></author></authors></contributors><titles><title>"
        b"<style>A</style><style> title</style></title></titles><dates><year>2005</year><pub-dates><date>Mar 14</date>"
        b"</pub-dates></dates></record><record><titles><title>B</title></titles></record></records></xml>"
    ),
    "csv": b'Title,Authors,Year\r\n"A, ""title""\nof two lines",Ada Lovelace,2005\r\nB,,NA\r\n,,\r\n',
}  # fmt: skip
PIECES = sorted(
    {piece for valid in VALID.values() for piece in valid.replace(b"><", b">\n<").splitlines(keepends=True)}
)
PIECES += [b"\n", b"\r", b"\r\n", b"\n\n", b'"', b"{", b"}", b"@", b"(", b")", b"\\", b"<", b">", b"\xff", b"\0",
           b"\xef\xbb\xbf", b"\xff\xfe", b" ", b"      ", b",", b"\t", b"=", b"#", b"ER  - ", b"{}", b"<record/>",
           b"PMID- ", b'{"title": "T"}', b"&x;", b"$"]  # fmt: skip


def raw(source: Source) -> RawObject:
    return RawObject(source.name, date(2025, 3, 14), "raw/x", "0" * 64, 1, "x", datetime(2025, 3, 15, tzinfo=UTC))


def rows(source: Source, content: bytes) -> list[Record | Quarantined]:
    """What a parser makes of a file, checked against its count."""
    found = list(source.parse(open_stream(io.BytesIO(content), len(content)), raw(source)))
    assert source.count(open_stream(io.BytesIO(content), len(content))) == len(found)
    assert [row.record_index for row in found] == list(range(len(found)))
    assert found
    for row in found:
        if isinstance(row, Quarantined):
            assert row.reason.replace("_", "").isalnum()
            assert len(row.excerpt) <= 300
            assert "\n" not in row.detail
            row.detail.encode()
        else:
            assert row.title or row.status == "deleted"
            repr(row.bibliography).encode()
            (row.title or "").encode()
    return found


def mutated(valid: bytes) -> st.SearchStrategy[bytes]:
    """A valid file with parts of it replaced, doubled or dropped."""
    place = st.integers(0, len(valid))
    change = st.tuples(place, st.integers(0, 40), st.sampled_from(PIECES) | st.binary(max_size=4))

    def applied(changes: list[tuple[int, int, bytes]]) -> bytes:
        content = valid
        for start, length, piece in changes:
            content = content[:start] + piece + content[start + length :]
        return content

    return st.lists(change, max_size=4).map(applied)


ANY = st.binary(max_size=200) | st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join)
MUTATED = st.sampled_from(sorted(VALID)).flatmap(lambda name: mutated(VALID[name]))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
@settings(max_examples=150, deadline=None)
@given(content=ANY | MUTATED)
def test_any_bytes_are_counted_as_they_are_parsed(source: Source, content: bytes) -> None:
    rows(source, content)


@pytest.mark.parametrize("source", DROPS, ids=lambda source: source.name)
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_counted_as_it_is_parsed(source: Source, data: st.DataObject) -> None:
    rows(source, data.draw(mutated(VALID[source.name])))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
@settings(max_examples=40, deadline=None)
@given(content=MUTATED, share=st.floats(0, 1))
def test_a_gzip_that_breaks_off_ends_with_one_quarantined_row(source: Source, content: bytes, share: float) -> None:
    packed = gzip.compress(content)
    kept = packed[: 12 + int(share * (len(packed) - 13))]
    last = rows(source, kept)[-1]
    assert isinstance(last, Quarantined)


@pytest.mark.parametrize("source", DROPS, ids=lambda source: source.name)
def test_the_valid_file_is_two_records_however_it_is_encoded(source: Source) -> None:
    content = VALID[source.name]
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        text = content.decode().replace('encoding="UTF-8"', "")
        found = rows(source, text.encode(encoding))
        assert [type(row) for row in found] == [Record, Record], encoding
