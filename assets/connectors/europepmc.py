"""The connector ``europepmc``: a saved query through Europe PMC's search, page by page with its cursor.

By the reference guide of version 6.9 (https://europepmc.org/docs/EBI_Europe_PMC_Web_Service_Reference.pdf): the first
page has the cursor ``*``, every other that of the page before it, and the last one names none or its own
(announcement of version 6.6, https://groups.google.com/a/ebi.ac.uk/g/epmc-webservices/c/yG8kMl1R3cI). Every answer
repeats what was asked. What does not belong here: what a result says (`assets.sources.europepmc`).
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Literal
from urllib.parse import unquote

import orjson
from pydantic import Field, field_validator

from assets.connectors.base import Connector, Endpoint, PageFault, QueryConfig, Response, Step, Understood
from assets.connectors.query_text import checked_query
from assets.sources.json_rows import MAX_PAGE_BYTES

ENDPOINT = Endpoint(
    name="europepmc",
    url="https://www.ebi.ac.uk/europepmc/webservices/rest",
    seconds_between=0.5,
    source="no rate is published; two requests a second are ours",
)

#: What a day is -> the field of the search language.
_FIELDS = {"first_indexed": "FIRST_IDATE", "updated": "UPDATE_DATE"}

_DATES = re.compile(r"\b(?:FIRST_IDATE|UPDATE_DATE|sort_date|sort_cited)\s*:", re.IGNORECASE)


class EuropePmcConfig(QueryConfig):
    """Which query, and which day of a record is its day."""

    look_back: int = Field(
        2,
        ge=0,
        le=60,
        description="Days after its own for which a day is fetched again, once a day: results are indexed in batches.",
    )
    query: str = Field(
        max_length=3_000,
        description='In Europe PMC\'s own language, e.g. SRC:PPR AND "deep learning"; the day is added.',
    )
    by: Literal["first_indexed", "updated"] = Field(
        "first_indexed",
        description="Whether a day holds what was first indexed on it (new works), or whatever was updated on it.",
    )
    page_size: int = Field(
        500, ge=1, le=1_000, description="Results asked for at once; 500 with all their fields are some 5 MB."
    )

    @field_validator("query")
    @classmethod
    def _can_be_meant(cls, query: str) -> str:
        return checked_query(query, _DATES)


def first(config: EuropePmcConfig, day: date) -> Step:
    """The first request of a day; see `assets.connectors.base.Connector`."""
    return _page(config, day, "*")


def read(config: EuropePmcConfig, day: date, step: Step, response: Response) -> Understood:
    """What one response says; see `assets.connectors.base.Connector`."""
    answer = _answer(response)
    _check_request(answer, step)
    total = answer.get("hitCount")
    results = _results(answer)
    if not isinstance(total, int) or isinstance(total, bool) or total < 0:
        raise PageFault("wrong_page", "the answer does not say how many results there are")
    ids = tuple(map(_id, results))
    cursor, following = step.memo["cursor"], answer.get("nextCursorMark")
    following = following if isinstance(following, str) and following not in ("", cursor) else None
    if not results and (following is not None or (cursor == "*" and total)):
        raise PageFault("short_page", f"no results on a page of a list of {total}")
    after = None if following is None else _page(config, day, following)
    return Understood("records" if results else "control", ids=ids, announced=total, next=after)


def _page(config: EuropePmcConfig, day: date, cursor: str) -> Step:
    params = (
        ("query", f"({config.query}) AND ({_FIELDS[config.by]}:[{day.isoformat()} TO {day.isoformat()}])"),
        ("resultType", "core"),
        ("format", "json"),
        ("synonym", "FALSE"),
        ("pageSize", str(config.page_size)),
        ("cursorMark", cursor),
    )
    return Step(ENDPOINT.name, "/search", params, "json", memo={"cursor": cursor})


def _answer(response: Response) -> dict[str, Any]:
    if response.size > MAX_PAGE_BYTES:
        told = f"an answer of more than {MAX_PAGE_BYTES // 1024**2} MiB: lower page_size"
        raise PageFault("unreadable_page", told, then="fail")
    content = response.body.read(MAX_PAGE_BYTES)
    if not content.strip():
        raise PageFault("empty_body", "an empty answer in place of JSON")
    try:
        answer = orjson.loads(content)
    except orjson.JSONDecodeError as fault:
        raise PageFault("unreadable_page", f"the answer is no JSON: {fault}") from fault
    if not isinstance(answer, dict):
        raise PageFault("wrong_page", "the answer is no JSON object")
    if "errCode" in answer or "errMsg" in answer:
        code, told = answer.get("errCode"), " ".join(str(answer.get("errMsg")).split())[:200]
        of_the_request = re.fullmatch(r"4[0-9]{2}", str(code)) is not None and str(code) != "429"
        raise PageFault(
            "error_answer",
            f"Europe PMC answers with the error {str(code)[:20]}: {told}",
            then="fail" if of_the_request else "retry",
        )
    return answer


def _check_request(answer: dict[str, Any], step: Step) -> None:
    """The answer repeats what was asked, the cursor as it was sent or still escaped."""
    asked = answer.get("request")
    if not isinstance(asked, dict):
        raise PageFault("wrong_page", "the answer does not say what was asked")
    sent = dict(step.params)
    for name, ours in (("queryString", "query"), ("resultType", "resultType"), ("cursorMark", "cursorMark")):
        said = asked.get(name)
        if said is not None and _same(str(said)) != _same(sent[ours]):
            raise PageFault("wrong_page", f"the answer is one to {name} {str(said)[:100]!r}")


def _same(text: str) -> str:
    return "".join(unquote(text).split()).lower()


def _results(answer: dict[str, Any]) -> list[Any]:
    listed = answer.get("resultList")
    results = listed.get("result") if isinstance(listed, dict) else None
    if not isinstance(results, list):
        raise PageFault("wrong_page", "the answer holds no list of results")
    return results


def _id(result: object) -> str:
    source, own = (result.get("source"), result.get("id")) if isinstance(result, dict) else (None, None)
    if not isinstance(source, str) or not isinstance(own, (str, int)):
        raise PageFault("wrong_page", "a result without source and id")
    return f"{source}/{own}"


CONNECTOR = Connector(
    name="europepmc",
    source="europepmc",
    description="Papers, preprints and more that match a query in Europe PMC's search language, with all their fields.",
    day='Results that Europe PMC first indexed on that day, or, by = "updated", that it last updated on that day.',
    config=EuropePmcConfig,
    endpoints=(ENDPOINT,),
    first=first,
    read=read,
    # Cursors, and the counts of citations, which grow by the day and are not listed.
    volatile=re.compile(
        rb'"(?:nextCursorMark|nextPageUrl|cursorMark)"\s*:\s*"(?:[^"\\]|\\.)*+"|"citedByCount"\s*:\s*[0-9]+'
    ),
)
