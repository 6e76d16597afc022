"""Saved queries: one TOML file that people edit and `litlake source add` extends."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.connectors import CONNECTORS
from orchestration.saved_queries import SavedQueryError, add_query, saved_queries, typed_values


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "home" / "sources.toml"


def test_without_a_file_nothing_is_saved(file: Path) -> None:
    assert saved_queries(file) == ()


def test_one_line_switches_a_source_on(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("[biorxiv.all]\n")
    (query,) = saved_queries(file)
    assert (query.title, query.connector) == ("biorxiv.all", CONNECTORS["biorxiv"])


def test_what_is_added_is_read_back_typed(file: Path) -> None:
    added = add_query(file, "pubmed", "neuro", {"query": 'epilepsy[mh] AND "case reports"[pt]', "look_back": 3})
    assert saved_queries(file) == (added,)
    assert added.config.look_back == 3


def test_adding_leaves_comments_and_other_tables_as_they_are(file: Path) -> None:
    file.parent.mkdir()
    before = "# ours\n[medrxiv.all] # every preprint\nlook_back = 2\n"
    file.write_text(before)
    add_query(file, "pubmed", "neuro", {"query": "epilepsy"})
    add_query(file, "pubmed", "heart", {"query": "heart failure"})
    assert file.read_text().startswith(before)
    assert [query.title for query in saved_queries(file)] == ["medrxiv.all", "pubmed.neuro", "pubmed.heart"]


def test_a_name_that_is_taken_is_not_replaced(file: Path) -> None:
    add_query(file, "pubmed", "neuro", {"query": "epilepsy"})
    before = file.read_text()
    with pytest.raises(SavedQueryError, match=r"pubmed\.neuro is there already"):
        add_query(file, "pubmed", "neuro", {"query": "stroke"})
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("service", "name", "values", "told"),
    [
        ("pubmde", "neuro", {}, "no service is called 'pubmde'; there are .*pubmed"),
        ("pubmed", "neuro", {}, "pubmed.neuro, query: Field required"),
        ("pubmed", "neuro", {"query": "x", "lok_back": 1}, "lok_back: there is no such field. Fields: .*look_back"),
        ("pubmed", "neuro", {"query": "x", "look_back": -1}, "look_back: .*greater than or equal to 0"),
        ("pubmed", "../neuro", {"query": "x"}, "is no name"),
        ("pubmed", "", {"query": "x"}, "is no name"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name_and_not_written(
    file: Path, service: str, name: str, values: dict[str, object], told: str
) -> None:
    with pytest.raises(SavedQueryError, match=told):
        add_query(file, service, name, values)
    assert not file.exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[pubmed", "cannot be read"),
        ("pubmed = 3\n", r"write a saved query as a table with a name, \[pubmed\.NAME\]"),
        ("[pubmed]\nquery = 'x'\n", r"\[pubmed\.NAME\]"),
        ("[pubmed.a]\nquery = 3\n", "pubmed.a, query"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_table(file: Path, text: str, told: str) -> None:
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(SavedQueryError, match=told) as refused:
        saved_queries(file)
    assert str(file) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_a_query_may_cost_says_nothing_of_what_it_asks_for(file: Path, tmp_path: Path) -> None:
    first = add_query(file, "pubmed", "a", {"query": "x"})
    dearer = add_query(file, "pubmed", "b", {"query": "x", "look_back": 5, "max_pages": 7})
    other = add_query(file, "pubmed", "c", {"query": "y"})
    assert first.config_hash == dearer.config_hash != other.config_hash


def test_values_of_the_command_line_are_toml_or_text() -> None:
    pairs = ["look_back=3", 'sets=["q-bio", "cs"]', "query=heart failure", "baseline_from=2010-01-01", "a=b=c"]
    values = typed_values(pairs)
    assert values["look_back"] == 3
    assert values["sets"] == ["q-bio", "cs"]
    assert values["query"] == "heart failure"
    assert values["baseline_from"].isoformat() == "2010-01-01"
    assert values["a"] == "b=c"
    with pytest.raises(SavedQueryError, match="FIELD=VALUE"):
        typed_values(["look_back"])
