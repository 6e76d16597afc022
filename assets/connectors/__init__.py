"""The listing services that Litlake can ask: one module each, listed here once, in the order users see them."""

from assets.connectors import arxiv_api, arxiv_oai, biorxiv, europepmc, hf_papers, pmc_oa, pubmed, pubmed_files
from assets.connectors.base import Connector

CONNECTORS: dict[str, Connector] = {
    connector.name: connector
    for connector in (
        hf_papers.CONNECTOR,
        hf_papers.PAGE_CONNECTOR,
        pubmed.CONNECTOR,
        pubmed_files.CONNECTOR,
        arxiv_oai.CONNECTOR,
        arxiv_api.CONNECTOR,
        biorxiv.BIORXIV,
        biorxiv.MEDRXIV,
        europepmc.CONNECTOR,
        pmc_oa.CONNECTOR,
    )
}
