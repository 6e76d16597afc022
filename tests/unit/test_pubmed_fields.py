"""PubMed XML field by field: what stands in the bibliography of a record, in columns, and in how much memory."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from assets.listings.details import DETAIL_SCHEMAS
from assets.listings.records import read_day
from assets.sources.base import RawObject, Record
from assets.sources.bibliography import Bibliography
from assets.sources.pubmed.pubmed_xml import SOURCE

RAW = RawObject("pubmed_xml", date(2025, 3, 14), "raw/x", "0" * 64, 1, "x.xml", datetime(2025, 3, 15, tzinfo=UTC))

PROJECT = Path(__file__).resolve().parents[2]

TITLE = "<ArticleTitle>T</ArticleTitle>"


def listed(xml: str) -> Record:
    [row] = SOURCE.parse(io.BytesIO(xml.encode()), RAW)
    assert isinstance(row, Record), row
    return row


def record(article: str = TITLE, citation: str = "", data: str = "", attributes: str = "") -> Record:
    """The record whose ``Article``, rest of the citation and ``PubmedData`` hold these elements."""
    return listed(
        f"<PubmedArticle><MedlineCitation {attributes}><PMID>1</PMID><Article>{article}</Article>{citation}"
        f"</MedlineCitation><PubmedData>{data}</PubmedData></PubmedArticle>"
    )


def said(article: str = TITLE, citation: str = "", data: str = "", attributes: str = "") -> Bibliography:
    found = record(article, citation, data, attributes).bibliography
    assert found is not None
    return found


# -- journal, issue, status --------------------------------------------------------------------------------------------


def test_the_journal_is_known_by_all_its_names_and_numbers() -> None:
    journal = (
        '<Journal><ISSN IssnType="Electronic">1234-5678</ISSN><JournalIssue CitedMedium="Internet"><Volume>12 Suppl 1'
        "</Volume><Issue>3-4</Issue><PubDate><Year>2024</Year></PubDate></JournalIssue><Title>Journal of Samples"
        "</Title><ISOAbbreviation>J. Sampl.</ISOAbbreviation></Journal>"
    )
    info = (
        "<MedlineJournalInfo><Country>England</Country><MedlineTA>J Sampl</MedlineTA><NlmUniqueID>101</NlmUniqueID>"
        "<ISSNLinking>8765-4321</ISSNLinking></MedlineJournalInfo>"
    )
    found = said(TITLE + journal, info)
    assert found["journal_abbreviation"] == "J. Sampl."
    assert (found["issn"], found["issn_kind"], found["issn_linking"]) == ("1234-5678", "Electronic", "8765-4321")
    assert (found["nlm_id"], found["country"]) == ("101", "England")
    assert (found["volume"], found["issue"]) == ("12 Suppl 1", "3-4")
    assert said(TITLE, info)["journal_abbreviation"] == "J Sampl"
    assert record(TITLE, info).journal == "J Sampl"


@pytest.mark.parametrize(
    ("pagination", "pages"),
    [
        ("<MedlinePgn>12-5</MedlinePgn>", "12-5"),
        ("<StartPage>12</StartPage><EndPage>15</EndPage><MedlinePgn>12-5</MedlinePgn>", "12-5"),
        ("<StartPage>12</StartPage><EndPage>15</EndPage>", "12-15"),
        ("<StartPage>e104</StartPage>", "e104"),
        ("<MedlinePgn/>", None),
    ],
)
def test_pages_come_in_several_forms(pagination: str, pages: str | None) -> None:
    assert said(TITLE + f"<Pagination>{pagination}</Pagination>")["pages"] == pages


def test_status_indexing_and_publication_status_are_kept() -> None:
    found = said(
        data="<PublicationStatus>epublish</PublicationStatus>", attributes='Status="MEDLINE" IndexingMethod="Automated"'
    )
    assert (found["medline_status"], found["indexing_method"]) == ("MEDLINE", "Automated")
    assert found["publication_status"] == "epublish"


# -- titles and abstracts ----------------------------------------------------------------------------------------------


def test_a_title_keeps_its_markup_beside_its_text() -> None:
    title = (
        "<ArticleTitle>Role of <i>tp53</i> in <b>H<sub>2</sub>O</b> &amp; more"
        '<mml:math xmlns:mml="http://www.w3.org/1998/Math/MathML"><mml:mi>x</mml:mi></mml:math></ArticleTitle>'
    )
    found = record(title)
    assert found.title == "Role of tp53 in H2O & morex"
    assert found.bibliography is not None
    assert found.bibliography["title_markup"] == (
        "Role of <i>tp53</i> in <b>H<sub>2</sub>O</b> &amp; more<mml:math><mml:mi>x</mml:mi></mml:math>"
    )
    assert said("<ArticleTitle>Plain &lt; title</ArticleTitle>")["title_markup"] is None


def test_a_title_that_begins_with_markup_keeps_the_blanks_between_its_words() -> None:
    assert record("<ArticleTitle><i>E.</i> <b>coli</b> <i>x</i></ArticleTitle>").title == "E. coli x"


def test_the_title_in_the_articles_own_language_is_kept() -> None:
    vernacular = "<VernacularTitle>Un <i>titre</i>.</VernacularTitle>"
    assert said("<ArticleTitle>[A title].</ArticleTitle>" + vernacular)["vernacular_title"] == "Un titre."


def test_the_parts_of_an_abstract_keep_their_categories() -> None:
    abstract = (
        '<Abstract><AbstractText Label="WHY" NlmCategory="BACKGROUND">Why.</AbstractText>'
        '<AbstractText Label="EMPTY" NlmCategory="METHODS"/><AbstractText>So.</AbstractText>'
        "<CopyrightInformation>© 2024.</CopyrightInformation></Abstract>"
    )
    found = record(TITLE + abstract)
    assert [part.label for part in found.abstract_sections] == ["WHY", None]
    assert found.bibliography is not None
    assert found.bibliography["abstract_categories"] == ["BACKGROUND", None]
    assert found.bibliography["abstract_copyright"] == "© 2024."


def test_other_abstracts_are_kept_with_language_and_kind() -> None:
    others = (
        '<OtherAbstract Type="Publisher" Language="fre"><AbstractText Label="BUT">Pourquoi.</AbstractText>'
        "<AbstractText>Donc.</AbstractText></OtherAbstract>"
        '<OtherAbstract Type="KIE"><AbstractText>Ethics.</AbstractText></OtherAbstract>'
        '<OtherAbstract Language="spa"><AbstractText>Abstract available from the publisher.</AbstractText>'
        "</OtherAbstract>"
    )
    assert said(citation=others)["other_abstracts"] == [
        {"language": "fre", "kind": "Publisher", "text": "BUT: Pourquoi.\n\nDonc."},
        {"language": None, "kind": "KIE", "text": "Ethics."},
    ]


def test_every_language_is_kept_and_the_first_is_the_records() -> None:
    found = record(TITLE + "<Language>fre</Language><Language>eng</Language>")
    assert found.language == "fr"
    assert found.bibliography is not None
    assert found.bibliography["languages"] == ["fre", "eng"]


# -- people ------------------------------------------------------------------------------------------------------------


def test_people_keep_every_part_of_their_name_and_every_affiliation() -> None:
    authors = (
        "<AuthorList><Author><LastName>Curie</LastName><ForeName>Marie S</ForeName><Initials>MS</Initials><Suffix>2nd"
        '</Suffix><Identifier Source="ORCID">https://orcid.org/0000-0001-5028-369X</Identifier>'
        '<AffiliationInfo><Affiliation>Paris.</Affiliation><Identifier Source="ROR">x</Identifier></AffiliationInfo>'
        "<AffiliationInfo><Affiliation>Warsaw.</Affiliation></AffiliationInfo></Author>"
        '<Author ValidYN="N"><LastName>Misprint</LastName></Author>'
        "<Author><CollectiveName>The Radium <i>Group</i></CollectiveName></Author><Author><Suffix/></Author>"
        "</AuthorList>"
    )
    found = record(TITLE + authors)
    assert [author.name for author in found.authors] == ["Marie S Curie 2nd", "The Radium Group"]
    assert found.bibliography is not None
    assert found.bibliography["author_details"] == [
        {
            "family": "Curie",
            "given": "Marie S",
            "initials": "MS",
            "suffix": "2nd",
            "collective": None,
            "orcid": "0000-0001-5028-369X",
            "affiliations": ["Paris.", "Warsaw."],
        },
        {
            "family": None,
            "given": None,
            "initials": None,
            "suffix": None,
            "collective": "The Radium Group",
            "orcid": None,
            "affiliations": [],
        },
    ]


def test_the_affiliation_of_old_records_is_the_first_authors() -> None:
    authors = "<AuthorList><Author><LastName>A</LastName></Author><Author><LastName>B</LastName></Author></AuthorList>"
    found = said(TITLE + "<Affiliation>Here.</Affiliation>" + authors)
    assert [each["affiliations"] for each in found["author_details"]] == [["Here."], []]


def test_investigators_are_no_authors() -> None:
    investigators = (
        "<InvestigatorList><Investigator><LastName>Hill</LastName><ForeName>Bo</ForeName><AffiliationInfo><Affiliation>"
        "There.</Affiliation></AffiliationInfo></Investigator></InvestigatorList>"
    )
    found = record(citation=investigators)
    assert found.authors == []
    assert found.bibliography is not None
    [someone] = found.bibliography["investigators"]
    assert (someone["family"], someone["given"], someone["affiliations"]) == ("Hill", "Bo", ["There."])


# -- dates -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "value", "day"),
    [
        ("<Year>2024</Year><Month>Dec</Month><Day>5</Day>", "2024 Dec 5", date(2024, 12, 5)),
        ("<Year>2024</Year><Month>12</Month>", "2024 12", date(2024, 12, 1)),
        ("<Year>2024</Year>", "2024", date(2024, 1, 1)),
        ("<Year>2024</Year><Season>Fall</Season>", "2024 Fall", date(2024, 10, 1)),
        ("<MedlineDate>2023 Nov-Dec</MedlineDate>", "2023 Nov-Dec", date(2023, 11, 1)),
        ("<MedlineDate>1998 Dec-1999 Jan</MedlineDate>", "1998 Dec-1999 Jan", date(1998, 12, 1)),
        ("<MedlineDate>2000\n  Spring-Summer</MedlineDate>", "2000 Spring-Summer", date(2000, 4, 1)),
        ("<MedlineDate>undated</MedlineDate>", "undated", None),
    ],
)
def test_the_date_of_an_issue_has_many_forms(parts: str, value: str, day: date | None) -> None:
    issue = f"<Journal><JournalIssue><PubDate>{parts}</PubDate></JournalIssue></Journal>"
    found = record(TITLE + issue)
    assert found.bibliography is not None
    assert found.bibliography["dates"] == [{"kind": "issue", "value": value, "on": day}]
    assert found.published_on == day


def test_every_event_of_a_record_is_dated_and_none_needs_to_be_there() -> None:
    day = "<Year>2024</Year><Month>{}</Month><Day>02</Day>"
    found = record(
        TITLE + f'<ArticleDate DateType="Electronic">{day.format("03")}</ArticleDate>',
        f"<DateCompleted>{day.format('05')}</DateCompleted>",
        f'<History><PubMedPubDate PubStatus="received">{day.format("1")}</PubMedPubDate><PubMedPubDate '
        f'PubStatus="entrez">{day.format("4")}<Hour>6</Hour><Minute>0</Minute></PubMedPubDate></History>',
    )
    assert found.published_on == date(2024, 3, 2)
    assert found.bibliography is not None
    assert [(each["kind"], each["value"], each["on"]) for each in found.bibliography["dates"]] == [
        ("electronic", "2024 03 02", date(2024, 3, 2)),
        ("completed", "2024 05 02", date(2024, 5, 2)),
        ("received", "2024 1 02", date(2024, 1, 2)),
        ("entrez", "2024 4 02 6 0", date(2024, 4, 2)),
    ]
    revised = said(citation="<DateCreated/><DateRevised><Year>2025</Year></DateRevised>")["dates"]
    assert revised == [{"kind": "revised", "value": "2025", "on": date(2025, 1, 1)}]
    assert said()["dates"] == []


# -- identifiers -------------------------------------------------------------------------------------------------------


def test_identifiers_come_from_three_places_each_once_and_none_of_a_reference() -> None:
    found = record(
        TITLE
        + '<ELocationID EIdType="doi" ValidYN="Y">10.1/x</ELocationID><ELocationID EIdType="pii">e1</ELocationID>',
        '<OtherID Source="NLM">PMC7 [Available on 01/01/30]</OtherID><OtherID Source="KIE">33</OtherID>'
        '<OtherID Source="NLM">NIHMS5</OtherID>',
        '<ArticleIdList><ArticleId IdType="pubmed">1</ArticleId><ArticleId IdType="doi">10.1/x</ArticleId>'
        '<ArticleId IdType="mid">NIHMS6</ArticleId></ArticleIdList><ReferenceList><Reference><ArticleIdList>'
        '<ArticleId IdType="doi">10.1/other</ArticleId></ArticleIdList></Reference></ReferenceList>',
    )
    assert found.pmcid == "PMC7"
    assert found.bibliography is not None
    assert [(each["kind"], each["value"]) for each in found.bibliography["article_ids"]] == [
        ("pubmed", "1"), ("doi", "10.1/x"), ("mid", "NIHMS6"), ("pii", "e1"), ("pmc", "PMC7"), ("kie", "33"),
        ("nlm", "NIHMS5"),
    ]  # fmt: skip


# -- indexing ----------------------------------------------------------------------------------------------------------


def test_headings_keep_their_qualifiers_identifiers_and_major_flags() -> None:
    headings = (
        '<MeshHeadingList><MeshHeading><DescriptorName UI="D1" MajorTopicYN="N">Calcium</DescriptorName>'
        '<QualifierName UI="Q1" MajorTopicYN="Y">blood</QualifierName><QualifierName UI="Q2">analysis</QualifierName>'
        '</MeshHeading><MeshHeading><DescriptorName MajorTopicYN="Y">Humans</DescriptorName></MeshHeading>'
        "<MeshHeading/></MeshHeadingList>"
    )
    found = record(citation=headings)
    assert found.mesh == ["Calcium", "Humans"]
    assert found.bibliography is not None
    assert found.bibliography["mesh_headings"] == [
        {
            "descriptor": "Calcium",
            "ui": "D1",
            "is_major": False,
            "qualifiers": [
                {"name": "blood", "ui": "Q1", "is_major": True},
                {"name": "analysis", "ui": "Q2", "is_major": False},
            ],
        },
        {"descriptor": "Humans", "ui": None, "is_major": True, "qualifiers": []},
    ]


def test_supplementary_concepts_and_chemicals_keep_their_identifiers() -> None:
    found = said(
        citation='<SupplMeshList><SupplMeshName Type="Disease" UI="C1">Rare one</SupplMeshName></SupplMeshList>'
        "<ChemicalList><Chemical><RegistryNumber>0</RegistryNumber>"
        '<NameOfSubstance UI="D2">Proteins</NameOfSubstance></Chemical><Chemical/></ChemicalList>'
    )
    assert found["supplementary_concepts"] == [{"name": "Rare one", "ui": "C1", "kind": "Disease"}]
    assert found["chemicals"] == [{"name": "Proteins", "ui": "D2", "registry_number": "0"}]


def test_keywords_come_from_every_list_without_markup() -> None:
    lists = (
        '<KeywordList Owner="NOTNLM"><Keyword MajorTopicYN="N"><i>E. coli</i></Keyword></KeywordList>'
        '<KeywordList Owner="KIE"><Keyword>Ethics</Keyword></KeywordList>'
    )
    assert record(citation=lists).keywords == ["E. coli", "Ethics"]


# -- relations ---------------------------------------------------------------------------------------------------------


def test_grants_and_data_banks_are_kept() -> None:
    found = said(
        TITLE + "<GrantList><Grant><GrantID>R01</GrantID><Acronym>HL</Acronym><Agency>NHLBI</Agency>"
        "<Country>United States</Country></Grant><Grant><Agency>Wellcome</Agency></Grant><Grant/></GrantList>"
        "<DataBankList><DataBank><DataBankName>GENBANK</DataBankName><AccessionNumberList><AccessionNumber>AF1"
        "</AccessionNumber><AccessionNumber>AF2</AccessionNumber></AccessionNumberList></DataBank></DataBankList>"
    )
    assert found["grants"] == [
        {"id": "R01", "acronym": "HL", "agency": "NHLBI", "country": "United States"},
        {"id": None, "acronym": None, "agency": "Wellcome", "country": None},
    ]
    assert found["data_banks"] == [{"name": "GENBANK", "accessions": ["AF1", "AF2"]}]


def corrected(kind: str) -> str:
    return (
        f'<CommentsCorrectionsList><CommentsCorrections RefType="{kind}"><RefSource>J Sampl. 2025;1:2</RefSource>'
        '<PMID Version="1">99</PMID><Note>why</Note></CommentsCorrections></CommentsCorrectionsList>'
    )


def test_comments_and_corrections_keep_their_kind_source_pmid_and_note() -> None:
    assert said(citation=corrected("ErratumIn"))["corrections"] == [
        {"kind": "ErratumIn", "citation": "J Sampl. 2025;1:2", "pmid": "99", "note": "why"}
    ]


@pytest.mark.parametrize(
    ("kind", "types"),
    [
        ("RetractionIn", ["Journal Article", "Retracted Publication"]),
        ("RetractedandRepublishedIn", ["Journal Article", "Retracted Publication"]),
        ("RetractionOf", ["Journal Article"]),
        ("PartialRetractionIn", ["Journal Article"]),
        ("ExpressionOfConcernIn", ["Journal Article"]),
    ],
)
def test_a_record_that_names_the_notice_of_its_retraction_is_retracted(kind: str, types: list[str]) -> None:
    listed_types = "<PublicationTypeList><PublicationType>Journal Article</PublicationType></PublicationTypeList>"
    assert record(TITLE + listed_types, corrected(kind)).publication_types == types


def test_references_keep_citation_and_identifiers_also_in_lists_of_lists() -> None:
    reference = (
        "<Reference><Citation>One <i>et al</i>. 2001</Citation><ArticleIdList>"
        '<ArticleId IdType="pubmed">5</ArticleId><ArticleId IdType="doi">10.1/r</ArticleId></ArticleIdList></Reference>'
    )
    nested = f"<ReferenceList><Title>More</Title>{reference}<ReferenceList>{reference}</ReferenceList></ReferenceList>"
    found = said(data=f"<ReferenceList>{reference}<Reference/></ReferenceList>{nested}")["references"]
    assert found == 3 * [
        {
            "citation": "One et al. 2001",
            "identifiers": [{"kind": "pubmed", "value": "5"}, {"kind": "doi", "value": "10.1/r"}],
        }
    ]


def test_a_statement_of_conflicts_is_kept() -> None:
    assert said(citation="<CoiStatement>None <b>declared</b>.</CoiStatement>")["coi_statement"] == "None declared."


# -- book records ------------------------------------------------------------------------------------------------------

CHAPTER = (
    '<PubmedBookArticle><BookDocument><PMID Version="1">8</PMID><ArticleIdList><ArticleId IdType="bookaccession">NBK5'
    "</ArticleId></ArticleIdList><Book><Publisher><PublisherName>The Press</PublisherName><PublisherLocation>Here"
    '</PublisherLocation></Publisher><BookTitle book="b">The Book</BookTitle><PubDate><Year>1993</Year></PubDate>'
    '<AuthorList Type="editors"><Author><LastName>Ed</LastName><ForeName>Ann</ForeName></Author></AuthorList>'
    "<Volume>2</Volume><Edition>3rd</Edition><Isbn>1</Isbn><Isbn>2</Isbn></Book><ArticleTitle>A <i>chapter</i>"
    '</ArticleTitle><Language>eng</Language><AuthorList Type="authors"><Author><LastName>Au</LastName></Author>'
    "</AuthorList><Abstract><AbstractText>Text.</AbstractText><CopyrightInformation>©</CopyrightInformation></Abstract>"
    "<ContributionDate><Year>2001</Year><Month>3</Month><Day>5</Day></ContributionDate><DateRevised><Year>2020</Year>"
    "</DateRevised></BookDocument><PubmedBookData><History><PubMedPubDate PubStatus='pubmed'><Year>2002</Year>"
    "</PubMedPubDate></History><PublicationStatus>ppublish</PublicationStatus><ArticleIdList>"
    "<ArticleId IdType='pubmed'>8</ArticleId></ArticleIdList></PubmedBookData></PubmedBookArticle>"
)


def test_a_chapter_names_its_book() -> None:
    found = listed(CHAPTER)
    assert (found.title, found.journal, found.published_on) == ("A chapter", "The Book", date(2001, 3, 5))
    assert [author.name for author in found.authors] == ["Au"]
    told = found.bibliography
    assert told is not None
    assert told["book"] == {
        "title": "The Book",
        "accession": "NBK5",
        "publisher": "The Press",
        "place": "Here",
        "edition": "3rd",
        "isbns": ["1", "2"],
        "editors": ["Ann Ed"],
    }
    assert (told["title_markup"], told["volume"], told["languages"]) == ("A <i>chapter</i>", "2", ["eng"])
    assert (told["publication_status"], told["abstract_copyright"]) == ("ppublish", "©")
    assert [(each["kind"], each["value"]) for each in told["article_ids"]] == [
        ("bookaccession", "NBK5"),
        ("pubmed", "8"),
    ]
    assert [(each["kind"], each["value"]) for each in told["dates"]] == [
        ("issue", "1993"), ("contribution", "2001 3 5"), ("revised", "2020"), ("pubmed", "2002"),
    ]  # fmt: skip


def test_a_deletion_says_nothing_but_its_number() -> None:
    found = listed('<DeleteCitation><PMID Version="2">5</PMID></DeleteCitation>')
    assert (found.status, found.pmid, found.version, found.bibliography) == ("deleted", "5", "2", None)


# -- columns and memory ------------------------------------------------------------------------------------------------


def test_the_columns_of_a_day_say_what_the_records_say() -> None:
    content = (f"<PubmedArticleSet>{CHAPTER}<PubmedArticle><MedlineCitation><PMID>9</PMID><Article>{TITLE}</Article>"
               f"{corrected('ErratumIn')}</MedlineCitation></PubmedArticle></PubmedArticleSet>").encode()  # fmt: skip
    frame = read_day([(RAW, SOURCE.parse, io.BytesIO(content))]).details["bibliography"]
    assert frame.schema == DETAIL_SCHEMAS["bibliography"]
    rows = {row["source_id"]: row for row in frame.iter_rows(named=True)}
    for row in SOURCE.parse(io.BytesIO(content), RAW):
        assert isinstance(row, Record)
        assert row.bibliography is not None
        for name, value in row.bibliography.items():
            assert rows[str(row.source_id)][name] == (value or None), name


READ_IT = """
import re, sys
from datetime import UTC, date, datetime
from pathlib import Path
from assets.listings.parsed import parsed_batches
from assets.sources.base import RawObject
from assets.sources.pubmed.pubmed_xml import SOURCE

raw = RawObject("pubmed_xml", date(2025, 1, 1), "k", "0" * 64, 1, "x", datetime(2025, 1, 1, tzinfo=UTC))
batches = parsed_batches([(raw, getattr(SOURCE, sys.argv[2]), open(sys.argv[1], "rb"))])
rows = sum(batch.records.height for batch in batches)
# Not ru_maxrss: a child inherits that of the process that started it.
print(rows, re.search("VmHWM:[^0-9]*([0-9]+) kB", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells the peak of a process there")
@pytest.mark.parametrize("way", ["read", "parse"])
def test_a_large_file_is_read_in_bounded_memory(tmp_path: Path, way: str) -> None:
    """Each in a process of its own: 20 MB and 200 MB of XML, in records of 20 kB."""
    abstract = f"<Abstract><AbstractText>{'word ' * 4000}</AbstractText></Abstract>"
    peaks = []
    for records in (1_000, 10_000):
        path = tmp_path / f"{records}.xml"
        with path.open("w") as file:
            file.write("<PubmedArticleSet>")
            for number in range(1, records + 1):
                file.write(f"<PubmedArticle><MedlineCitation><PMID>{number}</PMID><Article><ArticleTitle>T {number}"
                           f"</ArticleTitle>{abstract}</Article></MedlineCitation></PubmedArticle>")  # fmt: skip
            file.write("</PubmedArticleSet>")
        command = [sys.executable, "-c", READ_IT, str(path), way]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PROJECT)
        path.unlink()
        rows, kilobytes = map(int, done.stdout.split())
        assert rows == records
        peaks.append(kilobytes / 1024)
    assert peaks[1] < 300
    assert peaks[1] - peaks[0] < 60
