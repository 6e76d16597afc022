"""Fixtures that every layer of tests shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]

# A developer's own installation must not leak into the tests.
for name in [name for name in os.environ if name.startswith("LITLAKE_") and name != "LITLAKE_SHARED"]:
    del os.environ[name]


def shared_data() -> Path | None:
    """The folder of third-party development data, if this machine has one (``LITLAKE_SHARED`` or beside us)."""
    named = os.environ.get("LITLAKE_SHARED")
    folder = Path(named) if named else PROJECT.parent / "shared"
    return folder / "data" if (folder / "data").is_dir() else None


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real third-party data; tests that ask for it carry ``@pytest.mark.shared``."""
    folder = shared_data()
    if folder is None:
        pytest.skip("no shared development data on this machine")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deselecting is visible, skipping is not: say once why shared tests do not run here."""
    if shared_data() is not None:
        return
    skip = pytest.mark.skip(reason="no shared development data on this machine")
    for item in items:
        if item.get_closest_marker("shared"):
            item.add_marker(skip)
