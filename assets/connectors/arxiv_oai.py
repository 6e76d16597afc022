"""The connector ``arxiv``: every change of arXiv's metadata in some categories, by OAI-PMH.

The service was rewritten in early 2025 (https://info.arxiv.org/help/oa/index.html; its source is
github.com/arXiv/oaipmh): a page holds some 1,300 records, resumption tokens end with the day, and neither the length
of a list nor the place of a page is told any more. So that a list that comes too short is seen all the same, the
identifiers of each list are asked for first: their number is what the service announces. Where a token does tell the
length (``completeListSize``, as the protocol allows), that is taken instead and saves the rest of the identifiers. A
token also says how many records lie before its page; pages that do not add up to it are asked for again.

Asked for is the format arXivRaw: of the three it alone tells the version, the time of each, and by the kind of its
files whether the newest is withdrawn; what the format arXiv has on top, authors taken apart, follows from the line of
authors. What does not belong here: what a record says (`assets.sources.arxiv`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from urllib.parse import unquote

from lxml import etree
from pydantic import Field, field_validator

from assets.connectors.arxiv_categories import canonical, set_of, without_repeats
from assets.connectors.base import Connector, Endpoint, PageFault, QueryConfig, Response, Step, Understood
from assets.connectors.xml_page import local_name, text_below, xml_root
from assets.sources.arxiv.pages import MAX_PAGE_BYTES

#: arXiv's terms count one request in three seconds, on one connection, over all of its interfaces and all machines of
#: whoever asks: both connectors share it.
BUDGET = "arxiv"

ENDPOINT = Endpoint(
    name="arxiv_oai",
    url="https://oaipmh.arxiv.org/oai",
    seconds_between=3.0,
    source="one request every three seconds: https://info.arxiv.org/help/api/tou.html",
    budget=BUDGET,
)

#: Where papers with biomedical words stand: all of q-bio, and the categories that hold most of the others in 7,220
#: papers of arXiv listings of 2025 and 2026 (counted in November 2026; the sample leans to cs.CL).
DEFAULT_CATEGORIES = (
    "q-bio", "cs.AI", "cs.CE", "cs.CL", "cs.CV", "cs.CY", "cs.HC", "cs.IR", "cs.LG", "eess.IV", "eess.SP",
    "physics.bio-ph", "physics.med-ph", "stat.AP", "stat.ME", "stat.ML",
)  # fmt: skip

_FORMAT = "arXivRaw"
_LISTS = {"identifiers": "ListIdentifiers", "records": "ListRecords"}
_SKIPPED = re.compile(r"(?:^|[&?])skip=([0-9]{1,9})(?:&|$)")

#: Faults of the request itself: asking again is no use.
_OF_THE_REQUEST = frozenset(
    {"badArgument", "badVerb", "cannotDisseminateFormat", "idDoesNotExist", "noMetadataFormats", "noSetHierarchy"}
)


class ArxivConfig(QueryConfig):
    """Which categories."""

    look_back: int = Field(
        3,
        ge=0,
        le=60,
        description="Days after its own for which a day is fetched again, once a day: records are dated when they are "
        "changed and listed when they are announced, after weekends days later.",
    )
    categories: tuple[str, ...] = Field(
        DEFAULT_CATEGORIES,
        min_length=1,
        description="Categories (cs.LG) and whole archives (q-bio) as arXiv names them; a paper cross-listed in one "
        "is in it.",
    )

    @field_validator("categories")
    @classmethod
    def _known(cls, categories: tuple[str, ...]) -> tuple[str, ...]:
        return without_repeats(tuple(map(canonical, categories)))


def first(config: ArxivConfig, day: date) -> Step:
    """The first request of a day; see `assets.connectors.base.Connector`."""
    return _beginning("identifiers", config, day, 0)


def read(config: ArxivConfig, day: date, step: Step, response: Response) -> Understood:
    """What one response says; see `assets.connectors.base.Connector`."""
    root = xml_root(response, MAX_PAGE_BYTES)
    if local_name(root) != "OAI-PMH":
        raise PageFault("wrong_page", f"a <{local_name(root)[:50]}> in place of an answer of OAI-PMH")
    error = root.find("{*}error")
    if error is not None:
        return _read_error(config, day, step, error)
    _check_request(root, config, day, step)
    reads = step.memo["reads"]
    listed = root.find(f"{{*}}{_LISTS[reads]}")
    if listed is None:
        raise PageFault("wrong_page", f"the answer holds no {_LISTS[reads]}")
    headers = listed.findall("{*}header" if reads == "identifiers" else "{*}record/{*}header")
    ids = _ids(headers, day)
    token, size = _token(listed, step, len(ids))
    if reads == "records":
        following = _page(step, {**step.memo, "token": token}) if token else _next_set(config, day, step)
        return Understood("records", ids=ids, next=following)
    counted = step.memo["counted"] + len(ids)
    if token and size is None:
        return Understood("control", next=_page(step, {**step.memo, "token": token, "counted": counted}))
    following = _beginning("records", config, day, step.memo["set"])
    return Understood("control", announced=counted if size is None else size, next=following)


# -- requests ----------------------------------------------------------------------------------------------------------


def _beginning(reads: str, config: ArxivConfig, day: date, number: int) -> Step:
    category = config.categories[number]
    params = (
        ("verb", _LISTS[reads]), ("metadataPrefix", _FORMAT), ("set", set_of(category)), ("from", day.isoformat()),
        ("until", day.isoformat()),
    )  # fmt: skip
    memo = {"reads": reads, "set": number, "token": None}
    if reads == "identifiers":
        memo["counted"] = 0
    return Step(ENDPOINT.name, "", params, "xml", part=category, memo=memo)


def _page(step: Step, memo: dict[str, object]) -> Step:
    """The page that a token leads to: beside it, only the verb may be given."""
    params = (("verb", _LISTS[str(memo["reads"])]), ("resumptionToken", str(memo["token"])))
    return Step(ENDPOINT.name, "", params, "xml", part=step.part, memo=memo)


def _next_set(config: ArxivConfig, day: date, step: Step) -> Step | None:
    number = step.memo["set"] + 1
    return _beginning("identifiers", config, day, number) if number < len(config.categories) else None


# -- answers -----------------------------------------------------------------------------------------------------------


def _read_error(config: ArxivConfig, day: date, step: Step, error: etree._Element) -> Understood:
    code = error.get("code") or ""
    told = f"arXiv answers with the error {code[:40]!r}: {' '.join((error.text or '').split())[:200]}"
    if code == "noRecordsMatch":
        if step.memo["reads"] == "identifiers" and step.memo["token"] is None:
            return Understood("control", announced=0, next=_next_set(config, day, step))
        raise PageFault("list_changed", "a list that was not empty is empty now", then="restart")
    if code == "badResumptionToken":
        raise PageFault("token_expired", told, then="restart")
    raise PageFault("error_answer", told, then="fail" if code in _OF_THE_REQUEST else "retry")


def _check_request(root: etree._Element, config: ArxivConfig, day: date, step: Step) -> None:
    """The answer repeats what was asked; a token's page repeats what its list was asked for."""
    asked = root.find("{*}request")
    if asked is None:
        raise PageFault("wrong_page", "the answer does not say what was asked")
    expected = dict(_beginning(step.memo["reads"], config, day, step.memo["set"]).params)
    for name, value in expected.items():
        if asked.get(name, value) != value:
            told = f"the answer is one to {name}={asked.get(name, '')[:50]!r}, asked was {value!r}"
            raise PageFault("wrong_page", told)


def _ids(headers: Sequence[etree._Element], day: date) -> tuple[str, ...]:
    if not headers:
        raise PageFault("short_page", "a page of a list without a record on it")
    ids = []
    for header in headers:
        identifier, stamp = text_below(header, "{*}identifier"), text_below(header, "{*}datestamp")
        if identifier is None:
            raise PageFault("wrong_page", "a record without an identifier")
        if stamp is not None and not stamp.startswith(day.isoformat()):
            raise PageFault("wrong_page", f"{identifier[:50]} was changed on {stamp[:20]}, asked was {day}")
        ids.append(identifier)
    return tuple(ids)


def _token(listed: etree._Element, step: Step, came: int) -> tuple[str | None, int | None]:
    """The token of the page that follows, None on the last, and the length of the list, None where it is not told."""
    element = listed.find("{*}resumptionToken")
    if element is None:
        return None, None
    token = (element.text or "").strip() or None  # on the last page it is white space
    size = element.get("completeListSize")
    if token is not None:
        before, after = _skipped(step.memo["token"]), _skipped(token)
        if token == step.memo["token"] or (after is not None and before is not None and after <= before):
            raise PageFault("repeated_token", "a page of the list leads to itself or back", then="restart")
        if after is not None and after > (before or 0) + came:
            told = f"the page holds {came} records, by its token {after - (before or 0)}"
            raise PageFault("short_page", told)
    return token, int(size) if size and re.fullmatch(r"[0-9]{1,9}", size) else None


def _skipped(token: str | None) -> int | None:
    """How many records lie before the page of a token, where it says so: ``…&skip=1300``, escaped once or more."""
    found = _SKIPPED.search(unquote(unquote(token))) if token else None
    return int(found[1]) if found else None


CONNECTOR = Connector(
    name="arxiv",
    source="arxiv",
    description="Every new, replaced or otherwise changed paper in categories of arXiv, by OAI-PMH.",
    day="Papers whose metadata were last changed on that day (UTC): new ones, new versions, added journal references, "
    "withdrawals. A paper changed again moves to its new day.",
    config=ArxivConfig,
    endpoints=(ENDPOINT,),
    first=first,
    read=read,
    volatile=re.compile(
        rb"<(?:[\w.-]+:)?responseDate>[^<]*<|(?<=<resumptionToken)[^>]*?\bexpir\w*\s*=\s*(?:\"[^\"]*\"|'[^']*')"
    ),
)
