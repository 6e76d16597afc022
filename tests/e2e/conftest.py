"""One home that has seen the demo, shared by the tests of the command line and of the browser."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]

Cli = Callable[..., subprocess.CompletedProcess[str]]


def command(home: Path, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """The ``litlake`` command as a user's shell would start it, with nothing of this process's settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LITLAKE_", "DAGSTER_"))}
    start = "from orchestration.cli import main; main()"
    return [sys.executable, "-c", start, *arguments], {
        **environment,
        "LITLAKE_HOME": str(home),
        "PYTHONPATH": str(PROJECT),
    }


@pytest.fixture(scope="session")
def make_cli() -> Callable[[Path], Cli]:
    """Makes a caller of the command line for a home."""

    def make(home: Path) -> Cli:
        def call(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
            line, environment = command(home, *arguments)
            done = subprocess.run(line, env=environment, capture_output=True, text=True, cwd=home.parent)
            assert not check or done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
            assert "Traceback" not in done.stderr
            return done

        return call

    return make


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory, make_cli: Callable[[Path], Cli]) -> Iterator[Path]:
    """A home after ``litlake demo``, what it printed in ``demo.txt``; its services are stopped at the end."""
    home = tmp_path_factory.mktemp("demo") / "home"
    cli = make_cli(home)
    try:
        home.parent.joinpath("demo.txt").write_text(cli("demo").stdout)
        yield home
    finally:
        cli("down")


@pytest.fixture(scope="session")
def demo(demo_home: Path, make_cli: Callable[[Path], Cli]) -> Cli:
    """The command line of the demo's home."""
    return make_cli(demo_home)
