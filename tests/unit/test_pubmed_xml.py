"""PubMed XML: what a record says, what is refused, and that no damage loses or invents a record."""

from __future__ import annotations

import gzip
import io
import re
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from assets.sources.base import Author, Quarantined, RawObject, Record, Section
from assets.sources.pubmed.pubmed_xml import SOURCE
from assets.sources.pubmed.split import MAX_RECORD_BYTES, MAX_SKIP_BYTES
from assets.sources.streams import open_stream

RAW = RawObject("pubmed_xml", date(2025, 3, 14), "raw/x", "0" * 64, 1, "x.xml", datetime(2025, 3, 15, tzinfo=UTC))


class Dribble(io.RawIOBase):
    """Gives a few bytes at a time, so that every border between blocks is tried."""

    def __init__(self, content: bytes, portion: int) -> None:
        self._content = io.BytesIO(content)
        self._portion = portion

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        part = self._content.read(min(len(buffer), self._portion))
        buffer[: len(part)] = part
        return len(part)


def rows(content: bytes | str, portion: int = 1 << 20) -> list[Record | Quarantined]:
    """All rows of a file; conservation and the order of indexes are checked on the way, for every test."""
    received = content.encode() if isinstance(content, str) else content
    found = list(SOURCE.parse(Dribble(received, portion), RAW))  # type: ignore[arg-type]
    assert SOURCE.count(Dribble(received, portion)) == len(found)  # type: ignore[arg-type]
    assert [row.record_index for row in found] == list(range(len(found)))
    return found


def article(pmid: object = 1, inner: str = "<ArticleTitle>T</ArticleTitle>", more: str = "", data: str = "") -> str:
    citation = f'<MedlineCitation><PMID Version="1">{pmid}</PMID><Article>{inner}</Article>{more}</MedlineCitation>'
    return f"<PubmedArticle>{citation}<PubmedData>{data}</PubmedData></PubmedArticle>"


def whole(*records: str) -> str:
    """A file of records, with the prolog that NLM writes."""
    prolog = '<?xml version="1.0"?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD" "https://dtd.example/x.dtd">\n'
    return prolog + "<PubmedArticleSet>\n" + "\n".join(records) + "\n</PubmedArticleSet>\n"


def listed(record: str) -> Record:
    [row] = rows(whole(record))
    assert isinstance(row, Record), row
    return row


def told(content: bytes | str) -> list[str]:
    """PMIDs of the listed and reasons of the quarantined, in order."""
    return [row.reason if isinstance(row, Quarantined) else str(row.pmid) for row in rows(content)]


# -- what a record says ------------------------------------------------------------------------------------------------

FULL = """
<PubmedArticle>
  <MedlineCitation Status="MEDLINE" Owner="NLM">
    <PMID Version="2">31000001</PMID>
    <Article PubModel="Print-Electronic">
      <Journal>
        <JournalIssue><PubDate><Year>2024</Year><Month>Dec</Month></PubDate></JournalIssue>
        <Title>Journal of Samples</Title><ISOAbbreviation>J Sampl</ISOAbbreviation>
      </Journal>
      <ArticleTitle>Effect of Ca<sup>2+</sup> on
        <i>E. coli</i> <b>growth</b> &amp; p&lt;0.05&#x2009;%</ArticleTitle>
      <ELocationID EIdType="doi" ValidYN="N">10.9999/wrong</ELocationID>
      <ELocationID EIdType="doi" ValidYN="Y">10.1234/ABC.1</ELocationID>
      <Abstract>
        <AbstractText Label="BACKGROUND" NlmCategory="BACKGROUND">Why.</AbstractText>
        <AbstractText NlmCategory="METHODS">How.</AbstractText>
        <AbstractText Label="UNLABELLED">So.</AbstractText>
        <AbstractText Label="EMPTY"/>
        <CopyrightInformation>Copyright.</CopyrightInformation>
      </Abstract>
      <AuthorList>
        <Author ValidYN="N"><LastName>Lovelance</LastName><ForeName>Ada</ForeName></Author>
        <Author><LastName>Lovelace</LastName><ForeName>Ada</ForeName><Suffix>Jr</Suffix>
          <Identifier Source="ORCID">http://orcid.org/000000015028369X</Identifier>
          <AffiliationInfo><Affiliation>First place.</Affiliation></AffiliationInfo>
          <AffiliationInfo><Affiliation>Second place.</Affiliation></AffiliationInfo></Author>
        <Author><LastName>Turing</LastName><Initials>AM</Initials></Author>
        <Author><CollectiveName>The Sample Group</CollectiveName></Author>
        <Author/>
      </AuthorList>
      <Language>eng</Language><Language>fre</Language>
      <PublicationTypeList><PublicationType UI="D1">Journal Article</PublicationType>
        <PublicationType UI="D2">Retracted Publication</PublicationType></PublicationTypeList>
      <ArticleDate DateType="Electronic"><Year>2024</Year><Month>11</Month><Day>05</Day></ArticleDate>
    </Article>
    <MeshHeadingList>
      <MeshHeading><DescriptorName>Humans</DescriptorName></MeshHeading>
      <MeshHeading><DescriptorName>Calcium</DescriptorName><QualifierName>analysis</QualifierName></MeshHeading>
    </MeshHeadingList>
    <KeywordList Owner="NOTNLM"><Keyword>calcium</Keyword></KeywordList>
    <KeywordList Owner="NLM"><Keyword><i>E. coli</i></Keyword><Keyword>calcium</Keyword></KeywordList>
    <CommentsCorrectionsList><CommentsCorrections RefType="Cites"><PMID Version="1">5</PMID></CommentsCorrections>
    </CommentsCorrectionsList>
  </MedlineCitation>
  <PubmedData>
    <ArticleIdList><ArticleId IdType="pubmed">31000001</ArticleId><ArticleId IdType="pmc">PMC777</ArticleId>
    </ArticleIdList>
    <ReferenceList><Reference><ArticleIdList><ArticleId IdType="doi">10.5555/reference</ArticleId>
      <ArticleId IdType="pmc">PMC1</ArticleId></ArticleIdList></Reference></ReferenceList>
  </PubmedData>
</PubmedArticle>
"""


def test_the_canonical_fields_of_a_full_record_are_read() -> None:
    record = listed(FULL)
    record.bibliography = None  # what stands there is looked at in test_pubmed_fields.py
    assert record == Record(
        record_index=0,
        title="Effect of Ca2+ on E. coli growth & p<0.05\u2009%",
        source_id="31000001",
        version="2",
        status="revised",
        abstract="BACKGROUND: Why.\n\nMETHODS: How.\n\nSo.",
        abstract_sections=[Section("BACKGROUND", "Why."), Section("METHODS", "How."), Section(None, "So.")],
        authors=[
            Author("Ada Lovelace Jr", "0000-0001-5028-369X", "First place."),
            Author("AM Turing"),
            Author("The Sample Group"),
        ],
        journal="Journal of Samples",
        published_on=date(2024, 11, 5),
        language="en",
        doi="10.1234/abc.1",
        pmid="31000001",
        pmcid="PMC777",
        publication_types=["Journal Article", "Retracted Publication"],
        mesh=["Humans", "Calcium"],
        keywords=["calcium", "E. coli"],
        url="https://pubmed.ncbi.nlm.nih.gov/31000001/",
    )


def test_a_bare_citation_is_a_record_with_the_fields_of_old_files() -> None:
    citation = (
        "<MedlineCitation><PMID>7</PMID><Article><Journal><JournalIssue><PubDate><MedlineDate>1998 Dec-1999 Jan"
        "</MedlineDate></PubDate></JournalIssue></Journal><ArticleTitle>[Old].</ArticleTitle><Affiliation>Here."
        "</Affiliation><AuthorList><Author><LastName>Last</LastName><FirstName>First</FirstName></Author>"
        "</AuthorList></Article><MedlineJournalInfo><MedlineTA>J Old</MedlineTA></MedlineJournalInfo>"
        '<OtherID Source="NLM">PMC5 [Available on 01/01/99]</OtherID></MedlineCitation>'
    )
    [row] = rows(f"<MedlineCitationSet>{citation}</MedlineCitationSet>")
    assert isinstance(row, Record)
    assert (row.title, row.journal, row.published_on) == ("[Old].", "J Old", date(1998, 12, 1))
    assert (row.authors, row.pmcid, row.version) == ([Author("First Last", None, "Here.")], "PMC5", None)


def test_a_book_record_is_listed_under_its_chapter_or_its_own_title() -> None:
    chapter = (
        "<PubmedBookArticle><BookDocument><PMID Version='1'>8</PMID><ArticleIdList><ArticleId IdType='bookaccession'>"
        "NBK5</ArticleId></ArticleIdList><Book><BookTitle>The Book</BookTitle><PubDate><Year>2009</Year></PubDate>"
        "<AuthorList Type='editors'><Author><LastName>Ed</LastName></Author></AuthorList></Book>{}"
        "<AuthorList Type='authors'><Author><LastName>Au</LastName></Author></AuthorList>"
        "<PublicationType>Review</PublicationType><Abstract><AbstractText>Text.</AbstractText></Abstract>"
        "</BookDocument></PubmedBookArticle>"
    )
    whole_book = listed(chapter.format(""))
    assert (whole_book.title, whole_book.journal, whole_book.published_on) == ("The Book", None, date(2009, 1, 1))
    assert [author.name for author in whole_book.authors] == ["Au"]
    assert (whole_book.abstract, whole_book.publication_types) == ("Text.", ["Review"])
    assert listed(chapter.format("<ArticleTitle>One</ArticleTitle>")).journal == "The Book"
    without_pmid = listed(chapter.replace("<PMID Version='1'>8</PMID>", "").format(""))
    assert (without_pmid.source_id, without_pmid.url) == ("NBK5", "https://www.ncbi.nlm.nih.gov/books/NBK5/")


def test_deleted_pmids_are_listed_as_deleted_without_a_title() -> None:
    deletion = "<DeleteCitation><PMID Version='1'>5</PMID><PMID>6</PMID></DeleteCitation>"
    found = rows(whole(article(1), deletion, "<DeleteDocument><PMID>7</PMID></DeleteDocument>"))
    assert [(row.pmid, row.status, row.title) for row in found if isinstance(row, Record)] == [
        ("1", "new", "T"), ("5", "deleted", None), ("6", "deleted", None), ("7", "deleted", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("inner", "title"),
    [
        ("<ArticleTitle>[Not Available].</ArticleTitle><VernacularTitle>Titel</VernacularTitle>", "Titel"),
        ("<ArticleTitle/><VernacularTitle>Titel</VernacularTitle>", "Titel"),
        ("<ArticleTitle>[Not Available].</ArticleTitle>", "[Not Available]."),
        ("<ArticleTitle>[Title in brackets].</ArticleTitle>", "[Title in brackets]."),
        ("<ArticleTitle><![CDATA[a <b> &foo;]]><!-- c --></ArticleTitle>", "a <b> &foo;"),
        ('<ArticleTitle>x<mml:math xmlns:mml="m"><mml:semantics><mml:mi>y</mml:mi><mml:annotation>TEX</mml:annotation>'
         "</mml:semantics></mml:math>z</ArticleTitle>", "xyz"),
        ("<ArticleTitle>of <mml:math><mml:mi>y</mml:mi></mml:math></ArticleTitle>", "of y"),
    ],
)  # fmt: skip
def test_a_title_is_readable_text_whatever_its_markup(inner: str, title: str) -> None:
    assert listed(article(1, inner)).title == title


@pytest.mark.parametrize(
    ("other", "abstract"),
    [
        ('<OtherAbstract Language="fre"><AbstractText>F.</AbstractText></OtherAbstract>'
         '<OtherAbstract Language="eng"><AbstractText>E.</AbstractText></OtherAbstract>', "E."),
        ('<OtherAbstract Language="spa"><AbstractText>Abstract available from the publisher.</AbstractText>'
         "</OtherAbstract>", None),
    ],
)  # fmt: skip
def test_another_abstract_stands_in_only_where_there_is_none(other: str, abstract: str | None) -> None:
    title = "<ArticleTitle>T</ArticleTitle>"
    assert listed(article(1, title, other)).abstract == abstract
    own = listed(article(1, title + "<Abstract><AbstractText>Own.</AbstractText></Abstract>", other))
    assert (own.abstract, own.abstract_sections) == ("Own.", [])


@pytest.mark.parametrize(
    ("dates", "day"),
    [
        ("<Year>2020</Year><Month>02</Month><Day>30</Day>", date(2020, 2, 1)),
        ("<Year>2020</Year><Season>Summer</Season>", date(2020, 7, 1)),
        ("<MedlineDate>2000 Dec 23- 30</MedlineDate>", date(2000, 12, 23)),
        ("<MedlineDate>unknown</MedlineDate>", None),
        ("<Year/>", None),
    ],
)
def test_every_form_of_date_is_read_and_none_raises(dates: str, day: date | None) -> None:
    journal = f"<Journal><JournalIssue><PubDate>{dates}</PubDate></JournalIssue></Journal>"
    assert listed(article(1, journal + "<ArticleTitle>T</ArticleTitle>")).published_on == day


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ('<ArticleId IdType="doi">none</ArticleId><ArticleId IdType="doi">10.1234/Y</ArticleId>', ("10.1234/y", None)),
        ('<ArticleId IdType="doi">10.48550/arXiv.2503.11794</ArticleId>', ("10.48550/arxiv.2503.11794", "2503.11794")),
        ('<ArticleId IdType="pii">arXiv:2503.11794v1</ArticleId>', (None, "2503.11794")),
        ('<ArticleId IdType="pii">2503.11794</ArticleId>', (None, None)),
    ],
)  # fmt: skip
def test_only_valid_identifiers_are_taken(data: str, expected: tuple[str | None, str | None]) -> None:
    record = listed(article(1, data=f"<ArticleIdList>{data}</ArticleIdList>"))
    assert (record.doi, record.arxiv_id) == expected


def test_a_withdrawn_review_has_that_status() -> None:
    assert listed(article(1, "<ArticleTitle>WITHDRAWN: Aspirin.</ArticleTitle>")).status == "withdrawn"


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("<PubmedArticle>\n</PubmedArticle>", "missing_pmid"),
        ("<PubmedArticle/>", "missing_pmid"),
        (article("abc"), "missing_pmid"),
        (article(2, ""), "missing_title"),
        (article(2, "<ArticleTitle> </ArticleTitle>"), "missing_title"),
        (article(2).replace("T<", "&foo;<"), "undefined_entity"),
        (article(2).replace("</Article>", "</Artikel>"), "malformed_xml"),
        (article(2).replace("T<", "\x00<"), "malformed_xml"),
        (article(2).replace("T<", "\ufffe<"), "malformed_xml"),
        ("<PubmedArticle>" + "<a>" * 5000 + "</a>" * 5000 + "</PubmedArticle>", "malformed_xml"),
        (article(2, "<ArticleTitle>T</ArticleTitle><ArticleDate><Year>2031</Year></ArticleDate>"), "implausible_date"),
        (article(2, "<ArticleTitle>T</ArticleTitle><ArticleDate><Year>1500</Year></ArticleDate>"), "implausible_date"),
        ("<PubmedBookArticle/>", "missing_pmid"),
        ("<DeleteCitation><PMID/></DeleteCitation>", "missing_pmid"),
    ],
)
def test_a_record_that_cannot_be_listed_leaves_its_neighbours_listed(record: str, reason: str) -> None:
    found = rows(whole(article(1), record, article(3)))
    assert [row.reason if isinstance(row, Quarantined) else row.pmid for row in found] == ["1", reason, "3"]
    assert isinstance(found[1], Quarantined)
    assert found[1].detail.startswith("record 1 at byte ")


def test_a_malformed_record_is_named_by_line_and_column() -> None:
    [row] = rows(whole(article(2).replace("</Article>", "\n</Artikel>")))
    assert isinstance(row, Quarantined)
    assert "line 2, column " in row.detail


def test_bytes_that_are_no_utf8_cost_one_record() -> None:
    content = (
        whole(article(1), article(2), article(3))
        .encode()
        .replace(b">T<", b">\xff<", 2)
        .replace(b"\xff", b"\xc3\xa9", 1)
    )
    assert told(content) == ["1", "invalid_utf8", "3"]


def test_entity_bombs_and_external_entities_are_inert() -> None:
    subset = (
        '<!DOCTYPE PubmedArticleSet [<!ENTITY a "<PubmedArticle>aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
        '<!ENTITY c "&b;&b;&b;&b;&b;&b;"><!ENTITY file SYSTEM "file:///etc/hostname">]>'
    )
    records = article(1) + article("&c;") + article("&file;")
    content = f"<?xml version='1.0'?>{subset}<PubmedArticleSet>{records}</PubmedArticleSet>"
    assert told(content) == ["1", "undefined_entity", "undefined_entity"]


def test_a_record_too_large_is_skipped_to_its_end_in_bounded_memory() -> None:
    filler = b"<PubmedData>" + b"x" * 1000 + b"</PubmedData>"
    huge = b"<PubmedArticle>" + filler * (3 * MAX_RECORD_BYTES // len(filler)) + b"</PubmedArticle>"
    content = whole(article(1), "HUGE", article(3)).encode().replace(b"HUGE", huge)
    stream = io.BytesIO(content)
    tracemalloc.start()
    reasons = [row.reason if isinstance(row, Quarantined) else row.pmid for row in SOURCE.parse(stream, RAW)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reasons == ["1", "record_too_large", "3"]
    assert SOURCE.count(io.BytesIO(content)) == 3
    assert peak < 2.5 * MAX_RECORD_BYTES


# -- where records begin and end ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        ("<!-- <PubmedArticle> -->", ["1", "2"]),
        ("<![CDATA[<PubmedArticle></PubmedArticle>]]>", ["1", "2"]),
        ("<?pi <PubmedArticle> ?>", ["1", "2"]),
        ("</PubmedArticle>", ["1", "2"]),
        ("<PubmedArticleSetting/><PMID>5</PMID>", ["1", "2"]),
        ('</PubmedArticleSet><?xml?><!DOCTYPE x [<!ENTITY a "<PubmedArticle>">] ><PubmedArticleSet>', ["1", "2"]),
        ("<!-- never closed", ["1", "2"]),
        ("<PubmedArticle><MedlineCitation>", ["1", "malformed_xml", "2"]),
        ("<MedlineCitation><PMID>5</PMID>", ["1", "malformed_xml", "2"]),
        ("<DeleteCitation><PMID>5</PMID>", ["1", "5", "2"]),
        ("<DeleteCitation><PMID>5<PMID>6</PMID></DeleteCitation>", ["1", "malformed_xml", "6", "2"]),
        ("<DeleteCitation/>", ["1", "2"]),
    ],
)  # fmt: skip
def test_what_stands_between_records_hides_none_and_adds_none(between: str, expected: list[str]) -> None:
    assert told(whole(article(1), between, article(2))) == expected


@pytest.mark.parametrize(
    "inside",
    [
        "<!-- </PubmedArticle><PubmedArticle> -->",
        "<![CDATA[</PubmedArticle>]]>",
        "<?x </PubmedArticle> ?>",
        "PubmedArticle!?",
    ],
)
def test_what_is_commented_out_inside_a_record_does_not_end_it(inside: str) -> None:
    assert told(whole(article(1, data=inside), article(2))) == ["1", "2"]


def test_a_comment_that_damage_left_open_swallows_no_more_than_its_record() -> None:
    far = "x" * MAX_SKIP_BYTES
    records = [article(1, data="<!-- "), article(2, data=far), article(3, data=" -->")]
    assert told(whole(*records)) == ["malformed_xml", "2", "3"]


def test_a_record_whose_end_tag_is_lost_ends_where_the_next_begins() -> None:
    assert told(whole(article(1).replace("</PubmedArticle>", ""), article(2))) == ["malformed_xml", "2"]
    assert told(whole(article(1), article(2)[:60])) == ["1", "malformed_xml"]
    assert told(whole(article(1), article(2).replace("</PubmedArticle>", "</PubmedArticle\n>"))) == ["1", "2"]


def test_records_without_a_surrounding_set_are_listed() -> None:
    assert told(article(1) + article(2)) == ["1", "2"]


# -- whole files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty_file"),
        (b" \n\t", "empty_file"),
        (b"\xef\xbb\xbf\n", "empty_file"),
        (b"<PubmedArticleSet></PubmedArticleSet>", "no_records"),
        (b'<?xml version="1.0"?><eFetchResult><ERROR>x</ERROR></eFetchResult>', "no_records"),
        (b"<!DOCTYPE html><html></html>", "not_xml"),
        (b"PMID- 16403221\nOWN - NLM\n", "not_xml"),
        (b'{"title": "T"}', "not_xml"),
        (b"\x00\x01\x02", "not_xml"),
        (b"<PubmedArticleSet>", "truncated_xml"),
        (b'<?xml version="1.0" encoding="klingon"?><PubmedArticle/>', "unknown_encoding"),
        (b'<?xml version="1.0" encoding="zlib"?><PubmedArticle/>', "unknown_encoding"),
        (b'<?xml version="1.0" encoding="unicode_escape"?><PubmedArticle/>', "unknown_encoding"),
    ],
)
def test_a_file_without_records_says_why(content: bytes, reason: str) -> None:
    assert told(content) == [reason]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252", "gb18030"])
@pytest.mark.parametrize("portion", [1, 7, 1 << 20])
def test_other_encodings_are_read(encoding: str, portion: int) -> None:
    title = "<ArticleTitle>Caf\u00e9</ArticleTitle>"
    content = whole(article(1, title)).replace('"1.0"', f'"1.0" encoding="{encoding.removesuffix("-sig")}"')
    [row] = rows(content.encode(encoding), portion)
    assert row == listed(article(1, title))


def test_utf16_without_a_mark_is_known_by_its_declaration() -> None:
    content = whole(article(1)).replace('"1.0"', '"1.0" encoding="UTF-16"')
    assert told(content.encode("utf-16-be")) == told(content.encode("utf-16-le")) == ["1"]
    assert told(content.encode("utf-8")) == ["1"]  # a declaration that is wrong, and known to be


def test_what_is_not_in_its_encoding_costs_one_record() -> None:
    content = whole(article(1), article(2), article(3)).replace('"1.0"', '"1.0" encoding="gb18030"').encode()
    broken = content.replace(b">2</PMID>", b">2</PMID>\xff\xff")
    assert told(broken) == ["1", "invalid_utf8", "3"]


def test_a_file_cut_off_anywhere_keeps_its_complete_records_and_says_that_more_is_missing() -> None:
    content = whole(article(1), article(2, "<ArticleTitle>\u00e9</ArticleTitle>")).encode()
    ends = [match.end() for match in re.finditer(b"</PubmedArticle>", content)]
    end_of_set = content.index(b"</PubmedArticleSet>") + len(b"</PubmedArticleSet>")
    for kept in range(content.index(b"<PubmedArticleSet>") + len(b"<PubmedArticleSet>"), len(content)):
        complete = [str(number) for number, end in enumerate(ends, start=1) if end <= kept]
        assert told(content[:kept]) == complete + (["truncated_xml"] if kept < end_of_set else [])
    for kept in range(content.index(b"<PubmedArticleSet>")):
        assert told(content[:kept]) in (["empty_file"], ["no_records"])


def test_a_gzip_cut_off_anywhere_keeps_its_complete_records() -> None:
    content = whole(*map(article, range(1, 40))).encode()
    packed = gzip.compress(content)
    for kept in range(11, len(packed)):
        found = list(SOURCE.parse(open_stream(io.BytesIO(packed[:kept]), kept), RAW))
        assert SOURCE.count(open_stream(io.BytesIO(packed[:kept]), kept)) == len(found)
        assert [row.pmid for row in found[:-1] if isinstance(row, Record)] == [
            str(n + 1) for n in range(len(found) - 1)
        ]
        assert isinstance(found[-1], Quarantined)
        assert found[-1].reason == "truncated_gzip"


# -- any input ---------------------------------------------------------------------------------------------------------

_NAMES = ("PubmedArticle", "PubmedBookArticle", "MedlineCitation", "DeleteCitation", "DeleteDocument", "PMID",
          "PubmedArticleSet", "MedlineCitationSet", "PubmedBookArticleSet", "PubmedData", "Article")  # fmt: skip
_TAGS = [
    form.format(name) for name in _NAMES for form in ("<{}>", "</{}>", "<{} a='1'>", "</{} >", "<{}/>", "<{}", "</{}")
]
_SIGNS = [
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?",
    "?>",
    "<!DOCTYPE",
    "[",
    "]",
    ">",
    " ",
    "<",
    "!",
    "&foo;",
    "\u00e9",
    "x",
]
_HEADS = [b"", b"\xef\xbb\xbf", b"\xff\xfe", b"<?xml version='1.0' encoding='latin-1'?>", b"<?xml encoding='gb18030'?>"]
_PORTIONS = st.sampled_from([1, 3, 64, 1 << 20])


@settings(max_examples=400)
@given(st.sampled_from(_HEADS), st.lists(st.sampled_from([*_TAGS, *_SIGNS, article(1)]), max_size=30), _PORTIONS)
def test_any_order_of_tags_is_counted_as_it_is_parsed(head: bytes, pieces: list[str], portion: int) -> None:
    rows(head + "".join(pieces).encode(), portion)


@given(st.binary(), _PORTIONS)
def test_any_bytes_are_counted_as_they_are_parsed(content: bytes, portion: int) -> None:
    assert all(isinstance(row, Quarantined) for row in rows(content, portion))


@settings(max_examples=200)
@given(st.data(), _PORTIONS)
def test_a_real_looking_file_survives_any_mutation(data: st.DataObject, portion: int) -> None:
    content = bytearray(whole(FULL, article(2), "<DeleteCitation><PMID>3</PMID></DeleteCitation>").encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        stop = data.draw(st.integers(start, min(len(content), start + 40)))
        content[start:stop] = data.draw(st.binary(max_size=4))
    rows(bytes(content), portion)


# -- real files --------------------------------------------------------------------------------------------------------


def _files(shared: Path) -> Iterator[Path]:
    yield from sorted((shared / "pubmed_xml").glob("*.xml.gz"))
    yield from sorted((shared / "payloads" / "pubmed_efetch").glob("*.xml"))
    yield from sorted((shared / "payloads" / "pubmed_daily_update").glob("*.xml*"))


def _pmids_by_etree(content: bytes) -> list[str | None]:
    """PMIDs in the order of records, as an XML library that reads the whole document finds them."""
    root = etree.fromstring(content.removeprefix(b"\xef\xbb\xbf"), etree.XMLParser(load_dtd=False, no_network=True))
    parents = ("MedlineCitation", "BookDocument", "DeleteCitation", "DeleteDocument")
    return [pmid.text for parent in root.iter(*parents) for pmid in parent.iterchildren("PMID")]


@pytest.mark.shared
def test_every_well_formed_real_file_is_listed_in_full(shared: Path) -> None:
    checked = 0
    for path in _files(shared):
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        if any(name in path.name for name in ("BROKEN", "MalformedEntry", "MinimalEntry")):
            continue
        found = rows(content)
        assert [row.pmid for row in found if isinstance(row, Record)] == _pmids_by_etree(content), path.name
        assert not [row for row in found if isinstance(row, Quarantined)], path.name
        checked += len(found)
    assert checked > 1600


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "reasons", "says"),
    [
        ("jmjamison_output_BROKEN.xml.gz", ["malformed_xml"] * 20, "dumped into JSON"),
        ("jabref_MedlineImporterTestMalformedEntry.xml.gz", ["malformed_xml"], "PubmedArticle"),
        ("jabref_MedlineImporterTestMinimalEntry.xml.gz", ["missing_pmid"], "no PMID"),
    ],
)
def test_every_record_of_a_damaged_real_file_is_quarantined(
    shared: Path, name: str, reasons: list[str], says: str
) -> None:
    found = rows(gzip.decompress((shared / "pubmed_xml" / name).read_bytes()))
    assert [row.reason for row in found if isinstance(row, Quarantined)] == reasons
    assert all(says in row.detail for row in found if isinstance(row, Quarantined))


@pytest.mark.shared
def test_pmids_and_titles_are_those_that_biopython_reads(shared: Path) -> None:
    from Bio import Entrez

    bundled = {path.name for path in (Path(Entrez.__file__).parent / "DTDs").iterdir()}
    compared = 0
    for path in _files(shared):
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        doctype = re.search(rb'<!DOCTYPE PubmedArticleSet[^>]*"https://[^">]*/([^">/]+)"\s*>', content[:2000])
        if doctype is None or doctype[1].decode() not in bundled:
            continue  # Biopython would ask the network for the document type
        theirs = Entrez.read(io.BytesIO(content), validate=False)  # type: ignore[no-untyped-call]
        citations = [entry["MedlineCitation"] for entry in theirs["PubmedArticle"]]
        expected = [(str(citation["PMID"]), _plain(citation["Article"]["ArticleTitle"])) for citation in citations]
        found = [row for row in rows(content) if isinstance(row, Record) and row.status != "deleted"]
        assert [(row.pmid, _plain(row.title or "")) for row in found] == expected, path.name
        compared += len(found)
    assert compared > 450


def _plain(title: str) -> str:
    """Without the markup and the kinds of white space that Biopython leaves in."""
    return " ".join(re.sub(r"</?(?:i|b|u|sup|sub)>", "", title).split())
