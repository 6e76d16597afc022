"""The connector ``pmc_oa``: articles of PMC's public bucket, by name, by prefix or by PMC's daily inventory.

The layout is that of the bucket's own README (https://pmc-oa-opendata.s3.amazonaws.com/README.txt, November 2026):
``metadata/PMC1.1.json`` for each article version with the addresses and MD5 sums of its objects, ``PMC1.1/PMC1.1.xml``
for its text, and an inventory of all metadata objects with the day of their last change, written once a day and kept
for 30 days. A metadata object changes whenever any object of its article does.

For each article version two objects are asked for: its metadata, which steer, and its XML, which is a record. Metadata
are a record, too, where they say what the XML may not: a retraction, or that there is no XML. What does not belong
here: listings and inventories (`assets.connectors.pmc_oa_lists`), what a record says (`assets.sources.jats.pmc_oa`).
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import orjson
from pydantic import Field, field_validator, model_validator

from assets.connectors.base import Connector, PageFault, QueryConfig, Response, Step, Understood
from assets.connectors.pmc_oa_lists import (
    BUCKET,
    ENDPOINT,
    article_listing,
    inventory_listing,
    md5_of,
    next_article,
    prefix_listing,
    read_data,
    read_inventories,
    read_manifest,
    read_prefix,
    read_versions,
)

_NAMED = re.compile(r"PMC([1-9][0-9]{0,9})(\.[1-9][0-9]{0,3})?")
_MAX_METADATA_BYTES = 16 * 1024 * 1024
_HEAD_BYTES = 64 * 1024


class PmcOaConfig(QueryConfig):
    """Which articles: those named, those under a prefix, or (neither given) all in the inventory."""

    look_back: int = Field(
        2,
        ge=0,
        le=60,
        description="Days after its own for which a day is fetched again, once a day: the inventory lags the bucket.",
    )
    max_pages: int = Field(100_000, ge=1, description="Most responses of one day: two an article, and the lists.")
    pmcids: tuple[str, ...] = Field(
        (), max_length=20_000, description="Articles by PMCID, PMC123 for all of its versions or PMC123.2 for one."
    )
    prefix: str | None = Field(
        None, pattern=r"^PMC[0-9]{0,10}$", description="What the PMCIDs begin with, listed from the bucket itself."
    )
    any_day: bool = Field(
        False, description="With a prefix: take articles whatever the day of their last change (a first fill)."
    )

    @field_validator("pmcids")
    @classmethod
    def _names(cls, pmcids: tuple[str, ...]) -> tuple[str, ...]:
        named = tuple(dict.fromkeys(pmcid.strip().upper() for pmcid in pmcids))
        for pmcid in named:
            if not _NAMED.fullmatch(pmcid):
                raise ValueError(f"{pmcid!r} is no PMCID such as PMC123 or PMC123.2")
        return named

    @model_validator(mode="after")
    def _one_way(self) -> PmcOaConfig:
        if self.pmcids and self.prefix is not None:
            raise ValueError("name articles by pmcids or by prefix, not both")
        if self.any_day and self.prefix is None:
            raise ValueError("any_day needs a prefix: the whole inventory is millions of articles")
        return self


def first(config: PmcOaConfig, day: date) -> Step:
    """The first request of a day; see `assets.connectors.base.Connector`."""
    if config.pmcids:
        return article_listing(config.pmcids[0], 0)
    return inventory_listing() if config.prefix is None else prefix_listing(config.prefix, 1)


def read(config: PmcOaConfig, day: date, step: Step, response: Response) -> Understood:
    """What one response says; see `assets.connectors.base.Connector`."""
    match step.memo["reads"]:
        case "versions":
            return read_versions(config.pmcids, step, response)
        case "prefix":
            return read_prefix(None if config.any_day else day, step, response)
        case "inventories":
            return read_inventories(day, step, response)
        case "manifest":
            return read_manifest(step, response)
        case "data":
            return read_data(day, step, response)
        case "metadata":
            return _read_metadata(config, step, response)
        case _:
            return _read_article(config, step, response)


def _read_metadata(config: PmcOaConfig, step: Step, response: Response) -> Understood:
    name = step.memo["article"]
    entry = _json_object(response)
    said = f"{entry.get('pmcid')}.{entry.get('version')}"
    if said != name:
        raise PageFault("wrong_page", f"the metadata of {name} are those of {said}")
    retracted = entry.get("is_retracted") is True
    path, md5 = _xml_of(entry, name)
    if path is None:
        return Understood("records", ids=(name,), next=next_article(step, config.pmcids))
    memo = {**step.memo, "reads": "article", "md5": md5}
    following = Step(ENDPOINT.name, path, accept="xml", part=step.part, memo=memo)
    # Counted is the article; that its metadata are listed beside it is no article more.
    return Understood("records" if retracted else "control", next=following)


def _xml_of(entry: dict[str, Any], name: str) -> tuple[str | None, str | None]:
    """Path of an article's XML and its MD5 in hex, if the metadata tell; no path where they say that it has none."""
    usual = f"/{name}/{name}.xml"
    if "xml_url" not in entry:
        return usual, None  # by the README every version has one; where it lies follows from the name
    url = entry["xml_url"]
    if not url:
        return None, None
    address, _, query = str(url).partition("?")
    if address != f"s3://{BUCKET}{usual}":
        raise PageFault("wrong_page", f"the metadata of {name} name another place for its XML: {str(url)[:200]!r}")
    md5 = re.fullmatch(r"(?:.*&)?md5=([0-9a-fA-F]{32})(?:&.*)?", query)
    return usual, md5[1].lower() if md5 else None


def _read_article(config: PmcOaConfig, step: Step, response: Response) -> Understood:
    name, md5 = step.memo["article"], step.memo.get("md5")
    head = response.body.read(_HEAD_BYTES)
    response.body.seek(0)
    if not head.strip():
        raise PageFault("empty_body", f"the XML of {name} is empty")
    if re.match(rb"\s*<(?:!doctype\s+)?html\b", head, re.IGNORECASE):
        raise PageFault("html_page", f"an HTML page in place of the XML of {name}")
    if not re.search(rb"<(?:[\w.-]+:)?article[\s>]", head):
        raise PageFault("wrong_page", f"the XML of {name} holds no article")
    if md5 is not None and md5_of(response) != md5:
        if step.memo.get("again"):
            raise PageFault("wrong_checksum", f"the XML of {name} has another MD5 sum than its metadata say")
        # The article may have changed since its metadata were read: they are asked once more before this is a fault.
        memo = {**{key: value for key, value in step.memo.items() if key != "md5"}, "reads": "metadata", "again": True}
        return Understood("control", next=Step(ENDPOINT.name, f"/metadata/{name}.json", part=step.part, memo=memo))
    return Understood("records", ids=(name,), next=next_article(step, config.pmcids))


def _json_object(response: Response) -> dict[str, Any]:
    content = response.body.read(_MAX_METADATA_BYTES + 1)
    if not content.strip():
        raise PageFault("empty_body", "an empty answer in place of metadata")
    if content.lstrip()[:1] == b"<":
        raise PageFault("html_page", "markup in place of JSON metadata")
    try:
        entry = orjson.loads(content)
    except orjson.JSONDecodeError as fault:
        raise PageFault("unreadable_page", f"the metadata are no JSON: {fault}") from fault
    if not isinstance(entry, dict):
        raise PageFault("wrong_page", "the metadata are no JSON object")
    return entry


CONNECTOR = Connector(
    name="pmc_oa",
    source="pmc_oa",
    description="Open full texts of PubMed Central with their licence and retraction status, from NLM's public bucket.",
    day="Article versions of which any object was last changed on that day (UTC), as the newest inventory or the "
    "listing says; articles asked for by name are fetched whatever their day.",
    config=PmcOaConfig,
    endpoints=(ENDPOINT,),
    first=first,
    read=read,
)
