"""The connector ``pubmed_files``: a mirror of PubMed from NLM's own files, in the order in which they apply.

``updatefiles/`` holds what was added, changed and deleted, several files a day; ``baseline/`` holds all of PubMed as of
the turn of the year, some 1,300 files of 30,000 records, and is replaced as a whole each year
(https://ftp.ncbi.nlm.nih.gov/pubmed/baseline/README.txt). Beside each file lies its MD5 sum. Update files carry on the
numbers of the baseline, and a later file overrules an earlier one.

An update file belongs to the day that the listing shows for it. A baseline is spread over days before the first update
file, ascending, so that no day is larger than a run can bear. What does not belong here: listings
(`assets.connectors.pubmed_file_list`), what a record says (`assets.sources.pubmed`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from pydantic import Field, model_validator

from assets.connectors.base import Connector, Endpoint, PageFault, QueryConfig, Response, Step, Understood
from assets.connectors.pubmed_file_list import PubmedFile, check_complete, days_of, listed

ENDPOINT = Endpoint(
    name="pubmed_files",
    url="https://ftp.ncbi.nlm.nih.gov/pubmed",
    seconds_between=0.34,
    source="no limit is published for files; that of E-utilities is kept",
)

_BASELINE, _UPDATES = "baseline", "updatefiles"
#: As OpenSSL writes it (NLM's way), or as md5sum does.
_SUM = re.compile(
    r"(?:MD5\s?\((?P<name>[^()]+)\)\s?=\s?)?(?P<sum>[0-9a-f]{32})(?:\s+\*?(?P<after>\S+))?", re.IGNORECASE
)
_MAX_SUM_BYTES = 4096

#: Days without a change after which a baseline that no update file follows yet is taken as whole.
_AT_REST_DAYS = 2


class PubmedFilesConfig(QueryConfig):
    """Update files only, or those after a baseline that is spread over days."""

    look_back: int = Field(
        3,
        ge=0,
        le=60,
        description="Days after its own for which a day is fetched again, once a day: files may come late in the "
        "evening, and the server's calendar is not UTC's. Files that are unchanged are not sent again.",
    )
    baseline_year: int | None = Field(
        None, ge=2019, le=2099, description="The baseline to begin with: 2026 for pubmed26n0001.xml.gz and those after."
    )
    baseline_from: date | None = Field(
        None, description="The day that takes the baseline's first files. Without one, only update files are mirrored."
    )
    files_a_day: int = Field(
        5, ge=1, le=1_000, description="Files of the baseline that a day takes; 30,000 records each."
    )

    @model_validator(mode="after")
    def _a_whole_plan(self) -> PubmedFilesConfig:
        if (self.baseline_year is None) != (self.baseline_from is None):
            raise ValueError("a baseline needs both baseline_year (which one) and baseline_from (its first day)")
        if self.baseline_from is None and "files_a_day" in self.model_fields_set:
            raise ValueError("files_a_day spreads a baseline: set baseline_year and baseline_from, too")
        return self


def first(config: PubmedFilesConfig, day: date) -> Step:
    """The first request of a day; see `assets.connectors.base.Connector`."""
    return _listing(_UPDATES)


def read(config: PubmedFilesConfig, day: date, step: Step, response: Response) -> Understood:
    """What one response says; see `assets.connectors.base.Connector`."""
    match step.memo["reads"]:
        case "updatefiles":
            return _read_updates(config, day, response)
        case "baseline":
            return _read_baseline(config, day, step, response)
        case "sum":
            return _read_sum(step, response)
        case _:
            return _read_file(step, response)


# -- which files -------------------------------------------------------------------------------------------------------


def _listing(folder: str, memo: dict[str, Any] | None = None) -> Step:
    return Step(ENDPOINT.name, f"/{folder}/", accept="html", memo={"reads": folder, **(memo or {})})


def _read_updates(config: PubmedFilesConfig, day: date, response: Response) -> Understood:
    files = listed(response)
    if config.baseline_year is not None:
        files = [file for file in files if file.year == config.baseline_year]
    for year in {file.year for file in files}:
        check_complete(_until(day, [file for file in files if file.year == year]))
    placed = days_of(files)
    own = [file.name for known, file in placed if known == day]
    first_day = placed[0][0] if placed else None
    if config.baseline_year is None:
        recent = (response.fetched_at.date() - day).days <= config.look_back + 1
        if own or not recent or (first_day is not None and first_day <= day):
            return _begin(_UPDATES, own)
    # Needed is what came before: the baseline's own files, or the day from which on it covers everything.
    memo = {"own": own, "first_day": first_day and first_day.isoformat(), "first": files[0].number if files else None}
    return Understood("control", next=_listing(_BASELINE, memo))


def _until(day: date, files: Sequence[PubmedFile]) -> Sequence[PubmedFile]:
    """Files up to the last of a day: what lacks after that is the business of a later day."""
    last = max((at for at, file in enumerate(files) if file.day is None or file.day <= day), default=-1)
    return files[: last + 1]


def _read_baseline(config: PubmedFilesConfig, day: date, step: Step, response: Response) -> Understood:
    files, own = listed(response), step.memo["own"]
    first_day = date.fromisoformat(step.memo["first_day"]) if step.memo["first_day"] else None
    if not files:
        raise PageFault("missing_file", "NLM lists no baseline")
    year = files[-1].year
    files = [file for file in files if file.year == year]
    check_complete(files, first=1)
    if config.baseline_year is None or config.baseline_from is None:
        return _without_updates(day, first_day, files)
    start, a_day = config.baseline_from, config.files_a_day
    if day < start and (first_day is None or day < first_day):
        return _begin(_BASELINE, [])  # before the mirror begins
    if year != config.baseline_year:
        if first_day is not None and day >= first_day:
            return _begin(_UPDATES, own)  # the new baseline is there already, and the old update files are, too
        raise _other_baseline(config.baseline_year, year)
    if first_day is None and (response.fetched_at.date() - _written(files)).days < _AT_REST_DAYS:
        detail = f"the baseline was written on {_written(files)} and may still grow: fetch the day later"
        raise PageFault("not_yet_listed", detail, then="fail")
    if step.memo["first"] is not None and step.memo["first"] != files[-1].number + 1:
        lack = f"the baseline ends with {files[-1].name}, the update files begin with number {step.memo['first']}"
        raise PageFault("missing_file", lack)
    _check_spread(files, start, a_day, first_day)
    if first_day is not None and day >= first_day:
        return _begin(_UPDATES, own)
    offset = (day - start).days * a_day
    return _begin(_BASELINE, [file.name for file in files[offset : offset + a_day]])


def _check_spread(files: Sequence[PubmedFile], start: date, a_day: int, first_day: date | None) -> None:
    """The baseline's days have to end before the first update file's: a record is as its newest day says."""
    days = -(-len(files) // a_day)
    if first_day is None or start + timedelta(days=days) <= first_day:
        return
    detail = (
        f"{len(files)} files of the baseline at {a_day} a day from {start} on end on "
        f"{start + timedelta(days=days - 1)}, and the first update file is of {first_day}: set baseline_from to "
        f"{first_day - timedelta(days=days)} or before"
    )
    room = (first_day - start).days
    if room > 0 and -(-len(files) // room) <= 1_000:
        detail += f", or files_a_day to {-(-len(files) // room)} or more"
    raise PageFault("baseline_too_late", detail, then="fail")


def _other_baseline(wanted: int, there: int) -> PageFault:
    if there < wanted:
        return PageFault("not_yet_listed", f"NLM's baseline is still that of {there}, not of {wanted}", then="fail")
    detail = (
        f"NLM has replaced the baseline of {wanted} by that of {there}, which holds every change since: set "
        f"baseline_year = {there}, baseline_from to a day after the last update file of {wanted}, and files_a_day so "
        f"that it ends before the first of {there}"
    )
    return PageFault("baseline_replaced", detail, then="fail")


def _without_updates(day: date, first_day: date | None, baseline: Sequence[PubmedFile]) -> Understood:
    """A day of late that is older than every update file: nothing came, or NLM has put its files away since."""
    covered = _written(baseline)
    if day >= covered:
        return _begin(_UPDATES, [])
    begins = f"begin on {first_day}" if first_day else "have been put away"
    detail = f"NLM's update files {begins}, its baseline is of {covered}: whether there were files of {day} is not told"
    raise PageFault("no_longer_listed", detail, then="fail")


def _written(baseline: Sequence[PubmedFile]) -> date:
    return max(file.day for file in baseline if file.day is not None)


# -- the files ---------------------------------------------------------------------------------------------------------


def _begin(folder: str, names: Sequence[str]) -> Understood:
    return Understood("control", announced=len(names), next=_next(folder, list(names)))


def _next(folder: str, names: list[str]) -> Step | None:
    """The sum of the next file; None after the last."""
    if not names:
        return None
    return _sum({"reads": "sum", "folder": folder, "names": names, "again": False})


def _sum(memo: dict[str, Any]) -> Step:
    return Step(ENDPOINT.name, f"/{memo['folder']}/{memo['names'][0]}.md5", accept="text", memo=memo)


def _read_sum(step: Step, response: Response) -> Understood:
    memo, name = step.memo, step.memo["names"][0]
    content = response.body.read(_MAX_SUM_BYTES).decode("utf-8", errors="replace").strip()
    if content[:1] == "<":
        raise PageFault("html_page", f"markup in place of the MD5 sum of {name}")
    found = _SUM.fullmatch(content)
    if found is None:
        raise PageFault("unreadable_page", f"no MD5 sum of {name}: {content[:80]!r}")
    said = found["name"] or found["after"]
    if said and said.strip().rpartition("/")[2] != name:
        raise PageFault("wrong_page", f"the MD5 sum of {said[:80]!r} in place of that of {name}")
    following = {**memo, "reads": "file", "sum": found["sum"].lower()}
    return Understood("control", next=Step(ENDPOINT.name, f"/{memo['folder']}/{name}", accept="binary", memo=following))


def _read_file(step: Step, response: Response) -> Understood:
    memo, name = step.memo, step.memo["names"][0]
    digest = hashlib.md5(usedforsecurity=False)
    while block := response.body.read(1024 * 1024):
        digest.update(block)
    if digest.hexdigest() != memo["sum"]:
        if memo["again"]:
            raise PageFault("wrong_checksum", f"{name} has another MD5 sum than NLM gives for it")
        # NLM may have written it anew since its sum was asked for: the sum is asked for once more before it is a fault.
        again = {"reads": "sum", "folder": memo["folder"], "names": memo["names"], "again": True}
        return Understood("control", next=_sum(again))
    return Understood("records", ids=(name,), next=_next(memo["folder"], memo["names"][1:]))


CONNECTOR = Connector(
    name="pubmed_files",
    source="pubmed",
    description="A mirror of PubMed from NLM's baseline and update files, in order, each checked by its MD5 sum.",
    day="Update files that NLM wrote on that day, as its listing shows it (US Eastern time); a baseline is spread over "
    "days before the first of them. Counted are files.",
    config=PubmedFilesConfig,
    endpoints=(ENDPOINT,),
    first=first,
    read=read,
    # Listings grow from day to day: a day is the same as long as its files are.
    volatile=re.compile(rb"\A\s*<(?:!doctype|html)\b.*", re.IGNORECASE | re.DOTALL),
)
