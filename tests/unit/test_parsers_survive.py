"""Any bytes into any parser: items add up with the count, in order, and nothing is raised."""

from __future__ import annotations

import gzip
import io
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.sources import SOURCES, biorxiv, csv_table
from assets.sources.arxiv import arxiv
from assets.sources.base import Quarantined, RawObject, Record, Source
from assets.sources.europepmc import europepmc
from assets.sources.exports import bibtex, endnote, ris
from assets.sources.hf_papers import hf_papers, hf_papers_page
from assets.sources.pubmed import medline_text
from assets.sources.streams import open_stream

DROPS = (medline_text.SOURCE, ris.SOURCE, bibtex.SOURCE, endnote.SOURCE, csv_table.SOURCE)
PAGES = (
    arxiv.SOURCE,
    europepmc.SOURCE,
    hf_papers.SOURCE,
    hf_papers_page.SOURCE,
    biorxiv.BIORXIV,
    biorxiv.MEDRXIV,
)

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
    "arxiv": (
        b'<?xml version="1.0"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><request verb="ListRecords"/>'
        b"<ListRecords><record><header><identifier>oai:arXiv.org:2501.00001</identifier></header><metadata>"
        b'<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>2501.00001</id><version version="v1"><date>Wed, 01 Jan '
        b"2025 10:00:00 GMT</date><source_type>I</source_type></version><title>A title</title><authors>A. B (1), C "
        b"and D ((1) Here)</authors><categories>cs.LG q-bio</categories></arXivRaw></metadata></record>"
        b'<record><header status="deleted"><identifier>oai:arXiv.org:2501.00002</identifier></header></record>'
        b"<resumptionToken>x</resumptionToken></ListRecords></OAI-PMH>"
    ),
    "europepmc": (
        b'{"hitCount": 2, "request": {"queryString": "x"}, "resultList": {"result": [{"id": "1", "source": "MED", '
        b'"title": "A <i>title</i>", "authorList": {"author": [{"lastName": "Lovelace", "firstName": "Ada"}]}, '
        b'"abstractText": "<h4>Aim</h4>Told.", "firstPublicationDate": "2025-01-08"}, {"id": "PPR2", "source": "PPR", '
        b'"title": "B", "versionNumber": 2}]}}'
    ),
    "hf_papers": (
        b'[{"paper": {"id": "2601.00001", "title": "A title", "summary": "Told.", "authors": [{"name": "Ada"}], '
        b'"publishedAt": "2025-01-08T00:00:00.000Z", "upvotes": 5, "githubRepo": "https://github.com/x/y"}, '
        b'"numComments": 1}, {"paper": {"id": "2601.00002"}, "title": "B"}]'
    ),
    "hf_papers_page": (
        b'<!doctype html><html><script>a<b</script><div class="x" data-target="DailyPapers" data-props="{&quot;'
        b"dateString&quot;:&quot;2025-01-08&quot;,&quot;dailyPapers&quot;:[{&quot;paper&quot;:{&quot;id&quot;:&quot;"
        b'2601.00001&quot;,&quot;title&quot;:&quot;A &amp;amp; B&quot;}},{&quot;title&quot;:&quot;B&quot;}]}"></div>'
    ),
    "biorxiv": (
        b'{"messages": [{"status": "ok", "total": "2"}], "collection": [{"doi": "10.1101/1", "title": "A title", '
        b'"authors": "Lovelace, A.; Turing, A.", "abstract": "O_ST_ABSAimC_ST_ABSTold.", "date": "2025-01-08", '
        b'"version": "1", "license": "cc_by", "published": "NA"}, {"doi": "10.1101/2", "title": "B"}]}'
    ),
    "medrxiv": b'{"messages": [{"status": "no posts found"}], "collection": []}',
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
    assert found or source in PAGES  # a page may say that it lists nothing
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


@pytest.mark.parametrize("source", DROPS + PAGES, ids=lambda source: source.name)
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
