"""The sources that Litlake knows: one module each, listed here once, in the order users see them."""

from assets.sources import hf_papers_page, jsonl, pubmed_xml
from assets.sources.base import Source

SOURCES: tuple[Source, ...] = (pubmed_xml.SOURCE, hf_papers_page.SOURCE, jsonl.SOURCE)

SOURCES_BY_NAME: dict[str, Source] = {source.name: source for source in SOURCES}
