"""The sources that Litlake knows: one module each, listed here once, in the order users see them."""

from dataclasses import replace

from assets.sources import biorxiv, csv_table, jsonl
from assets.sources.arxiv import arxiv
from assets.sources.base import Source
from assets.sources.europepmc import europepmc
from assets.sources.exports import bibtex, endnote, ris
from assets.sources.hf_papers import hf_papers, hf_papers_page
from assets.sources.jats import jats, pmc_oa
from assets.sources.pubmed import medline_text, pubmed_xml

#: PubMed asked over the network: the same XML as in files.
PUBMED = replace(
    pubmed_xml.SOURCE,
    name="pubmed",
    description="PubMed as its services list it, by query (pubmed) or as a mirror of its files (pubmed_files).",
)

SOURCES: tuple[Source, ...] = (
    hf_papers.SOURCE,
    PUBMED,
    arxiv.SOURCE,
    biorxiv.BIORXIV,
    biorxiv.MEDRXIV,
    europepmc.SOURCE,
    pmc_oa.SOURCE,
    pubmed_xml.SOURCE,
    medline_text.SOURCE,
    jats.SOURCE,
    hf_papers_page.SOURCE,
    jsonl.SOURCE,
    csv_table.SOURCE,
    ris.SOURCE,
    bibtex.SOURCE,
    endnote.SOURCE,
)

SOURCES_BY_NAME: dict[str, Source] = {source.name: source for source in SOURCES}
