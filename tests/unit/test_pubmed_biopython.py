"""PubMed XML against Biopython: every field that both have, on every real record that both can read."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from assets.sources.base import RawObject, Record
from assets.sources.bibliography import Bibliography
from assets.sources.pubmed.pubmed_xml import SOURCE

RAW = RawObject("pubmed_xml", date(2025, 3, 14), "raw/x", "0" * 64, 1, "x.xml", datetime(2025, 3, 15, tzinfo=UTC))


def _files(shared: Path) -> Iterator[tuple[str, bytes]]:
    paths = [*(shared / "pubmed_xml").glob("*.xml.gz"), *(shared / "payloads" / "pubmed_efetch").glob("*.xml")]
    paths += (shared / "payloads" / "pubmed_daily_update").glob("*.xml*")
    for path in sorted(paths):
        yield path.name, gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def _plain(text: object) -> str | None:
    """Without the markup and the kinds of white space that Biopython leaves in; None for nothing."""
    return " ".join(re.sub(r"</?(?:i|b|u|sup|sub)>", "", str(text)).split()) or None if text is not None else None


def _attribute(element: Any, name: str) -> str | None:
    return element.attributes.get(name)


def _people_as_read(listed: Any) -> list[tuple[Any, ...]]:
    people = []
    if listed and not isinstance(listed[0], dict):  # a list of lists, by some document types
        listed = [author for part in listed for author in part]
    for author in listed:
        name = [_plain(author.get(part)) for part in ("LastName", "ForeName", "Initials", "Suffix", "CollectiveName")]
        orcids = [str(each) for each in author.get("Identifier", []) if _attribute(each, "Source") == "ORCID"]
        affiliations = [_plain(each["Affiliation"]) for each in author.get("AffiliationInfo", [])]
        if any(name) and _attribute(author, "ValidYN") != "N":
            people.append((*name, bool(orcids), [each for each in affiliations if each]))
    return people


def _people_of(listed: list[Any]) -> list[tuple[Any, ...]]:
    parts = ("family", "given", "initials", "suffix", "collective")
    return [
        (*(_plain(each[part]) for part in parts), each["orcid"] is not None, list(map(_plain, each["affiliations"])))
        for each in listed
    ]


def _dates_as_read(citation: Any, data: Any) -> list[tuple[str, str]]:
    def value(parts: Any) -> str:
        names = ("MedlineDate", "Year", "Season", "Month", "Day", "Hour", "Minute", "Second")
        return " ".join(str(parts[name]) for name in names if parts.get(name))

    article = citation["Article"]
    found = [("issue", value(article["Journal"]["JournalIssue"]["PubDate"]))]
    found += [((_attribute(day, "DateType") or "").lower(), value(day)) for day in article.get("ArticleDate", [])]
    for name in ("DateCreated", "DateCompleted", "DateRevised"):
        found += [(name.removeprefix("Date").lower(), value(citation[name]))] if citation.get(name) else []
    return found + [(_attribute(day, "PubStatus") or "", value(day)) for day in data.get("History", [])]


def _as_biopython_reads(entry: Any) -> dict[str, Any]:
    """What Biopython has of a record, in our shape."""
    citation, data = entry["MedlineCitation"], entry.get("PubmedData", {})
    article, journal, info = citation["Article"], citation["Article"]["Journal"], citation["MedlineJournalInfo"]
    flag = {"Y": True, "N": False, None: False}
    return {
        "journal_abbreviation": _plain(journal.get("ISOAbbreviation") or info.get("MedlineTA")),
        "issn": _plain(journal.get("ISSN")),
        "issn_kind": _attribute(journal["ISSN"], "IssnType") if "ISSN" in journal else None,
        "issn_linking": _plain(info.get("ISSNLinking")),
        "nlm_id": _plain(info.get("NlmUniqueID")),
        "country": _plain(info.get("Country")),
        "volume": _plain(journal["JournalIssue"].get("Volume")),
        "issue": _plain(journal["JournalIssue"].get("Issue")),
        "pages": _plain(article.get("Pagination", {}).get("MedlinePgn")),
        "languages": list(map(str, article["Language"])),
        "vernacular_title": _plain(article.get("VernacularTitle")),
        "abstract_copyright": _plain(article.get("Abstract", {}).get("CopyrightInformation")),
        "medline_status": _attribute(citation, "Status"),
        "indexing_method": _attribute(citation, "IndexingMethod"),
        "publication_status": _plain(data.get("PublicationStatus")),
        "coi_statement": _plain(citation.get("CoiStatement")),
        "author_details": _people_as_read(article.get("AuthorList", [])),
        "investigators": _people_as_read(citation.get("InvestigatorList", [])),
        "dates": _dates_as_read(citation, data),
        "mesh_headings": [
            (
                str(heading["DescriptorName"]),
                _attribute(heading["DescriptorName"], "UI"),
                flag[_attribute(heading["DescriptorName"], "MajorTopicYN")],
                [
                    (str(each), _attribute(each, "UI"), flag[_attribute(each, "MajorTopicYN")])
                    for each in heading["QualifierName"]
                ],
            )
            for heading in citation.get("MeshHeadingList", [])
        ],
        "chemicals": [
            (str(each["NameOfSubstance"]), _attribute(each["NameOfSubstance"], "UI"), str(each["RegistryNumber"]))
            for each in citation.get("ChemicalList", [])
        ],
        "supplementary_concepts": [
            (str(each), _attribute(each, "UI"), _attribute(each, "Type")) for each in citation.get("SupplMeshList", [])
        ],
        "grants": [
            tuple(_plain(each.get(part)) for part in ("GrantID", "Acronym", "Agency", "Country"))
            for each in article.get("GrantList", [])
        ],
        "data_banks": [
            (str(each["DataBankName"]), list(map(str, each.get("AccessionNumberList", []))))
            for each in article.get("DataBankList", [])
        ],
        "corrections": [
            (_attribute(each, "RefType"), *(_plain(each.get(part)) for part in ("RefSource", "PMID", "Note")))
            for each in citation.get("CommentsCorrectionsList", [])
        ],
        "references": [
            (
                _plain(each.get("Citation")),
                [(_attribute(id_, "IdType"), _plain(id_)) for id_ in each.get("ArticleIdList", [])],
            )
            for listed in data.get("ReferenceList", [])
            for each in (listed.get("Reference", []) if isinstance(listed, dict) else listed)
        ],
        "other_abstracts": [
            (_attribute(each, "Language"), _attribute(each, "Type"))
            for each in citation.get("OtherAbstract", [])
            if str(each["AbstractText"][0]) != "Abstract available from the publisher."
        ],
    }  # fmt: skip


def _as_we_read(told: Bibliography) -> dict[str, Any]:
    """The same of our own reading."""
    rows: dict[str, Any] = dict(told)
    shown = {name: _plain(rows.get(name)) for name in _TEXTS}
    shown |= {
        "languages": rows["languages"],
        "author_details": _people_of(rows.get("author_details", [])),
        "investigators": _people_of(rows.get("investigators", [])),
        "dates": [(each["kind"], each["value"]) for each in rows["dates"]],
        "mesh_headings": [
            (each["descriptor"], each["ui"], each["is_major"], [tuple(part.values()) for part in each["qualifiers"]])
            for each in rows["mesh_headings"]
        ],
        "corrections": [
            (each["kind"], _plain(each["citation"]), each["pmid"], each["note"]) for each in rows["corrections"]
        ],
        "references": [
            (_plain(each["citation"]), [(id_["kind"], id_["value"]) for id_ in each["identifiers"]])
            for each in rows.get("references", [])
        ],
        "other_abstracts": [(each["language"], each["kind"]) for each in rows.get("other_abstracts", [])],
    }  # fmt: skip
    for name in ("chemicals", "supplementary_concepts", "grants", "data_banks"):
        shown[name] = [tuple(each.values()) for each in rows.get(name, [])]
    return shown


_TEXTS = ("journal_abbreviation", "issn", "issn_kind", "issn_linking", "nlm_id", "country", "volume", "issue", "pages",
          "vernacular_title", "abstract_copyright", "medline_status", "indexing_method", "publication_status",
          "coi_statement")  # fmt: skip


#: Stands in where a file names none that Biopython brings along: it would ask the network for it.
STAND_IN = (
    b'<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" '
    b'"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">'
)


def _with_bundled_doctype(content: bytes) -> tuple[bytes, bool]:
    """A file as Biopython can read it, and whether that took another document type, which knows no DateCreated."""
    from Bio import Entrez

    bundled = {path.name for path in (Path(Entrez.__file__).parent / "DTDs").iterdir()}
    doctype = re.search(rb'<!DOCTYPE PubmedArticleSet[^>]*"https://[^">]*/([^">/]+)"\s*>', content[:2000])
    if doctype and doctype[1].decode() in bundled:
        return content, False
    body = re.sub(
        rb"<!DOCTYPE[^>\[]*(\[.*?\]\s*)?>", b"", content.removeprefix(b"\xef\xbb\xbf").lstrip(), flags=re.DOTALL
    )
    if not body.startswith(b"<?xml"):
        body = b'<?xml version="1.0" encoding="utf-8"?>' + body
    return body.replace(b"?>", b"?>" + STAND_IN, 1), True


def _biopython_records(content: bytes) -> list[Any] | None:
    """Its records; None for what it cannot read: old forms, bare citations, damage."""
    from Bio import Entrez

    try:
        read = Entrez.read(io.BytesIO(content), validate=False)  # type: ignore[no-untyped-call]
    except (ValueError, RuntimeError, Entrez.Parser.NotXMLError):
        return None
    return [entry for entry in read.get("PubmedArticle", []) if entry]


@pytest.mark.shared
def test_every_field_that_biopython_reads_is_the_same_on_every_real_record(shared: Path) -> None:
    compared, differences = 0, []
    for name, content in _files(shared):
        readable, is_stand_in = _with_bundled_doctype(content)
        theirs = _biopython_records(readable)
        if not theirs:
            continue
        rows = [row for row in SOURCE.parse(io.BytesIO(content), RAW) if isinstance(row, Record) and row.bibliography]
        ours = [row for row in rows if row.bibliography and "book" not in row.bibliography]
        assert len(ours) == len(theirs), name
        for row, entry in zip(ours, theirs, strict=True):
            assert row.bibliography
            read, expected = _as_we_read(row.bibliography), _as_biopython_reads(entry)
            if is_stand_in:
                read["dates"] = [each for each in read["dates"] if each[0] != "created"]
            differences += [
                (name, row.pmid, key, read[key], expected[key]) for key in expected if read[key] != expected[key]
            ]
            compared += 1
    assert not differences, (len(differences), differences[:3])
    assert compared > 880
