"""Which article versions PMC's bucket holds: S3 listings, inventories, and the queue of articles still to be fetched.

A list is read page by page. The articles that a page names travel in the memo of the steps that fetch them, as
differences of ascending numbers (``"10000002 1 2.3"`` for PMC10000002.1, PMC10000003.1 and PMC10000005.3), and only
when they are done is the next page asked for. An inventory is one file of millions of rows and is read anew for every
`BATCH` articles of a day: most days need it once. What does not belong here: the articles themselves
(`assets.connectors.pmc_oa`).
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

import orjson
from lxml import etree

from assets.connectors.base import Endpoint, PageFault, Response, Step, Understood
from assets.sources.streams import lines, open_stream

BUCKET = "pmc-oa-opendata"
ENDPOINT = Endpoint(
    name="pmc_oa",
    url="https://pmc-oa-opendata.s3.amazonaws.com",
    seconds_between=0.1,
    source="no limit is published; a tenth of a second is ours, far below what S3 allows for one prefix",
)

#: Most articles of an inventory that one step carries; about 16 kB of memo.
BATCH = 4_000

INVENTORIES = "inventory-reports/pmc-oa-opendata/metadata/"
_INVENTORY = re.compile(re.escape(INVENTORIES) + r"(\d{4}-\d{2}-\d{2})T(\d{2}-\d{2})Z/")
_METADATA = re.compile(r"metadata(?:/|%2F)PMC([1-9][0-9]{0,9})\.([1-9][0-9]{0,3})\.json")
_VERSION = re.compile(r"(PMC[1-9][0-9]{0,9}\.[1-9][0-9]{0,3})/")
_MAX_LIST_BYTES = 16 * 1024 * 1024

#: Order of the columns in the README's example. A manifest that names its columns is believed instead.
_COLUMNS = ("Bucket", "Key", "LastModifiedDate", "ETag")

Version = tuple[int, int]  # PMCID without its letters, version


# -- the queue ---------------------------------------------------------------------------------------------------------


def queue(versions: Iterable[Version]) -> str:
    """Article versions as text that a memo can carry: ascending, as differences."""
    tokens, before = [], 0
    for number, version in sorted(set(versions)):
        tokens.append(f"{number - before}" if version == 1 else f"{number - before}.{version}")
        before = number
    return " ".join(tokens)


def next_article(step: Step, pmcids: tuple[str, ...]) -> Step | None:
    """The request that follows an article: the next in the queue, else the page that follows its list, else none."""
    memo = step.memo
    if not memo["queue"]:
        return _after_list(memo["then"], pmcids)
    token, _, rest = memo["queue"].partition(" ")
    difference, _, version = token.partition(".")
    number = memo["at"] + int(difference)
    name = f"PMC{number}.{version or 1}"
    following = {"reads": "metadata", "article": name, "at": number, "queue": rest, "then": memo["then"]}
    return Step(ENDPOINT.name, f"/metadata/{name}.json", part=step.part, memo=following)


def _start(
    step: Step, versions: list[Version], then: dict[str, Any] | None, pmcids: tuple[str, ...] = ()
) -> Step | None:
    memo = {"at": 0, "queue": queue(versions), "then": then}
    return next_article(Step(step.endpoint, step.path, part=step.part, memo=memo), pmcids)


def _after_list(then: dict[str, Any] | None, pmcids: tuple[str, ...]) -> Step | None:
    if then is None:
        return None
    if "named" in then:
        return article_listing(pmcids[then["named"]], then["named"]) if then["named"] < len(pmcids) else None
    if "prefix" in then:
        return prefix_listing(then["prefix"], then["page"], then["token"])
    return _data_or_manifest(then)


# -- articles by name --------------------------------------------------------------------------------------------------


def article_listing(pmcid: str, position: int) -> Step:
    """Asks for the versions of one named article; ``position`` is its place among the names."""
    prefix = f"{pmcid}/" if "." in pmcid else f"{pmcid}."
    params = (("list-type", "2"), ("prefix", prefix), ("delimiter", "/" if "." not in pmcid else ""))
    memo = {"reads": "versions", "named": position}
    return Step(ENDPOINT.name, "/", tuple(pair for pair in params if pair[1]), "xml", part=pmcid, memo=memo)


def read_versions(pmcids: tuple[str, ...], step: Step, response: Response) -> Understood:
    """The versions of a named article; without any, the article is absent."""
    listing = _Listing(response)
    named = [_VERSION.match(prefix) for prefix in (*listing.prefixes, *listing.keys)]
    wanted = step.part if "." in step.part else f"{step.part}."
    versions = [_version(found[1]) for found in named if found and f"{found[1]}".startswith(wanted)]
    if "." in step.part:
        versions = [version for version in versions if f"PMC{version[0]}.{version[1]}" == step.part]
    then = {"named": step.memo["named"] + 1}
    following = _start(step, versions, then, pmcids)
    if not versions:
        return Understood("control", announced=1, absent=(step.part,), next=following)
    return Understood("control", announced=len(set(versions)), next=following)


def _version(name: str) -> Version:
    number, _, version = name.removeprefix("PMC").partition(".")
    return int(number), int(version)


# -- articles by prefix ------------------------------------------------------------------------------------------------


def prefix_listing(prefix: str, page: int, token: str | None = None) -> Step:
    """Asks for a page of the metadata objects under a prefix."""
    params = [("list-type", "2"), ("prefix", f"metadata/{prefix}")]
    if token is not None:
        params.append(("continuation-token", token))
    memo = {"reads": "prefix", "prefix": prefix, "page": page, "token": token}
    return Step(ENDPOINT.name, "/", tuple(params), "xml", part=f"{prefix} page {page}", memo=memo)


def read_prefix(day: date | None, step: Step, response: Response) -> Understood:
    """The article versions of a page that were changed on a day, or all of them."""
    listing, memo = _Listing(response), step.memo
    if listing.token is not None and listing.token == memo["token"]:
        raise PageFault("repeated_token", f"page {memo['page']} of the listing leads to itself", then="restart")
    versions = [
        (int(key[1]), int(key[2]))
        for key, changed in ((_METADATA.fullmatch(key), changed) for key, changed in listing.changed())
        if key and (day is None or changed.startswith(day.isoformat()))
    ]
    then = None
    if listing.token is not None:
        then = {"prefix": memo["prefix"], "page": memo["page"] + 1, "token": listing.token}
    return Understood("control", announced=len(versions), next=_start(step, versions, then))


# -- articles by inventory ---------------------------------------------------------------------------------------------


def inventory_listing(token: str | None = None, newest: str = "") -> Step:
    """Asks which inventories there are."""
    params = [("list-type", "2"), ("prefix", INVENTORIES), ("delimiter", "/")]
    if token is not None:
        params.append(("continuation-token", token))
    memo = {"reads": "inventories", "token": token, "newest": newest}
    return Step(ENDPOINT.name, "/", tuple(params), "xml", part="inventory", memo=memo)


def read_inventories(day: date, step: Step, response: Response) -> Understood:
    """Leads to the newest inventory, if it was written after the day ended."""
    listing = _Listing(response)
    if listing.token is not None and listing.token == step.memo["token"]:
        raise PageFault("repeated_token", "the listing of inventories leads to itself", then="restart")
    newest = max((step.memo["newest"], *filter(_INVENTORY.fullmatch, listing.prefixes)))
    if listing.token is not None:
        return Understood("control", next=inventory_listing(listing.token, newest))
    found = _INVENTORY.fullmatch(newest)
    if found is None:
        raise PageFault("wrong_page", f"no inventory is listed under {INVENTORIES}", then="fail")
    if found[1] < (day + timedelta(days=1)).isoformat():
        detail = f"the newest inventory is of {found[1]} and cannot hold all of {day}; fetch the day later"
        raise PageFault("not_yet_listed", detail, then="fail")
    return Understood("control", next=_manifest(newest, 0))


def _manifest(inventory: str, number: int) -> Step:
    memo = {"reads": "manifest", "inventory": inventory, "file": number}
    return Step(ENDPOINT.name, f"/{inventory}manifest.json", part="inventory", memo=memo)


def read_manifest(step: Step, response: Response) -> Understood:
    """Leads to a data file of an inventory."""
    content = response.body.read(_MAX_LIST_BYTES)
    try:
        manifest = orjson.loads(content)
        files, number = manifest["files"], step.memo["file"]
        schema = [name.strip() for name in manifest.get("fileSchema", ", ".join(_COLUMNS)).split(",")]
        key, md5 = str(files[number]["key"]), files[number].get("MD5checksum")
        columns = [schema.index("Key"), schema.index("LastModifiedDate")]
        kind = str(manifest.get("fileFormat", "CSV"))
    except (orjson.JSONDecodeError, LookupError, TypeError, ValueError, AttributeError) as fault:
        raise PageFault("unreadable_page", f"the manifest of the inventory cannot be read: {fault!r}") from fault
    if kind != "CSV" or not re.fullmatch(re.escape(INVENTORIES) + r"[\w./-]+", key) or ".." in key:
        raise PageFault("wrong_page", f"the inventory's file {key[:200]!r} in format {kind[:20]!r} is none to be read")
    then = {
        "inventory": step.memo["inventory"], "file": number, "files": len(files), "key": key,
        "md5": md5 if isinstance(md5, str) else None, "columns": columns, "taken": 0,
    }  # fmt: skip
    return Understood("control", next=_data_or_manifest(then))


def _data_or_manifest(then: dict[str, Any]) -> Step | None:
    """The same data file again where it holds more of the day, else the next file of the inventory, else the end."""
    if not then.get("done"):
        memo = {"reads": "data", **then}
        return Step(ENDPOINT.name, f"/{then['key']}", accept="binary", part=f"inventory file {then['file']}", memo=memo)
    return _manifest(then["inventory"], then["file"] + 1) if then["file"] + 1 < then["files"] else None


def read_data(day: date, step: Step, response: Response) -> Understood:
    """The article versions of a data file that were changed on a day, from where the last batch ended."""
    memo = step.memo
    if response.size == 0:
        raise PageFault("empty_body", "a file of the inventory is empty")
    if memo["md5"] is not None and md5_of(response) != memo["md5"].lower():
        raise PageFault("wrong_checksum", "a file of the inventory has another MD5 sum than its manifest says")
    batch: list[Version] = []
    total = 0
    for version in _changed_on(day, response, memo["columns"]):
        if memo["taken"] <= total < memo["taken"] + BATCH:
            batch.append(version)
        total += 1
    taken = memo["taken"] + len(batch)
    then = {**{key: value for key, value in memo.items() if key != "reads"}, "taken": taken, "done": taken >= total}
    return Understood("control", announced=total, next=_start(step, batch, then))


def _changed_on(day: date, response: Response, columns: list[int]) -> Iterator[Version]:
    key_at, changed_at = columns
    shown = day.isoformat()
    mark = shown.encode()
    for line in lines(open_stream(response.body, response.size)):
        if line.damaged is not None or line.too_long:
            fault = line.damaged or f"line {line.number} is too long"
            raise PageFault("unreadable_page", f"a file of the inventory: {fault}")
        if mark not in line.content:  # nearly all rows, and the rest of this is slow
            continue
        try:
            row = next(csv.reader([line.content.decode("utf-8", errors="replace")]))
            key, changed = _METADATA.fullmatch(row[key_at]), row[changed_at]
        except (csv.Error, StopIteration, IndexError) as fault:
            raise PageFault("unreadable_page", f"line {line.number} of a file of the inventory: {fault!r}") from fault
        if key and changed.startswith(shown):
            yield int(key[1]), int(key[2])


def md5_of(response: Response) -> str:
    """The MD5 sum of a body in hex; the body stands at its start again."""
    digest = hashlib.md5(usedforsecurity=False)
    while block := response.body.read(1024 * 1024):
        digest.update(block)
    response.body.seek(0)
    return digest.hexdigest()


# -- S3 ----------------------------------------------------------------------------------------------------------------


class _Listing:
    """A page of ListObjectsV2.

    Attributes:
        keys: Of the objects, in order.
        prefixes: Common prefixes, where a delimiter was given.
        token: Leads to the next page; None on the last.
    """

    def __init__(self, response: Response) -> None:
        root = _listing_root(response)
        self.prefixes = [found.text or "" for found in root.iterfind("{*}CommonPrefixes/{*}Prefix")]
        contents = [*root.iterfind("{*}Contents")]
        self._changed = [(one.findtext("{*}Key") or "", one.findtext("{*}LastModified") or "") for one in contents]
        self.keys = [key for key, _ in self._changed]
        stated = root.findtext("{*}KeyCount")
        if stated is not None and stated != str(len(self.keys) + len(self.prefixes)):
            held = len(self.keys) + len(self.prefixes)
            raise PageFault("short_page", f"the listing says that it holds {stated} keys and holds {held}")
        truncated = (root.findtext("{*}IsTruncated") or "").strip().lower()
        if truncated not in ("true", "false"):
            raise PageFault("wrong_page", "the listing does not say whether it is complete")
        self.token = root.findtext("{*}NextContinuationToken") if truncated == "true" else None
        if truncated == "true" and not self.token:
            raise PageFault("wrong_page", "the listing is not complete and names no token for the rest")

    def changed(self) -> list[tuple[str, str]]:
        """Keys and the time of their last change, as written."""
        return self._changed


def _listing_root(response: Response) -> etree._Element:
    content = response.body.read(_MAX_LIST_BYTES)
    if not content.strip():
        raise PageFault("empty_body", "an empty answer in place of a listing")
    if re.match(rb"\s*<(?:!doctype\s+)?html\b", content, re.IGNORECASE):
        raise PageFault("html_page", "an HTML page in place of a listing")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as fault:
        raise PageFault("unreadable_page", f"the listing is no XML: {fault}") from fault
    name = etree.QName(root).localname
    if name == "Error":
        code = root.findtext("{*}Code") or root.findtext("Code")
        raise PageFault("error_answer", f"S3 answers with the error {str(code)[:100]!r}")
    if name != "ListBucketResult":
        raise PageFault("wrong_page", f"a <{name[:50]}> in place of a listing")
    return root
