"""Subjects, substances, grants and data banks of a MEDLINE record: values that hold several parts each.

What does not belong here: the tags that they stand under (`assets.sources.pubmed.medline_records`).
"""

from __future__ import annotations

from collections.abc import Iterable

from assets.sources.bibliography import Chemical, DataBank, Grant, MeshHeading


def headings(texts: Iterable[str]) -> list[MeshHeading]:
    """Headings as ``Descriptor/*qualifier/qualifier``; an asterisk marks what the article is mainly about."""
    listed: list[MeshHeading] = []
    for text in texts:
        descriptor, *qualifiers = (part.strip() for part in text.split("/"))
        name = descriptor.removeprefix("*")
        if name:
            listed.append(
                {
                    "descriptor": name,
                    "ui": None,
                    "is_major": descriptor.startswith("*"),
                    "qualifiers": [
                        {"name": part.removeprefix("*"), "ui": None, "is_major": part.startswith("*")}
                        for part in qualifiers
                        if part
                    ],
                }
            )
    return listed


def chemicals(texts: Iterable[str]) -> list[Chemical]:
    """Substances as ``EC 1.1.1.1 (An Enzyme)``: a registry number, "0" where there is none, and a name."""
    listed: list[Chemical] = []
    for text in texts:
        number, bracket, name = text.partition(" (")
        if not bracket:
            number, name = "", text
        named = name.removesuffix(")") if bracket else name
        listed.append({"name": named, "ui": None, "registry_number": number or None})
    return listed


def grant(text: str) -> Grant:
    """``R01 HL1/HL/NHLBI NIH HHS/United States``. A grant's own number may hold slashes, so it is read from its end."""
    parts = [part.strip() or None for part in text.split("/")]
    if len(parts) < 3:
        return {"id": text, "acronym": None, "agency": None, "country": None}
    *rest, agency, country = parts
    acronym = rest.pop() if len(rest) > 1 else None
    number = "/".join(part or "" for part in rest)
    return {"id": number or None, "acronym": acronym, "agency": agency, "country": country}


def data_banks(texts: Iterable[str]) -> list[DataBank]:
    """Accession numbers as ``GENBANK/AF123``, gathered by their bank."""
    banks: dict[str, list[str]] = {}
    for text in texts:
        name, _, accession = text.partition("/")
        banks.setdefault(name, []).extend([accession] if accession else [])
    return [{"name": name, "accessions": accessions} for name, accessions in banks.items()]
