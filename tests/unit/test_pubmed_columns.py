"""PubMed XML as columns: native code and `read_article` say the same of every record, and no record is lost between."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.listings.parsed import parsed_batches
from assets.sources.base import Quarantined, RawObject, Reader
from assets.sources.columns import Columns
from assets.sources.pubmed.pubmed_xml import SOURCE
from assets.sources.pubmed.regular import regular

RAW = RawObject("pubmed_xml", date(2025, 3, 14), "raw/x", "0" * 64, 1, "x.xml", datetime(2025, 3, 15, tzinfo=UTC))

RICH = """
<PubmedArticle><MedlineCitation Status="MEDLINE" IndexingMethod="Curated"><PMID Version="2">{pmid}</PMID>
  <DateCompleted><Year>2024</Year><Month>05</Month><Day>02</Day></DateCompleted>
  <Article><Journal><ISSN IssnType="Print">1234-5678</ISSN><JournalIssue><Volume>1</Volume><Issue> 2 </Issue>
    <PubDate><MedlineDate>2023
      Nov-Dec</MedlineDate></PubDate></JournalIssue><Title>Journal &amp; Samples</Title></Journal>
  <ArticleTitle>[WITHDRAWN]  title &#x3b1; {pmid}</ArticleTitle><Pagination><StartPage>5</StartPage><EndPage>9</EndPage>
  </Pagination><ELocationID EIdType="doi" ValidYN="Y">10.1234/X.{pmid}</ELocationID>
  <ELocationID EIdType="pii" ValidYN="N">no</ELocationID><Abstract>
    <AbstractText Label="WHY" NlmCategory="BACKGROUND">Why.</AbstractText>
    <AbstractText>So.</AbstractText><AbstractText/><CopyrightInformation>©</CopyrightInformation></Abstract>
  <AuthorList><Author ValidYN="N"><LastName>Misprint</LastName></Author><Author><LastName>Ng</LastName>
    <ForeName>An</ForeName><Initials>A</Initials><Suffix>Jr</Suffix><Identifier Source="ORCID">0000-0001-5028-369X
    </Identifier><AffiliationInfo><Affiliation>One.</Affiliation></AffiliationInfo><AffiliationInfo>
    <Affiliation>Two.</Affiliation></AffiliationInfo></Author><Author/><Author><CollectiveName>Us</CollectiveName>
    </Author></AuthorList><Language>fre</Language><Language>eng</Language>
  <DataBankList><DataBank><DataBankName>GENBANK</DataBankName><AccessionNumberList><AccessionNumber>A1</AccessionNumber>
    <AccessionNumber>A2</AccessionNumber></AccessionNumberList></DataBank><DataBank><DataBankName>GEO</DataBankName>
    </DataBank></DataBankList><GrantList><Grant><GrantID>G</GrantID></Grant><Grant/></GrantList>
  <PublicationTypeList><PublicationType UI="D1">Letter</PublicationType><PublicationType>Letter</PublicationType>
  </PublicationTypeList><ArticleDate DateType="Electronic"><Year>2023</Year><Month>10</Month><Day>09</Day></ArticleDate>
  </Article><MedlineJournalInfo><Country>Here</Country><MedlineTA>J S</MedlineTA></MedlineJournalInfo>
  <ChemicalList><Chemical><RegistryNumber>0</RegistryNumber><NameOfSubstance UI="D2">P</NameOfSubstance></Chemical>
  </ChemicalList><SupplMeshList><SupplMeshName Type="Disease" UI="C1">R</SupplMeshName></SupplMeshList>
  <CommentsCorrectionsList><CommentsCorrections RefType="ErratumIn"><RefSource>J 1</RefSource><PMID>99</PMID><Note>n
  </Note></CommentsCorrections></CommentsCorrectionsList><MeshHeadingList><MeshHeading>
  <DescriptorName UI="D3" MajorTopicYN="Y">H</DescriptorName><QualifierName UI="Q1" MajorTopicYN="N">q</QualifierName>
    <QualifierName>r
    </QualifierName></MeshHeading><MeshHeading><DescriptorName>I</DescriptorName></MeshHeading></MeshHeadingList>
  <OtherID Source="NLM">PMC7 [Available on 01/01/30]</OtherID><KeywordList><Keyword>k</Keyword></KeywordList>
  <KeywordList><Keyword>k</Keyword><Keyword>l</Keyword></KeywordList><CoiStatement>None.</CoiStatement>
  <InvestigatorList><Investigator><LastName>In</LastName></Investigator></InvestigatorList></MedlineCitation>
  <PubmedData><History><PubMedPubDate PubStatus="Received"><Year>2023</Year><Month>1</Month><Day>2</Day><Hour>6</Hour>
  </PubMedPubDate></History><PublicationStatus>epublish</PublicationStatus><ArticleIdList><ArticleId IdType="pubmed">
  {pmid}</ArticleId><ArticleId IdType="doi">10.1234/X.{pmid}</ArticleId></ArticleIdList><ReferenceList><Reference>
  <Citation>C1</Citation><ArticleIdList><ArticleId IdType="pubmed">5</ArticleId></ArticleIdList></Reference><Reference>
  <Citation>C2</Citation></Reference><Reference><ArticleIdList><ArticleId IdType="doi">10.1/r</ArticleId>
  </ArticleIdList></Reference></ReferenceList></PubmedData></PubmedArticle>
"""


def plain(pmid: int, title: str = "T") -> str:
    return (
        f"<PubmedArticle><MedlineCitation><PMID>{pmid}</PMID><Article><ArticleTitle>{title}</ArticleTitle></Article>"
        "</MedlineCitation></PubmedArticle>"
    )


def told(content: bytes, read: Reader) -> tuple[dict[int, Any], dict[int, Any]]:
    """What a reader says of each record, in columns, and why it refuses others."""
    listed: dict[int, Any] = {}
    refused: dict[int, Any] = {}
    raw = RawObject(**{name: getattr(RAW, name) for name in RAW.__slots__} | {"size": len(content)})
    for batch in parsed_batches([(raw, read, io.BytesIO(content))]):
        more = {row.pop("row"): row for row in batch.details["bibliography"].to_dicts()}
        for place, row in enumerate(batch.records.to_dicts()):
            assert listed.setdefault(row["record_index"], (row, more.get(place, {}))) == (row, more.get(place, {}))
        refused |= {row["record_index"]: row["reason"] for row in batch.quarantine.to_dicts()}
    assert not listed.keys() & refused.keys()
    assert sorted(listed.keys() | refused.keys()) == list(range(SOURCE.count(io.BytesIO(content))))
    return listed, refused


def as_columns(content: bytes) -> int:
    """Records of a file that come as columns."""
    return sum(item.records.height for item in SOURCE.read(io.BytesIO(content), RAW) if isinstance(item, Columns))


def test_a_record_with_every_field_comes_as_columns_that_say_what_the_record_says() -> None:
    content = f"<PubmedArticleSet>{RICH.format(pmid=1)}{plain(2)}{RICH.format(pmid=3)}</PubmedArticleSet>".encode()
    assert as_columns(content) == 3
    assert told(content, SOURCE.read) == told(content, SOURCE.parse)


@pytest.mark.parametrize(
    "odd",
    [
        plain(2, "a <i>b</i>"),
        plain(2, "a<!-- c -->b"),
        plain(2, "<![CDATA[a]]>"),
        plain(2, "&foo;"),
        plain(2, "&#0;"),
        plain(2, "\x01"),
        plain(2, "\ufffe"),
        plain(2, ""),
        plain(2).replace("<PMID>2", "<PMID>x"),
        plain(2).replace("<Article>", "<Article><Affiliation>A</Affiliation><AuthorList><Author><LastName>B</LastName>"
                         "</Author></AuthorList>"),
        plain(2).replace("</Article>", "<ArticleDate><Year>2099</Year></ArticleDate></Article>"),
        plain(2).replace("</MedlineCitation>", "<OtherAbstract><AbstractText>O</AbstractText></OtherAbstract>"
                         "</MedlineCitation>"),
        plain(2).replace("</MedlineCitation>", '<CommentsCorrectionsList><CommentsCorrections RefType="RetractionIn">'
                         "<PMID>9</PMID></CommentsCorrections></CommentsCorrectionsList></MedlineCitation>"),
        plain(2).replace("</PubmedArticle>", "<PubmedData><ReferenceList><ReferenceList><Reference><Citation>C"
                         "</Citation></Reference></ReferenceList></ReferenceList></PubmedData></PubmedArticle>"),
        plain(2).replace("</PubmedArticle>", "<PubmedData><ReferenceList><Reference><Citation>C</Citation></Reference>"
                         "</ReferenceList><ReferenceList><Reference><Citation>D</Citation></Reference></ReferenceList>"
                         "</PubmedData></PubmedArticle>"),
        "<DeleteCitation><PMID>2</PMID></DeleteCitation>",
        "<PubmedBookArticle/>",
        plain(2).replace("</Article>", ""),
    ],
)  # fmt: skip
def test_what_native_code_would_lose_is_read_the_other_way_and_costs_its_neighbours_nothing(odd: str) -> None:
    content = f"<PubmedArticleSet>{plain(1)}{odd}{plain(3)}</PubmedArticleSet>".encode()
    assert as_columns(content) == 2
    assert told(content, SOURCE.read) == told(content, SOURCE.parse)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (b"<A>\n <B c='d'>x &amp; &#8201; y</B>\n <C/>\r\n\t</A>", True),
        (b"<A><B>x</B>tail</A>", False),
        (b"<A>head<B>x</B></A>", False),
        (b"<A><B/>x</A>", False),
        (b"<A>\xff</A>", False),
        (b"<A>&bad</A>", False),
        (b"<A>&#xD801;</A>", False),
        (b"<A>\xef\xbf\xbe</A>", False),
        (b"<A b c='d'/>", False),
        (b"<A b='1' b='2'/>", False),
        (b"<A b='1'/ >", False),
        (b"<A b='x > y'>z</A>", False),
        (b"<B/><C>", False),
        (b"<A>" * 300 + b"</A>" * 300, False),
    ],
)
def test_only_a_record_of_text_or_elements_is_regular(record: bytes, expected: bool) -> None:
    assert regular([b"<A/>", record, b"<A>x</A>"]) == [True, expected, True]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_file_says_the_same_either_way(data: st.DataObject) -> None:
    content = bytearray(f"<PubmedArticleSet>{RICH.format(pmid=1)}{plain(2)}</PubmedArticleSet>".encode())
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        stop = data.draw(st.integers(start, min(len(content), start + 30)))
        content[start:stop] = data.draw(st.binary(max_size=3) | st.sampled_from([b"<", b">", b"&", b'"', b"<i>", b" "]))
    columns, parsed = told(bytes(content), SOURCE.read), told(bytes(content), SOURCE.parse)
    assert columns == parsed


def _files(shared: Path) -> Iterator[bytes]:
    paths = [*(shared / "pubmed_xml").glob("*.xml.gz"), *(shared / "payloads" / "pubmed_efetch").glob("*.xml")]
    paths += (shared / "payloads" / "pubmed_daily_update").glob("*.xml*")
    for path in sorted(paths):
        yield gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


@pytest.mark.shared
def test_every_real_record_says_the_same_either_way(shared: Path) -> None:
    compared = fast = 0
    for content in _files(shared):
        listed, refused = told(content, SOURCE.parse)
        assert told(content, SOURCE.read) == (listed, refused)
        compared += len(listed) + len(refused)
        fast += as_columns(content)
    assert compared > 1600
    assert fast > 850


def test_a_quarantined_record_is_told_as_the_parser_tells_it() -> None:
    content = b"<PubmedArticleSet>" + plain(1).encode() + b"<PubmedArticle/></PubmedArticleSet>"
    [fault] = [item for item in SOURCE.read(io.BytesIO(content), RAW) if isinstance(item, Quarantined)]
    assert fault in list(SOURCE.parse(io.BytesIO(content), RAW))
