"""The documentation names what there is, all of it and nothing else. Prose is for people to judge."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from assets.listings.records import REPEAT_REASONS
from assets.sources import SOURCES
from assets.sources.jsonl_records import FIELDS
from expectations.required import ALL_CHECKS
from orchestration.cli import app
from orchestration.settings import GateSettings, Settings, load_settings

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), PROJECT / "CONTRIBUTING.md", PROJECT / "README.md"])

TOP: dict[str, Any] = dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
GROUPS: dict[str, Any] = {name: group.commands for name, group in TOP.items() if hasattr(group, "commands")}

#: Every command by what follows ``litlake``: those of a group by both words.
COMMANDS: dict[str, Any] = {
    **{name: command for name, command in TOP.items() if name not in GROUPS},
    **{f"{group} {name}": command for group, own in GROUPS.items() for name, command in own.items()},
}

#: Named in CONTRIBUTING.md; read by the tests, not by Litlake.
OF_THE_TESTS = {"LITLAKE_SHARED"}

_ROW = re.compile(r"^\| `([^`]+)` \| ([^|]+) \|", re.MULTILINE)
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def name_of(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def page(name: str) -> str:
    return (DOCS / name).read_text()


def code(text: str) -> str:
    """What stands in code: fenced blocks and inline."""
    fenced = "\n".join(body for _, body in _FENCED.findall(text))
    return fenced + "\n" + "\n".join(re.findall(r"`([^`\n]+)`", _FENCED.sub("", text)))


def sections(text: str) -> dict[str, str]:
    """Text under each heading of the second level, by the heading without its backticks."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    return {title.strip("`"): body for title, body in zip(parts[::2], parts[1::2], strict=True)}


def variables() -> dict[str, str]:
    """Every setting with its default as the page writes it."""
    fields = {
        **{f"LITLAKE_{name.upper()}": field for name, field in Settings.model_fields.items() if name != "gate"},
        **{f"LITLAKE_GATE_{name.upper()}": field for name, field in GateSettings.model_fields.items()},
    }
    return {name: "not set" if field.default is None else f"`{field.default}`" for name, field in fields.items()}


def declared(path: str) -> Any:
    return yaml.safe_load((PROJECT / "dbt_project" / "models" / path).read_text())


def tables() -> dict[str, set[str]]:
    """Every table that users query with its columns; a mart's own, since it passes others on."""
    found = {
        f"{source['schema']}.{table['name']}": {column["name"] for column in table["columns"]}
        for source in declared("tables.yml")["sources"]
        for table in source["tables"]
    }
    for mart in declared("marts/marts.yml")["models"]:
        found[f"marts.{mart['name']}"] = {column["name"] for column in mart["columns"]}
    return found


def dbt_checks() -> set[str]:
    """Names of the dbt tests of the day's models, as the gate calls them."""
    names = set()
    for model in declared("tables.yml")["models"]:
        for test in model["data_tests"]:
            kind, given = (test, {}) if isinstance(test, str) else next(iter(test.items()))
            column = given.get("arguments", {}).get("column_name")
            names.add(".".join((model["name"], "_".join(part for part in (kind, column) if part))))
    return names


def test_every_setting_stands_with_its_default() -> None:
    assert {name: cell for name, cell in _ROW.findall(page("settings.md")) if "LITLAKE" in name} == variables()


def test_the_example_of_a_settings_file_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    (example,) = (body for language, body in _FENCED.findall(page("settings.md")) if language == "toml")
    (tmp_path / "litlake.toml").write_text(example)
    assert load_settings(home=tmp_path).gate != GateSettings()


@pytest.mark.parametrize(
    "path",
    [*PAGES, *(PROJECT / "infra" / name for name in ("Dockerfile", "compose.yaml"))],
    ids=name_of,
)
def test_no_page_names_a_setting_that_there_is_not(path: Path) -> None:
    named = set(re.findall(r"\bLITLAKE_[A-Z0-9_]*[A-Z0-9]\b", path.read_text()))
    assert named - OF_THE_TESTS <= set(variables())


def test_every_command_has_its_section_with_every_option() -> None:
    found = {title.removeprefix("litlake "): body for title, body in sections(page("command-line.md")).items()}
    assert found.keys() == COMMANDS.keys()
    for name, command in COMMANDS.items():
        options = {option for given in command.params for option in given.opts if option.startswith("-")}
        told = set(re.findall(r"`(--?[a-z][a-z-]*)", found[name]))
        assert told == options - {"--help"}, name


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_no_page_names_a_command_or_an_option_that_there_is_not(path: Path) -> None:
    for line in re.findall(r"(?<![.\w-])litlake [a-z][^`\n]*", code(path.read_text())):
        words = [word.rstrip(";,.:") for word in line.split()[1:3]]
        name = " ".join(words) if words[0] in GROUPS else words[0]
        if name in GROUPS:
            continue  # the group as such
        assert name in COMMANDS, line
        options = {option for given in COMMANDS[name].params for option in given.opts} | {"--help"}
        written = re.sub(r"\"[^\"]*\"|'[^']*'|#.*|[|>].*", "", line)
        assert set(re.findall(r"(?<=\s)--[a-z][a-z-]*", written)) <= options, line


def test_every_table_has_its_section_with_columns_that_it_has() -> None:
    found, known = sections(page("tables.md")), tables()
    assert found.keys() == known.keys()
    for name, body in found.items():
        told = {column for column, _ in _ROW.findall(body)}
        assert told and told <= known[name], (name, told - known[name])


def test_every_model_of_the_day_is_named() -> None:
    for model in declared("tables.yml")["models"]:
        assert f"`{model['name']}`" in page("tables.md")


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_no_page_queries_a_table_that_there_is_not(path: Path) -> None:
    named = set(re.findall(r"(?:from|describe) ((?:curated|enriched|marts|ops)\.\w+)", path.read_text()))
    assert named <= tables().keys()


def test_every_check_of_the_gate_stands_with_what_its_failure_means() -> None:
    known = {f"{asset}.{name}": "required" if c.required else "warning" for (asset, name), c in ALL_CHECKS.items()}
    known |= dict.fromkeys(dbt_checks(), "required")
    assert dict(_ROW.findall(page("gate.md"))) == known


def test_every_source_and_every_field_of_json_lines_stands_in_its_table() -> None:
    text = page("sources.md")
    for source in SOURCES:
        assert f"| `{source.name}` |" in text
    told = {name for row in sections(text)["Fields of `jsonl"].splitlines() for name in re.findall(r"`([\w/]+)`", row)}
    assert {name for names in FIELDS.values() for name in names} <= told


def test_quarantine_reasons_are_those_of_the_code() -> None:
    modules = [path for room in ("sources", "listings") for path in (PROJECT / "assets" / room).rglob("*.py")]
    text = "".join(path.read_text() for path in modules)
    told = {reason for reason, _ in _ROW.findall(sections(page("sources.md"))["Quarantine"])}
    assert all(f'"{reason}"' in text for reason in told), "a reason that no code gives"
    given = set(re.findall(r'(?:Unlistable\(|reason=|reason = |return )"([a-z0-9]+(?:_[a-z0-9]+)+)"', text))
    given |= set(re.findall(r'(?:\[\], \(|head, 0, |rest, length, )"([a-z0-9_]+)"', text))
    assert given | REPEAT_REASONS <= told


def test_links_between_pages_lead_somewhere() -> None:
    for path in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
            assert (path.parent / target).is_file(), f"{path.name}: {target}"
    others = {path.name for path in DOCS.glob("*.md")} - {"README.md"}
    assert set(re.findall(r"\]\(([\w-]+\.md)\)", page("README.md"))) == others


def test_the_cluster_has_the_laptops_dagster_with_its_storage_in_postgresql() -> None:
    configs = yaml.safe_load((PROJECT / "infra" / "compose.yaml").read_text())["configs"]
    instance = yaml.safe_load(configs["dagster"]["content"])
    assert instance.pop("storage").keys() == {"postgres"}
    assert instance == yaml.safe_load((PROJECT / "infra" / "dagster.yaml").read_text())
    assert json.loads(configs["s3"]["content"])["identities"]


def test_no_password_stands_in_the_infrastructure_files() -> None:
    services = yaml.safe_load((PROJECT / "infra" / "compose.yaml").read_text())["services"]
    secrets = [
        value
        for service in services.values()
        for name, value in service.get("environment", {}).items()
        if re.search(r"PASSWORD|SECRET|ACCESS|CATALOG", name)
    ]
    assert secrets and all(re.search(r"\$\{\w+:\?", secret) for secret in secrets)
