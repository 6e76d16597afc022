"""One installation: its settings, and the services that they lead to, each opened when first used.

Assets get it as the Dagster resource ``litlake``; the command line and tests use it without Dagster.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import duckdb

from assets.enrichment.embedding import EmbeddingModel, default_model, local_model
from assets.enrichment.heads import Heads, student
from assets.release.tables import missing_statements
from orchestration.gate import Ledger
from orchestration.resources.dbt import Dbt
from orchestration.resources.embedded_store import EmbeddedStore
from orchestration.resources.lake import Lake
from orchestration.resources.object_store import ObjectStore, StoreAddress
from orchestration.resources.raw_store import RawStore
from orchestration.resources.staging import Staging
from orchestration.resources.vector_cache import StoredVectors
from orchestration.services import Services
from orchestration.settings import Settings, SettingsError


class Installation:
    """Everything that one ``LITLAKE_HOME`` or one set of services holds."""

    def __init__(self, settings: Settings) -> None:
        """Keep the settings; nothing is opened yet."""
        self.settings = settings

    @cached_property
    def embedded_store(self) -> EmbeddedStore:
        """The object store that litlake runs itself, where no endpoint is set."""
        return EmbeddedStore(self.settings.store_dir, self.settings.s3_bucket, self.settings.weed)

    @cached_property
    def address(self) -> StoreAddress:
        """Where the object store is; the embedded one is started if it does not run."""
        settings = self.settings
        if settings.s3_endpoint is None:
            return self.embedded_store.start()
        assert settings.s3_access_key and settings.s3_secret_key  # Settings refuses an endpoint without them
        return StoreAddress(
            settings.s3_endpoint,
            settings.s3_bucket,
            settings.s3_access_key,
            settings.s3_secret_key.get_secret_value(),
            settings.s3_region,
        )

    @cached_property
    def store(self) -> ObjectStore:
        """The bucket, made if it is not there."""
        store = ObjectStore(self.address)
        store.ensure_bucket()
        return store

    @cached_property
    def raw(self) -> RawStore:
        """Landing and raw objects."""
        return RawStore(self.store)

    @cached_property
    def services(self) -> Services:
        """The listing services that are asked for saved queries."""
        return Services(self.settings, lambda: self.store)

    @cached_property
    def staging(self) -> Staging:
        """What has been computed and not released."""
        return Staging(self.store)

    @cached_property
    def ledger(self) -> Ledger:
        """Verdicts on staged content."""
        return Ledger(self.store)

    @cached_property
    def dbt(self) -> Dbt:
        """The dbt project."""
        return Dbt(self.settings.dbt_dir)

    @cached_property
    def lake(self) -> Lake:
        """The lake with every declared table in place."""
        lake = Lake(
            catalog=self.settings.catalog_uri,
            store=self.address,
            extensions=self.settings.extension_dir,
            lock=self.settings.home / "lake.lock",
        )
        self.settings.home.mkdir(parents=True, exist_ok=True)
        self.store.ensure_bucket()
        with lake.writing(), lake.connect(read_only=False) as connection:
            _make_tables(connection)
        return lake

    @cached_property
    def model(self) -> EmbeddingModel:
        """The embedding model."""
        settings = self.settings
        if settings.model is None:
            return default_model()
        folder = Path(settings.model).expanduser()
        if folder.is_dir():
            return local_model(folder, folder.name, settings.model_dim)
        if settings.model_revision is None:
            raise SettingsError("LITLAKE_MODEL names a hub model: set LITLAKE_MODEL_REVISION to its commit too.")
        return EmbeddingModel(settings.model, settings.model_revision, settings.model_dim, settings.model)

    @cached_property
    def heads(self) -> Heads:
        """The student heads that label works."""
        own = self.settings.student
        return student() if own is None else Heads.load(own)

    @cached_property
    def vectors(self) -> StoredVectors:
        """Vectors that have been computed, in object storage."""
        return StoredVectors(self.store)


def _make_tables(connection: duckdb.DuckDBPyConnection) -> None:
    statements = missing_statements(connection)
    if not statements:
        return
    connection.execute("BEGIN")
    for statement in statements:
        connection.execute(statement)
    connection.execute("CALL lake.set_commit_message('litlake', 'make the declared tables')")
    connection.execute("COMMIT")
