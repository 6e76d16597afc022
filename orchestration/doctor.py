"""Is this installation whole? One line a part: what was looked at, what was seen, what to do."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version

from orchestration.resources.installation import Installation

#: Packages whose versions must fit together (constraints.txt says why).
PINNED = ("dagster", "dagster-dbt", "dbt-core", "dbt-duckdb", "duckdb", "duckdb-extensions", "polars", "torch")


@dataclass(frozen=True, slots=True)
class Finding:
    """One part of the installation."""

    part: str
    healthy: bool
    seen: str


def examine(installation: Installation) -> Iterator[Finding]:
    """Look at every part, each as it is used: the store by a write, the catalog by a query, the model by a vector."""
    for part, look in _PARTS.items():
        yield _finding(part, look, installation)
    yield from _services(installation)


def _finding(part: str, look: Callable[[Installation], str], installation: Installation) -> Finding:
    try:
        return Finding(part, True, look(installation))
    except (OSError, RuntimeError, ValueError, LookupError, ImportError) as fault:
        return Finding(part, False, " ".join(f"{fault}".split()))


def _services(installation: Installation) -> Iterator[Finding]:
    """Saved queries, and each host that they ask: whether it answers, by whatever status."""
    found = _finding("saved queries", _queries, installation)
    yield found
    if found.healthy:
        for name, address in installation.services.endpoints():
            yield _finding(f"host of {name}", partial(_host, address), installation)


def _queries(installation: Installation) -> str:
    queries = installation.services.queries
    if queries:
        installation.services.client  # noqa: B018  (says whether requests would carry a contact)
    return ", ".join(query.title for query in queries) or "none: nothing is fetched, files may be landed"


def _host(address: str, installation: Installation) -> str:
    return installation.services.client.reach(address)


def _settings(installation: Installation) -> str:
    return f"home {installation.settings.home}"


def _store(installation: Installation) -> str:
    key, content = f"ops/doctor-{secrets.token_hex(4)}", secrets.token_bytes(64)
    installation.store.put(key, content)
    if installation.store.get(key) != content:
        raise RuntimeError(f"{installation.address.endpoint} returned other bytes than were written: check its disks.")
    installation.store.delete([key])
    kind = "embedded" if installation.settings.embedded_store else "external"
    return f"{kind}, {installation.address.endpoint}, bucket {installation.address.bucket}: written and read back"


def _catalog(installation: Installation) -> str:
    with installation.lake.connect() as connection:
        row = connection.execute(
            "SELECT (SELECT max(snapshot_id) FROM lake.snapshots()), (SELECT count(DISTINCT dt) FROM lake.ops.releases)"
        ).fetchone()
    assert row is not None
    kind = "SQLite" if installation.lake.on_sqlite else "PostgreSQL"
    return f"{kind}, snapshot {row[0]}, {row[1]} days released"


def _dbt(installation: Installation) -> str:
    models = [name for name in installation.dbt.manifest["nodes"] if name.startswith("model.")]
    return f"{len(models)} models parsed"


def _model(installation: Installation) -> str:
    from assets.enrichment.embedding import Encoder

    vectors = Encoder(installation.model).encode(["A sentence to see whether the model encodes."])
    return f"{installation.model.name} {installation.model.revision}, {vectors.shape[1]} dimensions"


def _student(installation: Installation) -> str:
    return f"version {installation.heads.annotator_version}"


def _packages(installation: Installation) -> str:
    try:
        return ", ".join(f"{name} {version(name)}" for name in PINNED)
    except PackageNotFoundError as missing:
        raise RuntimeError(f"{missing.name} is not installed: run `make install` again.") from missing


_PARTS: dict[str, Callable[[Installation], str]] = {
    "settings": _settings,
    "packages": _packages,
    "object store": _store,
    "catalog": _catalog,
    "dbt project": _dbt,
    "embedding model": _model,
    "student heads": _student,
}
