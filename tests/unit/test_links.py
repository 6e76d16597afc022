"""Links: what is found, what form it gets, what is refused, and the 38 links of the seed page."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.listings.links import MAX_URL_CHARACTERS, Link, canonical_host, find_links

ROLES = {"code", "data", "model", "demo", "project", "api", "leaderboard", "other"}


def urls(text: str) -> list[str]:
    return [link.url for link in find_links(text)]


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("at https://github.com/owner/name.", "https://github.com/owner/name"),
        ("(https://a.org/b). More", "https://a.org/b"),
        ("at http://lab.example.de/u-net .", "http://lab.example.de/u-net"),
        ("https://en.wiki.org/Foo_(bar)).", "https://en.wiki.org/Foo_(bar)"),
        ("https://a.org/b(accessed", "https://a.org/b"),
        ("https://github.com/owner/name.The data", "https://github.com/owner/name"),
        ("https://github.com/owner/name.js works", "https://github.com/owner/name.js"),
        ("https://a.org/b上公开", "https://a.org/b"),
        ("[site](https://a.org/b) <https://a.org/b> **https://a.org/b**", "https://a.org/b"),
        (r"\href{https://a.org/b}{https://a.org/b}, \url{https://a.org/b}", "https://a.org/b"),
        (r"https://a.org/b\_c\%20d/\~nick/$\sim$x", "https://a.org/b_c%20d/~nick/~x"),
        ("https://a.org/?a=1&amp;b=2", "https://a.org/?a=1&b=2"),
    ],
)
def test_punctuation_and_latex_around_a_link_do_not_belong_to_it(text: str, url: str) -> None:
    assert urls(text) == [url]


@pytest.mark.parametrize(
    ("text", "raw", "url"),
    [
        ("at https://a.org/b}{https://a.org/b.", "https://a.org/b}{https://a.org/b", "https://a.org/b"),
        (
            r"(https://zenodo.org/record/4\#.YTI5SnVKiEA).",
            r"https://zenodo.org/record/4\#.YTI5SnVKiEA",
            "https://zenodo.org/record/4",
        ),
        (
            "https://hf-mirror.com/ datasets/x/y.",
            "https://hf-mirror.com/ datasets/x/y",
            "https://huggingface.co/datasets/x/y",
        ),
        ("https://\ngithub.com/x/y", "https://\ngithub.com/x/y", "https://github.com/x/y"),
        ("https://someone. github.io/x/ now", "https://someone. github.io/x/", "https://someone.github.io/x/"),
    ],
)
def test_a_damaged_link_keeps_its_raw_form_beside_the_canonical_one(text: str, raw: str, url: str) -> None:
    assert [(link.url_raw, link.url) for link in find_links(text)] == [(raw, url)]


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("HTTP://WWW.GitHub.com:80/Owner/Name/", "https://github.com/Owner/Name"),
        ("https://github.com/owner/name.git", "https://github.com/owner/name"),
        ("https://Lab.Example.ORG:443/A/", "https://lab.example.org/A/"),
        ("http://lab.example.org:8080/", "http://lab.example.org:8080/"),
        ("https://www.medmnist.com/", "https://www.medmnist.com/"),
        ("https://a.org/?utm_source=x&id=7#:~:text=word", "https://a.org/?id=7"),
        ("https://a.org/page#methods", "https://a.org/page#methods"),
        ("https://bücher.example/é", "https://xn--bcher-kva.example/%C3%A9"),
        ("http://例え.テスト/x", "http://xn--r8jz45g.xn--zckzah/x"),
        ("http://202.120.45.92/tool", "http://202.120.45.92/tool"),
        ("https://web.archive.org/web/2020/https://a.org/x", "https://web.archive.org/web/2020/https://a.org/x"),
    ],
)
def test_spellings_of_one_address_have_one_canonical_form(text: str, url: str) -> None:
    assert urls(text) == [url]


def test_known_hosts_need_no_scheme() -> None:
    text = "see www.a.org/x, github.com/owner/name, huggingface.co/x/y, hf.co/z and medrega.github.io."
    found = ["https://www.a.org/x", "https://github.com/owner/name", "https://huggingface.co/x/y"]
    assert urls(text) == [*found, "https://huggingface.co/z", "https://medrega.github.io"]


def test_links_that_stand_together_are_told_apart_and_each_is_listed_once() -> None:
    text = "https://a.org/x,https://b.org/y;https://a.org/x/ and http://b.org"
    assert urls(text) == ["https://a.org/x", "https://b.org/y", "http://b.org"]


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1) data:text/html,x ftp://www.a.org/x",
        "https://github.com@evil.example/x and https://user:word@a.org",
        "someone@www.a.org someone@github.com/x",
        "http://localhost/x http://127.0.0.1/x http://10.0.0.1/ http://host/",
        "https://a.org:99999/ https://a.org:x/ https://-a-.org/ https://a..org/",
        f"https://a.org/{'b' * MAX_URL_CHARACTERS}",
        "github.com and the huggingface.co hub, and/or",
    ],
)
def test_what_is_no_public_web_address_is_no_link(text: str) -> None:
    assert find_links(text) == []


@pytest.mark.parametrize(
    "host",
    [
        "aqinghuggingface.aqing5501.com",
        "hf-mirror.com",
        "www.huggingface.co",
        "hf.co",
        "huggingface.co.a.cn",
        "HuggingFace-cn.a.org",
    ],
)
def test_a_mirror_of_the_hub_is_the_hub(host: str) -> None:
    assert canonical_host(host) == "huggingface.co"


@pytest.mark.parametrize("host", ["huggingface.github.io", "x-huggingface.hf.space", "discuss.huggingface.co", "a.org"])
def test_a_site_of_its_own_is_no_mirror(host: str) -> None:
    assert canonical_host(host) == host


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("https://github.com/owner/name", "code"),
        ("https://huggingface.co/datasets/x/y", "data"),
        ("https://huggingface.co/x/y", "model"),
        ("https://huggingface.co/spaces/x/y", "demo"),
        ("https://huggingface.co/spaces/x/y-leaderboard", "leaderboard"),
        ("https://zenodo.org/record/1", "data"),
        ("The source code is at https://zenodo.org/record/1", "code"),
        ("Data are listed. The demo is at https://a.org/x", "demo"),
        ("Model weights: https://a.org/x", "model"),
        ("an API at https://a.org/x", "api"),
        ("https://someone.github.io/paper", "project"),
        ("https://arxiv.org/abs/2401.00001", "other"),
    ],
)
def test_the_role_comes_from_the_address_or_the_words_before_it(text: str, role: str) -> None:
    assert [link.role for link in find_links(text)] == [role]


_PIECES = (
    r"https:// http:// www. github.com/ huggingface.co/ a.org b/c . , ; ) ( } { [ ] \_ \# \% @ : 80 ? & = # / é 例え "
    r"and .The \href{ \url{ xn-- -"
)


@given(
    st.text(st.characters(exclude_categories=[]))
    | st.lists(st.sampled_from([*_PIECES.split(), " ", "\n", "\ud800"])).map("".join)
)
def test_any_text_gives_distinct_public_canonical_links(text: str) -> None:
    found = find_links(text)
    assert len({link.url for link in found}) == len(found)
    for link in found:
        parts = urlsplit(link.url)
        assert parts.scheme in {"http", "https"}
        assert link.url.isascii()
        assert parts.hostname == link.host == canonical_host(link.host)
        assert parts.username is None
        assert len(link.url) <= MAX_URL_CHARACTERS
        assert link.role in ROLES
        assert link.url_raw in text
        assert urls(link.url) == [link.url]


@pytest.mark.parametrize(
    "piece",
    [
        "https://a",
        "https://a.org/((((",
        "https://a.org/).",
        "https://github.com/ ",
        "www.",
        "a-",
        "https://a.org}{",
        ".",
    ],
)
def test_a_megabyte_of_anything_is_searched(piece: str) -> None:
    """A pattern that backtracks badly would not end within the test run."""
    assert len(find_links(f"https://a.org/{piece * (1_000_000 // len(piece))}")) <= 2


@pytest.fixture(scope="module")
def seed_links(shared: Path) -> list[tuple[list[Link], list[dict[str, str | list[str]]]]]:
    """For each paper of the seed page: links found, links annotated."""
    page = (shared / "seed" / "hf_papers_listing.txt").read_text(encoding="utf-8").splitlines()[2:]
    cards = (shared / "labels" / "resource_cards.jsonl").read_text(encoding="utf-8").splitlines()
    annotated = {card["n"]: card["urls"] for card in map(json.loads, cards)}
    papers = ("\n".join(page[place : place + 2]) for place in range(0, len(page), 2))
    return [(find_links(paper), annotated[number]) for number, paper in enumerate(papers, start=1)]


@pytest.mark.shared
def test_the_seed_page_has_exactly_the_annotated_links(
    seed_links: list[tuple[list[Link], list[dict[str, str | list[str]]]]],
) -> None:
    for found, annotated in seed_links:
        assert [(link.url, link.url_raw) for link in found] == [(one["canonical"], one["raw"]) for one in annotated]
    links = {link.url: link.host for found, _ in seed_links for link in found}
    assert len(links) == 38
    assert list(links.values()).count("huggingface.co") == 7


@pytest.mark.shared
def test_roles_of_the_seed_page_are_among_the_annotated_ones(
    seed_links: list[tuple[list[Link], list[dict[str, str | list[str]]]]],
) -> None:
    right = [
        link.role in one["roles_all"]
        for found, annotated in seed_links
        for link, one in zip(found, annotated, strict=True)
    ]
    assert sum(right) / len(right) >= 0.95
