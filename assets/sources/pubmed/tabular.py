"""Regular records of PubMed XML as columns, without an object a record: the fast way to what `….records` says.

Cells come from native code (`assets.sources.pubmed.tables`); here they become the columns that `read_article` would
fill, and whatever is rare, doubtful or to be refused is handed back for it to read. The two must agree on every
record, and a test says so. What does not belong here: which records are regular (`assets.sources.pubmed.regular`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from assets.sources.base import RawObject
from assets.sources.bibliography import BIBLIOGRAPHY_COLUMNS
from assets.sources.columns import RECORD_COLUMNS, Columns
from assets.sources.dates import publication_fault
from assets.sources.identifiers import normalise_arxiv, normalise_doi, normalise_orcid, normalise_pmcid, normalise_pmid
from assets.sources.languages import language_code
from assets.sources.pubmed.abstracts import NO_LABEL
from assets.sources.pubmed.events import CITATION_DATES, first_day
from assets.sources.pubmed.records import NO_TITLE, pubmed_url, status_of
from assets.sources.pubmed.relations import RETRACTING
from assets.sources.pubmed.rows import Rows, equals, first_of, joined, lists_of, mapped, struct_of, valid
from assets.sources.pubmed.tables import DATE, ISSUE_DATE, SIGNS, read_tables

_TEXT = pa.string()
_PERSON = {"family": "LastName", "given": "ForeName", "initials": "Initials", "suffix": "Suffix",
           "collective": "CollectiveName"}  # fmt: skip

_DETAILS = (*_PERSON, "orcid", "affiliations")

#: Tables with affiliations where they stood before 2015.
_WITH_AFFILIATION = ("article", "authors", "investigators")


def read_columns(contents: Sequence[bytes], indexes: Sequence[int], raw: RawObject) -> tuple[Columns, list[int]]:
    """Columns of regular ``PubmedArticle`` elements, and the places of those that have to be read one by one.

    Raises:
        xml2arrow.Xml2ArrowError: One of them is not well-formed, or holds twice what it should hold once.
    """
    run = _Run(read_tables(b"".join((b"<s>", *contents, b"</s>"))), len(contents))
    records, bibliography = run.records(), run.bibliography()
    slow = run.irregular() | _refused(records, raw)
    records["record_index"] = pa.array(indexes, pa.int64())
    kept = pl.Series(np.isin(np.arange(len(contents)), list(slow), invert=True))
    return (
        Columns(
            _frame(records, RECORD_COLUMNS, len(contents)).filter(kept),
            _frame(bibliography, BIBLIOGRAPHY_COLUMNS, len(contents), empty_lists=False).filter(kept),
        ),
        sorted(slow),
    )


def _frame(arrays: dict[str, Any], schema: dict[str, Any], height: int, *, empty_lists: bool = True) -> pl.DataFrame:
    columns: list[pl.Series] = []
    for name, kind in schema.items():
        if name not in arrays:
            nothing: list[Any] | None = [] if isinstance(kind, pl.List) and empty_lists else None
            columns.append(pl.Series(name, [nothing] * height, dtype=kind))
            continue
        array = arrays[name]
        if isinstance(kind, pl.List) and not empty_lists:
            empty = pc.equal(pc.list_value_length(array), 0)
            array = pa.LargeListArray.from_arrays(array.offsets, array.values, mask=empty)
        columns.append(cast(pl.Series, pl.from_arrow(array)).alias(name))
    return pl.DataFrame(columns)


def _refused(records: dict[str, Any], raw: RawObject) -> set[int]:
    """Records without a number or a title, or with a date that cannot be: the slow way says why."""
    days = records["published_on"]
    implausible = [day for day in days.unique().to_pylist() if publication_fault(day, raw)]
    late = pc.is_in(days, pa.array(implausible, pa.date32())).to_numpy(zero_copy_only=False)
    return set(np.flatnonzero(~valid(records["pmid"]) | ~valid(records["title"]) | late).tolist())


class _Run:
    """The tables of a run of records, and what the columns make of them."""

    def __init__(self, tables: dict[str, Rows], number: int) -> None:
        self._tables = tables
        self._number = number
        self._dates = self._every_date()
        self._people = self._everyone("author")
        self._ids = self._every_id()
        self._parts = self._every_part()
        self._languages = _once(self._texts("article", "Language"))
        self._abbreviation = pc.coalesce(
            self._cell("article", "Journal/ISOAbbreviation"), self._cell("citation", "MedlineJournalInfo/MedlineTA")
        )

    def _cell(self, table: str, name: str) -> Any:
        return self._tables[table].of(name, self._number)

    def _texts(self, table: str, name: str) -> Any:
        return self._tables[table].texts(name, self._number)

    def _lists(self, records: Any, items: Any) -> Any:
        return lists_of(records, items, self._number)

    # -- the two tables ------------------------------------------------------------------------------------------

    def records(self) -> dict[str, Any]:
        """What stands in the canonical columns."""
        english, vernacular = self._cell("article", "ArticleTitle"), self._cell("article", "VernacularTitle")
        named = pc.if_else(equals(english, NO_TITLE), pa.scalar(None, _TEXT), english)
        title = pc.coalesce(named, vernacular, english)
        pmid = mapped(normalise_pmid, self._cell("citation", "PMID"), _TEXT)
        version = self._cell("citation", "PMID/@Version")
        status = [
            status_of(name or "", number) for name, number in zip(title.to_pylist(), version.to_pylist(), strict=True)
        ]
        languages = cast(pl.Series, pl.from_arrow(self._languages)).list.first()
        people = self._people
        name = joined(pc.coalesce(people["given"], people["initials"]), people["family"], people["suffix"])
        first_place = cast(pl.Series, pl.from_arrow(people["affiliations"])).list.first()
        author = {
            "name": pc.coalesce(name, people["collective"]),
            "orcid": people["orcid"],
            "affiliation": first_place.to_arrow(compat_level=pl.CompatLevel.oldest()),
        }
        return {
            "source_id": pmid,
            "version": version,
            "status": pa.array(status, _TEXT),
            "title": title,
            **self._abstracts(),
            "authors": self._lists(people["record"], struct_of(author)),
            "journal": pc.coalesce(self._cell("article", "Journal/Title"), self._abbreviation),
            "published_on": self._published(),
            "language": pa.array([language_code(text) for text in languages], _TEXT),
            **self._identified(),
            "pmid": pmid,
            "publication_types": _once(self._texts("types", "PublicationType")),
            "mesh": _once(self._texts("headings", "DescriptorName")),
            "keywords": _once(self._texts("keywords", "Keyword")),
            "url": mapped(lambda text: pubmed_url(text) if text else None, pmid, _TEXT),
        }

    def bibliography(self) -> dict[str, Any]:
        """What stands beyond them."""
        number, people = self._number, self._people
        categories = self._parts["category"]
        with_any = np.isin(self._parts["record"], self._parts["record"][valid(categories)])
        pages = joined(
            self._cell("article", "Pagination/StartPage"), self._cell("article", "Pagination/EndPage"), by="-"
        )
        investigators = self._everyone("investigator")
        concept = {"name": "SupplMeshName", "ui": "SupplMeshName/@UI", "kind": "SupplMeshName/@Type"}
        chemical = {"name": "Chemical/NameOfSubstance", "ui": "Chemical/NameOfSubstance/@UI",
                    "registry_number": "Chemical/RegistryNumber"}  # fmt: skip
        grant = {
            "id": "Grant/GrantID",
            "acronym": "Grant/Acronym",
            "agency": "Grant/Agency",
            "country": "Grant/Country",
        }
        return {
            "vernacular_title": self._cell("article", "VernacularTitle"),
            "journal_abbreviation": self._abbreviation,
            "issn": self._cell("article", "Journal/ISSN"),
            "issn_kind": self._cell("article", "Journal/ISSN/@IssnType"),
            "issn_linking": self._cell("citation", "MedlineJournalInfo/ISSNLinking"),
            "nlm_id": self._cell("citation", "MedlineJournalInfo/NlmUniqueID"),
            "country": self._cell("citation", "MedlineJournalInfo/Country"),
            "volume": self._cell("article", "Journal/JournalIssue/Volume"),
            "issue": self._cell("article", "Journal/JournalIssue/Issue"),
            "pages": pc.coalesce(self._cell("article", "Pagination/MedlinePgn"), pages),
            "languages": self._languages,
            "article_ids": self._lists(self._ids["record"], struct_of(_fields(self._ids, "kind", "value"))),
            "dates": self._lists(self._dates["record"], struct_of(_fields(self._dates, "kind", "value", "on"))),
            "author_details": self._lists(people["record"], struct_of(_fields(people, *_DETAILS))),
            "investigators": self._lists(investigators["record"], struct_of(_fields(investigators, *_DETAILS))),
            "abstract_categories": self._lists(self._parts["record"][with_any], categories.filter(pa.array(with_any))),
            "abstract_copyright": self._cell("abstract", "CopyrightInformation"),
            "mesh_headings": self._headings(),
            "supplementary_concepts": self._tables["concepts"].structs(concept, number, needed=["SupplMeshName"]),
            "chemicals": self._tables["chemicals"].structs(chemical, number, needed=[chemical["name"]]),
            "grants": self._tables["grants"].structs(grant, number, needed=grant.values()),
            "data_banks": self._data_banks(),
            "corrections": self._corrections(),
            "references": self._references(),
            "coi_statement": self._cell("citation", "CoiStatement"),
            "medline_status": self._cell("citation", "@Status"),
            "indexing_method": self._cell("citation", "@IndexingMethod"),
            "publication_status": self._cell("records", "PubmedArticle/PubmedData/PublicationStatus"),
        }

    def irregular(self) -> set[int]:
        """Records that hold what these tables do not."""
        found = [self._tables[name].records for name in SIGNS]
        found += [self._tables[name].records[self._tables[name].has("Affiliation")] for name in _WITH_AFFILIATION]
        corrections, headings, references = (self._tables[name] for name in ("corrections", "headings", "references"))
        kinds = corrections.cells["CommentsCorrections/@RefType"]
        found.append(
            corrections.records[pc.is_in(kinds, pa.array(sorted(RETRACTING), _TEXT)).to_numpy(zero_copy_only=False)]
        )
        _, first_rows = np.unique(headings.records, return_index=True)
        found.append(headings.records[first_rows[~valid(headings.cells["DescriptorName"])[first_rows]]])
        lists = references.places["<reference_lists>"]
        again = (np.diff(lists) < 0) & (np.diff(references.records) == 0)
        again |= (
            (np.diff(lists) == 0)
            & (np.diff(references.places["<references>"]) <= 0)
            & (np.diff(references.records) == 0)
        )
        found.append(references.records[1:][again])
        return {record for records in found for record in records.tolist()}

    # -- what stands in several columns --------------------------------------------------------------------------

    def _every_part(self) -> dict[str, Any]:
        """The parts of abstracts that hold text."""
        rows = self._tables["abstract"]
        there = rows.has("AbstractText")
        text, label, category = (
            rows.cells[name].filter(pa.array(there))
            for name in ("AbstractText", "AbstractText/@Label", "AbstractText/@NlmCategory")
        )
        none = pa.array(NO_LABEL, _TEXT)
        named = [
            pc.if_else(pc.is_in(pc.utf8_upper(each), none), pa.scalar(None, _TEXT), each) for each in (label, category)
        ]
        return {"record": rows.records[there], "text": text, "label": pc.coalesce(*named), "category": category}

    def _abstracts(self) -> dict[str, Any]:
        parts = self._parts
        record, label, text = parts["record"], parts["label"], parts["text"]
        labelled = pc.if_else(pc.is_null(label), text, pc.binary_join_element_wise(label, text, pa.scalar(": ", _TEXT)))
        whole = cast(pl.Series, pl.from_arrow(self._lists(record, labelled))).list.join("\n\n").replace("", None)
        structured = np.bincount(record, minlength=self._number)[record] > 1
        structured |= np.isin(record, record[valid(label)])
        mask = pa.array(structured)
        sections = struct_of({"label": label.filter(mask), "text": text.filter(mask)})
        return {
            "abstract": whole.to_arrow(compat_level=pl.CompatLevel.oldest()),
            "abstract_sections": self._lists(record[structured], sections),
        }

    def _every_date(self) -> dict[str, Any]:
        """Every date, record by record in the order of `read_article`."""
        article, citation, history = (self._tables[name] for name in ("article", "citation", "history"))
        electronic = pc.coalesce(pc.utf8_lower(article.cells["ArticleDate/@DateType"]), pa.scalar("electronic", _TEXT))
        of_history = pc.coalesce(pc.utf8_lower(history.cells["PubMedPubDate/@PubStatus"]), pa.scalar("", _TEXT))
        found = [
            _dated(article, "issue", "Journal/JournalIssue/PubDate", ISSUE_DATE),
            _dated(article, electronic, "ArticleDate", DATE),
            *(_dated(citation, kind, name, DATE) for name, kind in CITATION_DATES),
            _dated(history, of_history, "PubMedPubDate", (*DATE, "Hour", "Minute", "Second")),
        ]
        dates = _together(found)
        return dates | {"on": mapped(first_day, dates["value"], pa.date32())}

    def _published(self) -> Any:
        """The first electronic date that names a day, else that of the issue."""
        kind, on, record = self._dates["kind"], self._dates["on"], self._dates["record"]
        days = []
        for name in ("electronic", "issue"):
            mask = equals(kind, name)
            days.append(first_of(record[mask.to_numpy(zero_copy_only=False)], on.filter(mask), self._number))
        return pc.coalesce(*days)

    def _everyone(self, role: str) -> dict[str, Any]:
        """One row an author or investigator."""
        rows = self._tables[f"{role}s"]
        place = rows.places[f"<{role}_lists>"]
        begins = np.ones(len(rows), bool)
        begins[1:] = (np.diff(rows.records) != 0) | (np.diff(place) != 0)
        person, number = np.cumsum(begins) - 1, int(begins.sum())
        there = rows.has("AffiliationInfo/Affiliation")
        places = rows.cells["AffiliationInfo/Affiliation"].filter(pa.array(there))
        by_orcid = equals(rows.cells["Identifier/@Source"], "ORCID")
        orcid = mapped(normalise_orcid, rows.cells["Identifier"].filter(by_orcid), _TEXT)
        found = {name: first_of(person, rows.cells[cell], number) for name, cell in _PERSON.items()}
        found["given"] = pc.coalesce(found["given"], first_of(person, rows.cells["FirstName"], number))
        found["orcid"] = first_of(person[by_orcid.to_numpy(zero_copy_only=False)], orcid, number)
        misprinted = equals(first_of(person, rows.cells["@ValidYN"], number), "N").to_numpy(zero_copy_only=False)
        kept = np.logical_or.reduce([valid(found[name]) for name in _PERSON]) & ~misprinted
        mask = pa.array(kept)
        affiliations = lists_of(person[there], places, number).filter(mask)
        people = {name: values.filter(mask) for name, values in found.items()}
        return people | {"affiliations": affiliations, "record": rows.records[begins][kept]}

    def _every_id(self) -> dict[str, Any]:
        """Every identifier of every record once, in the order of `relations.article_ids`."""
        others = self._tables["citation"]
        there = others.has("OtherID")
        mask = pa.array(there)
        value = others.cells["OtherID"].filter(mask)
        owner = pc.coalesce(others.cells["OtherID/@Source"].filter(mask), pa.scalar("other", _TEXT))
        of_pmc = pc.and_(pc.equal(owner, "NLM"), pc.starts_with(pc.utf8_upper(value), "PMC"))
        bare = pa.array([text.partition(" ")[0] for text in value.to_pylist()], _TEXT)
        found = [
            _identifiers(self._tables["ids"], "ArticleId", "@IdType"),
            _identifiers(self._tables["article"], "ELocationID", "@EIdType"),
            {
                "record": others.records[there],
                "kind": pc.if_else(of_pmc, pa.scalar("pmc", _TEXT), pc.utf8_lower(owner)),
                "value": pc.if_else(of_pmc, bare, value),
            },
        ]
        ids = _together(found)
        keys = zip(ids["record"].tolist(), ids["kind"].to_pylist(), ids["value"].to_pylist(), strict=True)
        once = {key: place for place, key in reversed(list(enumerate(keys)))}
        if len(once) < len(ids["record"]):
            at = np.sort(np.fromiter(once.values(), np.int64))
            ids = {name: values[at] if name == "record" else values.take(pa.array(at)) for name, values in ids.items()}
        return ids

    def _identified(self) -> dict[str, Any]:
        """The first valid DOI, PMCID and arXiv identifier of each record; see `relations.identified`."""
        found: tuple[list[str | None], ...] = tuple([None] * self._number for _ in range(3))
        names = self._ids["kind"].to_pylist(), self._ids["value"].to_pylist()
        for record, kind, value in zip(self._ids["record"].tolist(), *names, strict=True):
            if kind == "doi":
                found[0][record] = found[0][record] or normalise_doi(value)
            elif kind == "pmc":
                found[1][record] = found[1][record] or normalise_pmcid(value.partition(" ")[0])
            elif kind == "pii" and value[:6].lower() == "arxiv:" and (arxiv := normalise_arxiv(value)):
                found[2][record] = found[2][record] or arxiv.id
        for record, doi in enumerate(found[0]):
            if doi and "arxiv" in doi and found[2][record] is None and (arxiv := normalise_arxiv(doi)):
                found[2][record] = arxiv.id
        return {name: pa.array(values, _TEXT) for name, values in zip(("doi", "pmcid", "arxiv_id"), found, strict=True)}

    # -- lists with lists in them --------------------------------------------------------------------------------

    def _headings(self) -> Any:
        """Every descriptor with the qualifiers that follow it."""
        rows = self._tables["headings"]
        begins, follows = valid(rows.cells["DescriptorName"]), valid(rows.cells["QualifierName"])
        heading = np.maximum(np.cumsum(begins) - 1, 0)

        def named(name: str, mask: Any) -> dict[str, Any]:
            texts = {"": name, "ui": f"{name}/@UI", "is_major": f"{name}/@MajorTopicYN"}
            cells = {field: rows.cells[cell].filter(pa.array(mask)) for field, cell in texts.items()}
            return cells | {"is_major": equals(cells["is_major"], "Y")}

        descriptor, qualifier = named("DescriptorName", begins), named("QualifierName", follows)
        qualifiers = struct_of({"name": qualifier.pop(""), **qualifier})
        headings = struct_of(
            {
                "descriptor": descriptor.pop(""),
                **descriptor,
                "qualifiers": lists_of(heading[follows], qualifiers, int(begins.sum())),
            }
        )
        return self._lists(rows.records[begins], headings)

    def _corrections(self) -> Any:
        rows = self._tables["corrections"]
        kind, citation, number, note = (
            rows.cells[f"CommentsCorrections/{name}"] for name in ("@RefType", "RefSource", "PMID", "Note")
        )
        pmid = mapped(normalise_pmid, number, _TEXT)
        there = valid(citation) | valid(pmid) | valid(note)
        told = {"kind": pc.coalesce(kind, pa.scalar("", _TEXT)), "citation": citation, "pmid": pmid, "note": note}
        return self._lists(rows.records[there], struct_of(told).filter(pa.array(there)))

    def _data_banks(self) -> Any:
        rows, numbers = self._tables["data_banks"], self._tables["accessions"]
        there = numbers.has("AccessionNumber")
        banks, bank, of_numbers = _owners(rows, numbers, "<data_bank_lists>")
        name = first_of(bank, rows.cells["DataBankName"], len(banks))
        accessions = lists_of(of_numbers[there], numbers.cells["AccessionNumber"].filter(pa.array(there)), len(banks))
        kept = valid(name)
        told = struct_of({"name": name, "accessions": accessions}).filter(pa.array(kept))
        return self._lists(banks[kept], told)

    def _references(self) -> Any:
        rows, ids = self._tables["references"], self._tables["reference_ids"]
        cited, reference, of_ids = _owners(rows, ids, "<reference_lists>")
        there = ids.has("ArticleId") & _valid_ids(ids, "ArticleId")
        identifiers = _identifiers(ids, "ArticleId", "@IdType")
        listed = lists_of(of_ids[there], struct_of(_fields(identifiers, "kind", "value")), len(cited))
        citation = first_of(reference, rows.cells["Citation"], len(cited))
        kept = valid(citation) | (pc.list_value_length(listed).to_numpy() > 0)
        told = struct_of({"citation": citation, "identifiers": listed}).filter(pa.array(kept))
        return self._lists(cited[kept], told)


# -- rows --------------------------------------------------------------------------------------------------------------


def _fields(rows: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: rows[name] for name in names}


def _dated(rows: Rows, kind: Any, name: str, parts: Iterable[str]) -> dict[str, Any]:
    """Dates of one element, its parts in the order in which they stand."""
    cells = [f"{name}/{part}" for part in parts]
    there = rows.has(*cells)
    mask = pa.array(there)
    value = joined(*(rows.cells[cell].filter(mask) for cell in cells))
    named = pa.array([kind] * len(value), _TEXT) if isinstance(kind, str) else kind.filter(mask)
    return {"record": rows.records[there], "kind": named, "value": value}


def _owners(rows: Rows, inner: Rows, place: str) -> tuple[Any, Any, Any]:
    """The records of the elements that rows stand in; and whose each row is, and each row of a list within them."""
    keys = [each.records << 32 | each.places[place].astype(np.int64) for each in (rows, inner)]
    owners, of_rows = np.unique(keys[0], return_inverse=True)
    return owners >> 32, of_rows, np.searchsorted(owners, keys[1])


def _valid_ids(rows: Rows, name: str) -> Any:
    return ~equals(rows.cells[f"{name}/@ValidYN"], "N").to_numpy(zero_copy_only=False)


def _identifiers(rows: Rows, name: str, kind: str) -> dict[str, Any]:
    there = rows.has(name) & _valid_ids(rows, name)
    mask = pa.array(there)
    kinds = pc.coalesce(pc.utf8_lower(rows.cells[f"{name}/{kind}"].filter(mask)), pa.scalar("", _TEXT))
    return {"record": rows.records[there], "kind": kinds, "value": rows.cells[name].filter(mask)}


def _together(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Rows of several tables, record by record."""
    record = np.concatenate([rows["record"] for rows in found])
    order = np.argsort(record, kind="stable")
    at = pa.array(order)
    names = [name for name in found[0] if name != "record"]
    return {"record": record[order]} | {
        name: pa.concat_arrays([rows[name] for rows in found]).take(at) for name in names
    }


def _once(lists: Any) -> Any:
    """Each text of a list once."""
    unique = cast(pl.Series, pl.from_arrow(lists)).list.unique(maintain_order=True)
    return unique.to_arrow(compat_level=pl.CompatLevel.oldest())
