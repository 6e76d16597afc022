"""Days run in process: what the command line does where the Dagster UI would launch runs.

Runs are ordinary Dagster runs of the ``day`` job on this installation's instance: the UI shows them like its own.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import psutil

from assets.release.publish import last_refusal
from orchestration.progress import display, work
from orchestration.publication import is_current, marts_are_current
from orchestration.resources.installation import Installation
from orchestration.settings import PROJECT, Settings
from orchestration.versions import input_hash, versions

if TYPE_CHECKING:
    import dagster as dg

State = Literal["released", "unchanged", "empty", "refused", "failed"]

#: Exit codes of the public command line, worst state wins.
EXIT_CODES: dict[State, int] = {"released": 0, "unchanged": 0, "empty": 0, "refused": 3, "failed": 1}

#: Run tag that names the process of a run in process.
PROCESS_TAG = "litlake/process"

#: Why a day failed whose process is gone.
WORKER_LOST = "a worker process ended abruptly, killed or out of memory: run the day again, with less in parallel"

#: The one check whose verdict depends on other days: a day that it refused may pass when these have changed.
HISTORY = "records.volume"


@dataclass(frozen=True, slots=True)
class DayResult:
    """What became of one day.

    Attributes:
        listings: Listings in its content.
        reasons: Why it was refused or failed.
        run_id: The Dagster run; None where nothing had to be run.
    """

    dt: str
    state: State
    listings: int = 0
    reasons: tuple[str, ...] = ()
    run_id: str | None = None
    seconds: float = 0.0


class Runner:
    """Runs days of one installation in this process."""

    def __init__(self, settings: Settings) -> None:
        """Keep the settings; definitions are loaded with the first day that has to be run."""
        self.settings = settings
        self.installation = Installation(settings)

    @cached_property
    def instance(self) -> dg.DagsterInstance:
        """Dagster's instance under the home."""
        import dagster as dg

        instance = dg.DagsterInstance.from_config(str(prepare_dagster_home(self.settings)))
        _fail_lost_runs(instance)
        return instance

    @cached_property
    def job(self) -> Any:
        """The day job."""
        from orchestration.definitions import build_defs
        from orchestration.jobs import JOB_NAME

        return build_defs({"litlake": self.installation}, pool=None).resolve_job_def(JOB_NAME)

    def run(self, dt: date, *, force: bool = False) -> DayResult:
        """One day through to the marts; a day whose inputs are those of its release is not run again.

        Args:
            dt: The day.
            force: Run it all the same.
        """
        started = time.monotonic()
        if not force and (known := self._without_run(dt)) is not None:
            return known
        done = self.job.execute_in_process(
            partition_key=dt.isoformat(),
            instance=self.instance,
            raise_on_error=False,
            tags={PROCESS_TAG: _process_mark(os.getpid())},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        return _result(dt, done, time.monotonic() - started)

    def run_many(self, days: Sequence[date], *, parallel: int = 1, force: bool = False) -> Iterator[DayResult]:
        """Many days, each as soon as it is done.

        Args:
            days: The days, in the order in which they are begun.
            parallel: Processes that compute; releases stay serial.
            force: Run days all the same whose inputs have not changed.
        """
        with display(), work(f"{len(days)} days", len(days)) as advance:
            done = (
                self._in_processes(days, parallel, force) if parallel > 1 else (self.run(d, force=force) for d in days)
            )
            for result in done:
                advance(1)
                yield result

    def _in_processes(self, days: Iterable[date], parallel: int, force: bool) -> Iterator[DayResult]:
        self.installation.lake  # noqa: B018  (start the store and make the tables once, before there are many)
        self.instance  # noqa: B018  (Dagster's SQLite breaks where two processes make its tables at once)
        context = multiprocessing.get_context("spawn")  # torch and DuckDB do not survive a fork
        with ProcessPoolExecutor(parallel, context, initializer=_start_worker, initargs=(self.settings,)) as pool:
            waiting = {pool.submit(_run_in_worker, day, force): day for day in days}
            for future in as_completed(waiting):
                try:
                    yield future.result()
                except BrokenProcessPool:
                    yield DayResult(waiting[future].isoformat(), "failed", 0, (WORKER_LOST,))

    def _without_run(self, dt: date) -> DayResult | None:
        """The result of a day for which nothing has to be run, or None."""
        here = self.installation
        entries = here.raw.day(dt)
        if here.raw.waiting(dt) or here.services.waiting(dt, entries):
            return None
        if not entries:
            return DayResult(dt.isoformat(), "empty")
        inputs = input_hash(dt, entries, versions(here))
        with here.lake.connect() as connection:
            refused = last_refusal(connection, dt)
        if refused is not None and refused.input_hash == inputs and not any(HISTORY in r for r in refused.reasons):
            return DayResult(dt.isoformat(), "refused", 0, tuple(refused.reasons))
        if not is_current(here, dt, inputs) or not marts_are_current(here):
            return None
        return DayResult(dt.isoformat(), "unchanged")


def _fail_lost_runs(instance: dg.DagsterInstance) -> None:
    """Tell Dagster of runs whose process was killed: no daemon watches over runs in process."""
    import dagster as dg

    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        mark = run.tags.get(PROCESS_TAG)
        if mark is not None and mark != _process_mark(int(mark.split()[0])):
            instance.report_run_failed(run, "the process of this run ended abruptly; the day can be run again")


def _process_mark(pid: int) -> str:
    """A process: its pid and the time of its start, which a later process with that pid has not."""
    try:
        return f"{pid} {psutil.Process(pid).create_time():.2f}"
    except psutil.NoSuchProcess:
        return f"{pid}"


def prepare_dagster_home(settings: Settings) -> str:
    """The folder of Dagster's instance, with the project's ``dagster.yaml`` unless the user has put one there."""
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        shutil.copyfile(PROJECT / "infra" / "dagster.yaml", home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    return str(home)


def worst(results: Iterable[DayResult]) -> int:
    """The exit code that tells of all results: 1 where a day failed, else 3 where one was refused, else 0."""
    codes = {EXIT_CODES[result.state] for result in results}
    return 1 if 1 in codes else 3 if 3 in codes else 0


def _result(dt: date, done: Any, seconds: float) -> DayResult:
    day = dt.isoformat()
    for event in done.all_events:
        if event.is_step_failure:
            told = event.step_failure_data.user_failure_data
            if told is not None and "why" in told.metadata:
                return DayResult(
                    day,
                    "refused",
                    told.metadata["listings"].value,
                    tuple(json.loads(told.metadata["why"].value)),
                    done.run_id,
                    seconds,
                )
    if not done.success:
        return DayResult(day, "failed", 0, _causes(done), done.run_id, seconds)
    for event in done.all_events:
        if event.is_step_materialization and event.asset_key.path == ["release"]:
            metadata = event.materialization.metadata
            state: State = metadata["state"].value
            return DayResult(day, state, metadata["listings"].value, (), done.run_id, seconds)
    return DayResult(day, "failed", 0, ("the run ended without a release",), done.run_id, seconds)


def _causes(done: Any) -> tuple[str, ...]:
    causes = []
    for event in done.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            root = error
            while root is not None and root.cause is not None:
                root = root.cause
            causes.append(f"{event.step_key}: {' '.join(str(root.message).split())}")
    return tuple(causes) or ("the run failed before its first step",)


_worker: Runner | None = None


def _start_worker(settings: Settings) -> None:
    global _worker
    from orchestration.settings import quiet_libraries

    quiet_libraries()
    _worker = Runner(settings)


def _run_in_worker(dt: date, force: bool) -> DayResult:
    assert _worker is not None
    return _worker.run(dt, force=force)
