"""dbt inside the process of the step: no fork, no second import, the project parsed once.

dagster-dbt's own resource forks the command line for every step, 20 to 30 s of imports each (2026-11). This module is
the only one that knows the private class of dagster-dbt 0.29 which turns dbt's events into Dagster's; the version is
pinned and the translation is tested.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil
import yaml
from filelock import FileLock

from orchestration.resources.lake import Lake
from orchestration.settings import PROJECT

DBT_PROJECT = PROJECT / "dbt_project"

#: dbt keeps process-wide state: one invocation at a time.
_ONE_AT_A_TIME = threading.Lock()

_RESULT_EVENTS = frozenset({"LogTestResult", "NodeFinished", "LogModelResult"})


class DbtError(RuntimeError):
    """dbt could not do its work: a model failed, or the project does not parse. Never a failed data test."""


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """One data test of one model.

    Attributes:
        model: Name of the model that it tests.
        name: Name of the test, without the model's.
        passed: Whether no row is at fault.
        failures: Rows at fault.
    """

    model: str
    name: str
    passed: bool
    failures: int


@dataclass(frozen=True, slots=True)
class DbtRun:
    """What one invocation did.

    Attributes:
        events: dbt's result events, as dictionaries, for `dagster_events`.
        tests: Outcomes of the data tests.
    """

    events: list[dict[str, Any]] = field(default_factory=list)
    tests: list[TestOutcome] = field(default_factory=list)


class Dbt:
    """The dbt project of this installation."""

    def __init__(self, folder: Path) -> None:
        """Name the folder for manifest, logs and targets; nothing is parsed yet."""
        self.folder = folder
        self._parsed: Any = None

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The project's manifest; parsed when the project's files changed since it was last kept."""
        kept = self.folder / f"manifest-{project_fingerprint()}.json"
        if not kept.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / "parse.lock"):
                if not kept.exists():
                    self._parse()
                    written = kept.with_suffix(".new")
                    written.write_bytes((self.folder / "target" / "manifest.json").read_bytes())
                    for old in self.folder.glob("manifest-*.json"):
                        old.unlink()
                    written.replace(kept)
        loaded: dict[str, Any] = json.loads(kept.read_text())
        return loaded

    @contextmanager
    def session(self, *, lake: Lake, attach_lake: bool) -> Iterator[DbtSession]:
        """Dbt on a DuckDB file of its own that lives as long as the session.

        Args:
            lake: For object storage, and for the lake where it is attached.
            attach_lake: Attach the lake for writing; the caller holds `Lake.writing`.
        """
        if self._parsed is None:
            self._parsed = self._parse()
        self.folder.mkdir(parents=True, exist_ok=True)
        _sweep(self.folder)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=f"run-{os.getpid()}-") as workspace:
            # mkdtemp makes it readable by this user alone: the profile holds the store's password
            (Path(workspace) / "profiles.yml").write_text(yaml.safe_dump(_profile(Path(workspace), lake, attach_lake)))
            yield DbtSession(self._parsed, Path(workspace), self.folder)

    def _parse(self) -> Any:
        done = _invoke(None, ["parse", "--profiles-dir", str(DBT_PROJECT), "--target", "parse"], self.folder, None)
        self._parsed = done.result
        return done.result


class DbtSession:
    """Invocations that share one DuckDB file: models that are built, then tested."""

    def __init__(self, parsed: Any, workspace: Path, folder: Path) -> None:
        """Wrap a parsed manifest and a workspace with a profile."""
        self._parsed = parsed
        self._workspace = workspace
        self._folder = folder

    def run(self, select: str, variables: Mapping[str, str], *, full_refresh: bool = False) -> DbtRun:
        """Build models; with ``full_refresh`` an incremental model is made anew.

        Raises:
            DbtError: A model failed; names it and dbt's message.
        """
        return self._do("run", select, variables, ["--full-refresh"] if full_refresh else [])

    def test(self, select: str, variables: Mapping[str, str]) -> DbtRun:
        """Run data tests; a test that finds faults is an outcome, not an error.

        Raises:
            DbtError: A test could not be run.
        """
        return self._do("test", select, variables, ["--exclude-resource-type", "unit_test"])

    def unit_test(self, select: str) -> DbtRun:
        """Run unit tests."""
        return self._do("test", select, {}, ["--resource-type", "unit_test"])

    def _do(self, command: str, select: str, variables: Mapping[str, str], more: Sequence[str] = ()) -> DbtRun:
        kept: list[dict[str, Any]] = []
        arguments = [
            *(command, "--profiles-dir", str(self._workspace), "--target", "litlake"),
            *("--vars", json.dumps(dict(variables)), "--select", select, *more),
        ]
        done = _invoke(self._parsed, arguments, self._workspace, kept)
        results = [] if done.result is None else list(getattr(done.result, "results", []))
        failed = [result for result in results if str(result.status) in {"error", "runtime error"}]
        if failed:
            told = "; ".join(f"{result.node.name}: {' '.join(str(result.message).split())}" for result in failed)
            raise DbtError(f"dbt {command} failed: {told[:2000]}")
        if done.exception is not None:
            raise DbtError(f"dbt {command} failed: {done.exception}") from done.exception
        return DbtRun(
            kept, [_outcome(result) for result in results if result.node.resource_type in {"test", "unit_test"}]
        )


def _sweep(folder: Path) -> None:
    """Remove workspaces whose process is gone: a killed run leaves its profile, and that holds a password."""
    for workspace in folder.glob("run-*-*"):
        if not psutil.pid_exists(int(workspace.name.split("-")[1])):
            shutil.rmtree(workspace, ignore_errors=True)


def dagster_events(run: DbtRun, *, context: Any, manifest: Mapping[str, Any], translator: Any) -> Iterator[Any]:
    """Dbt's events as Dagster's materializations and check results."""
    from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

    for event in run.events:
        message = DbtCoreCliEventMessage(raw_event=event, event_history_metadata={})
        yield from message.to_default_asset_events(
            manifest=manifest, dagster_dbt_translator=translator, context=context, target_path=None
        )


def _invoke(parsed: Any, arguments: list[str], target: Path, kept: list[dict[str, Any]] | None) -> Any:
    os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "0")
    from dbt.cli.main import dbtRunner
    from google.protobuf.json_format import MessageToDict

    def keep(event: Any) -> None:
        if kept is not None and event.info.name in _RESULT_EVENTS:
            kept.append(MessageToDict(event, preserving_proto_field_name=True))

    places = [
        "--project-dir",
        str(DBT_PROJECT),
        "--target-path",
        str(target / "target"),
        "--log-path",
        str(target / "logs"),
    ]
    quiet = ["--quiet", "--no-use-colors", "--log-level", "none", "--log-level-file", "warn"]
    with _ONE_AT_A_TIME:
        done = dbtRunner(manifest=parsed, callbacks=[keep]).invoke([*quiet, *arguments, *places])
    if arguments[0] == "parse" and not done.success:
        raise DbtError(f"the dbt project does not parse: {done.exception}")
    return done


def _outcome(result: Any) -> TestOutcome:
    node = result.node
    attached = getattr(node, "attached_node", None) or (node.depends_on.nodes[-1] if node.depends_on.nodes else "")
    model = str(attached).rsplit(".", 1)[-1]
    metadata = getattr(node, "test_metadata", None)
    column = (metadata.kwargs.get("column_name") if metadata else None) or ""
    name = "_".join(part for part in ((metadata.name if metadata else node.name), column) if part)
    return TestOutcome(model, name, str(result.status) in {"pass", "success"}, int(result.failures or 0))


def _profile(workspace: Path, lake: Lake, attach_lake: bool) -> dict[str, Any]:
    extensions = ["httpfs", "icu"]
    output: dict[str, Any] = {
        "type": "duckdb",
        "path": str(workspace / "day.duckdb"),
        "threads": 1,  # a SQLite catalog takes one writer
        "config_options": {
            "extension_directory": str(lake.extensions),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
        "settings": {"TimeZone": "UTC"},
        "secrets": [lake.store.duckdb_secret()],
    }
    if attach_lake:
        extensions += ["ducklake", "sqlite_scanner" if lake.on_sqlite else "postgres_scanner"]
        options: dict[str, Any] = {"data_path": lake.data_path}
        if lake.on_sqlite:
            options |= {"META_JOURNAL_MODE": "WAL", "META_BUSY_TIMEOUT": 10000}
        output["attach"] = [{"path": f"ducklake:{lake.catalog}", "alias": "lake", "options": options}]
    output["extensions"] = extensions
    return {"litlake": {"target": "litlake", "outputs": {"litlake": output}}}


def project_fingerprint(*parts: str) -> str:
    """Hash of the project's SQL and YAML, or of some of its folders."""
    digest = hashlib.sha256()
    for folder in [DBT_PROJECT / part for part in parts] or [DBT_PROJECT]:
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".sql", ".yml"} and "target" not in path.parts:
                digest.update(path.relative_to(DBT_PROJECT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
