"""Real services for tests of the storage and release layer: one object store for the session, one lake a test."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from orchestration.resources.embedded_store import EmbeddedStore
from orchestration.resources.installation import Installation
from orchestration.resources.lake import prepare_extensions
from orchestration.resources.object_store import ObjectStore, StoreAddress
from orchestration.settings import load_settings

NewInstallation = Callable[[Path], AbstractContextManager[Installation]]

_numbers = itertools.count()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreAddress]:
    """The object store of all tests; stopped by its pid at the end."""
    embedded = EmbeddedStore(tmp_path_factory.mktemp("server"), "litlake")
    try:
        yield embedded.start()
    finally:
        embedded.stop()


@pytest.fixture(scope="session")
def extensions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """DuckDB's extensions, prepared once."""
    folder = tmp_path_factory.mktemp("duckdb")
    prepare_extensions(folder)
    return folder


@pytest.fixture(scope="session")
def new_installation(server: StoreAddress, extensions: Path) -> NewInstallation:
    """Makes installations, each with a bucket and a home of its own, for as long as they are used."""

    @contextmanager
    def new(home: Path) -> Iterator[Installation]:
        settings = load_settings(
            home=home,
            s3_endpoint=server.endpoint,
            s3_bucket=f"test-{next(_numbers)}",
            s3_access_key=server.access_key,
            s3_secret_key=server.secret_key,
            duckdb_extensions=extensions,
        )
        installation = Installation(settings)
        yield installation
        remove_bucket(installation.store)

    return new


@pytest.fixture
def installation(new_installation: NewInstallation, tmp_path: Path) -> Iterator[Installation]:
    """The test's own installation; its lake is made when it is first used."""
    with new_installation(tmp_path / "home") as installation:
        yield installation


@pytest.fixture
def store(installation: Installation) -> ObjectStore:
    """The test's own bucket."""
    return installation.store


def remove_bucket(store: ObjectStore) -> None:
    """SeaweedFS keeps several volumes for each bucket that there is, and a disk holds only so many."""
    store.delete([key for key, _ in store.list("")])
    store.client.delete_bucket(Bucket=store.address.bucket)
