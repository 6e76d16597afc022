"""Settings: where values come from, what is refused, and what a refusal says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestration.settings import SettingsError, load_settings, quiet_libraries


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("LITLAKE_")]:
        monkeypatch.delenv(name)


def write_toml(home: Path, text: str) -> None:
    home.mkdir(exist_ok=True)
    (home / "litlake.toml").write_text(text)


def refusal(**values: object) -> str:
    with pytest.raises(SettingsError) as refused:
        load_settings(**values)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_without_any_setting_all_state_lies_under_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings.home == tmp_path / ".litlake"
    assert settings.embedded_store
    assert settings.catalog_uri == f"sqlite:{tmp_path / '.litlake' / 'catalog.sqlite'}"
    folders = (settings.store_dir, settings.dagster_home, settings.dbt_dir, settings.extension_dir)
    assert {folder.parent for folder in folders} == {settings.home}


def test_the_home_stays_where_it_is_when_the_working_directory_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(home="here")
    monkeypatch.chdir("/")
    assert settings.home == tmp_path / "here"


def test_a_tilde_in_the_home_is_the_users_folder_for_the_file_of_settings_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LITLAKE_HOME", "~/lit")
    write_toml(tmp_path / "lit", "s3_bucket = 'of-the-file'")
    settings = load_settings()
    assert (settings.home, settings.s3_bucket) == (tmp_path / "lit", "of-the-file")


def test_arguments_win_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_toml(tmp_path, "s3_bucket = 'of-the-file'\ns3_region = 'of-the-file'\nui_port = 1")
    monkeypatch.setenv("LITLAKE_S3_BUCKET", "of-the-environment")
    monkeypatch.setenv("LITLAKE_S3_REGION", "of-the-environment")
    settings = load_settings(home=tmp_path, s3_bucket="of-the-argument")
    assert (settings.s3_bucket, settings.s3_region, settings.ui_port) == ("of-the-argument", "of-the-environment", 1)


def test_the_environment_names_the_home_whose_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_toml(tmp_path, "s3_bucket = 'of-this-home'")
    monkeypatch.setenv("LITLAKE_HOME", str(tmp_path))
    assert load_settings().s3_bucket == "of-this-home"


def test_one_threshold_of_the_gate_in_the_environment_leaves_the_others_to_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_toml(tmp_path, "[gate]\nmin_abstract_share = 0.1\ntrailing_days = 10")
    monkeypatch.setenv("LITLAKE_GATE_MIN_ABSTRACT_SHARE", "0.3")
    gate = load_settings(home=tmp_path).gate
    assert (gate.min_abstract_share, gate.trailing_days, gate.max_volume_ratio) == (0.3, 10, 20.0)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LITLAKE_S3_BUCKET", "Not A Bucket"),
        ("LITLAKE_UI_PORT", "70000"),
        ("LITLAKE_MODEL_DIM", "many"),
        ("LITLAKE_FIRST_DAY", "1 May"),
        ("LITLAKE_GATE_MIN_ABSTRACT_SHARE", "2"),
        ("LITLAKE_GATE_MIN_ABSTRACT_SHRE", "0.5"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_the_name_of_its_variable(
    variable: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    assert refusal(home=tmp_path).startswith(f"{variable}: ")


@pytest.mark.parametrize("endpoint", ["store:9000", "ftp://store", "http://", "https://store/a/path", ""])
def test_an_endpoint_that_is_no_address_is_refused(endpoint: str, tmp_path: Path) -> None:
    told = refusal(home=tmp_path, s3_endpoint=endpoint, s3_access_key="key", s3_secret_key="secret")
    assert told.startswith("LITLAKE_S3_ENDPOINT: ") and "http://host:port" in told


@pytest.mark.parametrize("keys", [{}, {"s3_access_key": "key"}, {"s3_secret_key": "secret"}])
def test_an_endpoint_without_its_keys_is_refused_and_both_variables_are_named(
    keys: dict[str, str], tmp_path: Path
) -> None:
    told = refusal(home=tmp_path, s3_endpoint="http://store:9000", **keys)
    assert "LITLAKE_S3_ACCESS_KEY" in told and "LITLAKE_S3_SECRET_KEY" in told


def test_an_endpoint_with_its_keys_is_used_in_place_of_the_embedded_store(tmp_path: Path) -> None:
    settings = load_settings(
        home=tmp_path, s3_endpoint="http://store:9000/", s3_access_key="key", s3_secret_key="secret"
    )
    assert settings.s3_endpoint == "http://store:9000" and not settings.embedded_store


def test_a_catalog_on_postgresql_is_attached_as_such_and_secrets_are_not_shown(tmp_path: Path) -> None:
    catalog = "postgresql://user:parole@db/litlake"
    settings = load_settings(home=tmp_path, catalog=catalog, s3_secret_key="hush")
    assert settings.catalog_uri == f"postgres:{catalog}"
    assert "parole" not in repr(settings) and "hush" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "key"), [("s3_bukket = 'x'", "S3_BUKKET"), ("[gate]\nmin_share = 1", "GATE_MIN_SHARE")]
)
def test_an_unknown_key_in_the_file_is_named(text: str, key: str, tmp_path: Path) -> None:
    write_toml(tmp_path, text)
    assert refusal(home=tmp_path).startswith(f"LITLAKE_{key}: ")


@pytest.mark.parametrize("content", [b"s3_bucket = ", b"s3_bucket = '\xff'"])
def test_a_file_that_is_no_toml_is_refused_by_its_name(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "litlake.toml").write_bytes(content)
    assert refusal(home=tmp_path).startswith("litlake.toml cannot be read: ")


def test_telemetry_of_libraries_is_off_unless_the_user_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"DO_NOT_TRACK": "0"})
    quiet_libraries()
    assert os.environ["DO_NOT_TRACK"] == "0"
    assert os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "0" and os.environ["GX_ANALYTICS_ENABLED"] == "false"
