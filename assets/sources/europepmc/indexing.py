"""What indexers and links add to a result of Europe PMC: MeSH, substances, grants, databases, corrections.

What does not belong here: what the authors wrote (`assets.sources.europepmc.records`).
"""

from __future__ import annotations

from collections.abc import Mapping

from assets.sources.bibliography import Chemical, Correction, DataBank, Grant, MeshHeading, Qualifier
from assets.sources.json_rows import mapping, text, texts

Entry = Mapping[str, object]


def mesh_headings(entry: Entry) -> list[MeshHeading]:
    """MeSH headings with their qualifiers; the service does not tell their identifiers."""
    return [
        MeshHeading(
            descriptor=name,
            ui=None,
            is_major=heading.get("majorTopic_YN") == "Y",
            qualifiers=[
                Qualifier(name=qualifier, ui=None, is_major=row.get("majorTopic_YN") == "Y")
                for row in listed(heading, "meshQualifierList", "meshQualifier")
                if (qualifier := text(row.get("qualifierName")))
            ],
        )
        for heading in listed(entry, "meshHeadingList", "meshHeading")
        if (name := text(heading.get("descriptorName")))
    ]


def chemicals(entry: Entry) -> list[Chemical]:
    """Substances with their registry numbers."""
    return [
        Chemical(name=name, ui=None, registry_number=text(row.get("registryNumber")))
        for row in listed(entry, "chemicalList", "chemical")
        if (name := text(row.get("name")))
    ]


def grants(entry: Entry) -> list[Grant]:
    """Grants in order."""
    rows = [
        Grant(
            id=text(row.get("grantId")), acronym=text(row.get("acronym")), agency=text(row.get("agency")), country=None
        )
        for row in listed(entry, "grantsList", "grant")
    ]
    return [row for row in rows if row["id"] or row["agency"]]


def data_banks(entry: Entry) -> list[DataBank]:
    """Databases that refer to the work; which of their records do is told by another service."""
    names = texts(mapping(entry.get("dbCrossReferenceList")).get("dbName"))
    return [DataBank(name=name, accessions=[]) for name in names]


def corrections(entry: Entry) -> list[Correction]:
    """Comments, corrections and, of preprints, the journal's version: "Erratum for" is PubMed's ``ErratumFor``."""
    rows: list[Correction] = []
    for row in listed(entry, "commentCorrectionList", "commentCorrection"):
        kind, other, source = (text(row.get(name)) for name in ("type", "id", "source"))
        if kind is None:
            continue
        told = text(row.get("reference")) or (f"{source}/{other}" if source and other else other)
        rows.append(
            Correction(
                kind="".join(word[:1].upper() + word[1:] for word in kind.split()),
                citation=told,
                pmid=other if source == "MED" else None,
                note=text(row.get("note")),
            )
        )
    return rows


def listed(entry: Entry, name: str, within: str) -> list[dict[str, object]]:
    """The objects of a list that stands in an object of its own: ``authorList: {author: [{…}]}``."""
    values = mapping(entry.get(name)).get(within)
    return [mapping(value) for value in (values if isinstance(values, list) else [values]) if isinstance(value, dict)]
