"""Which element of PubMed XML fills which cell of which table, for xml2arrow: native code from bytes to Arrow.

It reads records of the regular form alone: elements hold either text or elements, as they do in nine of ten. What it
would lose stands in tables of its own (`SIGNS`), so that such a record is read by `assets.sources.pubmed.records`
instead. What does not belong here: what the cells mean (`assets.sources.pubmed.tabular`).
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from xml2arrow import XmlToArrowParser

from assets.sources.pubmed.rows import Rows

_ROOT = "/s"
_RECORD = f"{_ROOT}/PubmedArticle"
_CITATION = f"{_RECORD}/MedlineCitation"
_ARTICLE = f"{_CITATION}/Article"
_DATA = f"{_RECORD}/PubmedData"

ISSUE_DATE = ("MedlineDate", "Year", "Season", "Month", "Day")
DATE = ("Year", "Month", "Day")
PERSON = ("LastName", "ForeName", "FirstName", "Initials", "Suffix", "CollectiveName", "Affiliation", "@ValidYN",
          "AffiliationInfo/Affiliation", "Identifier", "Identifier/@Source")  # fmt: skip

#: Table -> the element whose children are its rows, and its cells as paths from that element. Each row tells its place
#: among the rows of every table whose element it stands in: the columns ``<records>``, ``<authors>``, ….
TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "records": (_ROOT, ("PubmedArticle/PubmedData/PublicationStatus",)),
    "citation": (
        _CITATION,
        (
            "@Status", "@IndexingMethod", "PMID", "PMID/@Version", "CoiStatement", "OtherID", "OtherID/@Source",
            "MedlineJournalInfo/Country", "MedlineJournalInfo/MedlineTA", "MedlineJournalInfo/NlmUniqueID",
            "MedlineJournalInfo/ISSNLinking",
            *(f"{name}/{part}" for name in ("DateCreated", "DateCompleted", "DateRevised") for part in DATE),
        ),
    ),
    "article": (
        _ARTICLE,
        (
            "ArticleTitle", "VernacularTitle", "Affiliation", "Language",
            "Journal/Title", "Journal/ISOAbbreviation", "Journal/ISSN", "Journal/ISSN/@IssnType",
            "Journal/JournalIssue/Volume", "Journal/JournalIssue/Issue",
            *(f"Journal/JournalIssue/PubDate/{part}" for part in ISSUE_DATE),
            "Pagination/MedlinePgn", "Pagination/StartPage", "Pagination/EndPage",
            "ELocationID", "ELocationID/@EIdType", "ELocationID/@ValidYN",
            "ArticleDate/@DateType", *(f"ArticleDate/{part}" for part in DATE),
        ),
    ),
    "abstract": (
        f"{_ARTICLE}/Abstract",
        ("AbstractText", "AbstractText/@Label", "AbstractText/@NlmCategory", "CopyrightInformation"),
    ),
    "author_lists": (f"{_ARTICLE}/AuthorList", ()),
    "authors": (f"{_ARTICLE}/AuthorList/Author", PERSON),
    "types": (f"{_ARTICLE}/PublicationTypeList", ("PublicationType",)),
    "grants": (f"{_ARTICLE}/GrantList", ("Grant/GrantID", "Grant/Acronym", "Grant/Agency", "Grant/Country")),
    "investigator_lists": (f"{_CITATION}/InvestigatorList", ()),
    "investigators": (f"{_CITATION}/InvestigatorList/Investigator", PERSON),
    "data_bank_lists": (f"{_ARTICLE}/DataBankList", ()),
    "data_banks": (f"{_ARTICLE}/DataBankList/DataBank", ("DataBankName",)),
    "accessions": (f"{_ARTICLE}/DataBankList/DataBank/AccessionNumberList", ("AccessionNumber",)),
    "heading_lists": (f"{_CITATION}/MeshHeadingList", ()),
    "headings": (
        f"{_CITATION}/MeshHeadingList/MeshHeading",
        ("DescriptorName", "DescriptorName/@UI", "DescriptorName/@MajorTopicYN",
         "QualifierName", "QualifierName/@UI", "QualifierName/@MajorTopicYN"),
    ),
    "chemicals": (
        f"{_CITATION}/ChemicalList",
        ("Chemical/NameOfSubstance", "Chemical/NameOfSubstance/@UI", "Chemical/RegistryNumber"),
    ),
    "concepts": (f"{_CITATION}/SupplMeshList", ("SupplMeshName", "SupplMeshName/@UI", "SupplMeshName/@Type")),
    "corrections": (
        f"{_CITATION}/CommentsCorrectionsList",
        tuple(f"CommentsCorrections/{part}" for part in ("@RefType", "RefSource", "PMID", "Note")),
    ),
    "keywords": (f"{_CITATION}/KeywordList", ("Keyword",)),
    "ids": (f"{_DATA}/ArticleIdList", ("ArticleId", "ArticleId/@IdType", "ArticleId/@ValidYN")),
    "history": (
        f"{_DATA}/History",
        ("PubMedPubDate/@PubStatus",
         *(f"PubMedPubDate/{part}" for part in (*DATE, "Hour", "Minute", "Second"))),
    ),
    "reference_lists": (f"{_DATA}/ReferenceList", ()),
    "references": (f"{_DATA}/ReferenceList/Reference", ("Citation",)),
    "reference_ids": (
        f"{_DATA}/ReferenceList/Reference/ArticleIdList",
        ("ArticleId", "ArticleId/@IdType", "ArticleId/@ValidYN"),
    ),
}  # fmt: skip

#: A row here says that the record holds what these tables do not.
SIGNS: dict[str, tuple[str, tuple[str, ...]]] = {
    "other_abstracts": (f"{_CITATION}/OtherAbstract", ("AbstractText",)),
    "nested_references": (f"{_DATA}/ReferenceList/ReferenceList", ("Reference/Citation",)),
}


def read_tables(content: bytes) -> dict[str, Rows]:
    """Tables of whole records that stand under a root ``<s>``.

    Raises:
        xml2arrow.Xml2ArrowError: The bytes are not well-formed, or hold an entity that is not defined, or hold twice in
            one row what a cell holds once.
    """
    return {name: Rows(batch) for name, batch in _parser().parse(content).items()}


@cache
def _parser() -> XmlToArrowParser:
    """The parser of these tables; xml2arrow takes them as a file only."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tables.yaml"
        path.write_text(_config())
        return XmlToArrowParser(path)


def _config() -> str:
    tables = TABLES | SIGNS
    lines = ["tables:"]
    for name, (path, cells) in tables.items():
        levels = [other for other, (above, _) in tables.items() if f"{path}/".startswith(f"{above}/")]
        lines += [f"- name: {name}", f"  xml_path: {path}", f"  levels: [{', '.join(levels)}]"]
        lines += ["  fields:" if cells else "  fields: []"]
        for cell in cells:
            lines += [
                f"  - name: '{cell}'",
                f"    xml_path: '{path}/{cell}'",
                "    data_type: Utf8",
                "    nullable: true",
            ]
    return "\n".join(lines)
