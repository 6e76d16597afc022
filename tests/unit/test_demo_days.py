"""The sample days hold what `demo.days` says of them, real facts only, and no text of anyone else's abstract.

The readers here are deliberately plain and independent of `assets.sources`: they say what the files were built to
hold. How the platform's own parsers see the files is a matter for the tests of `litlake demo`.
"""

from __future__ import annotations

import gzip
import html
import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median

import duckdb
import pytest

from demo.days import DAYS, LISTINGS, QUESTIONS, DemoDay, files

RUN_OF_WORDS = 8
ID_PATTERNS = {
    "arxiv_id": r"\d{4}\.\d{4,5}",
    "pmid": r"[1-9]\d{0,7}",
    "doi": r"10\.\d{4,9}/\S+",
    "pmcid": r"PMC\d+",
}
SYNTHETIC = "Synthetic faulty record"
#: Invented too: the sources' data hold no withdrawn paper, and none is called so that was not.
INVENTED = "Synthetic withdrawn record"
#: A tag, not the "<" of "p < 0.05", which would swallow all text up to the next ">".
TAG = re.compile(r"</?[A-Za-z][^<>]{0,300}>")


@dataclass(frozen=True)
class Entry:
    """One record of a demo file that can be listed."""

    title: str
    abstract: str | None
    ids: dict[str, str] = field(default_factory=dict)
    publication_types: tuple[str, ...] = ()
    version: str = "1"


def page_entries(text: str) -> Iterator[Entry | None]:
    lines = text.splitlines()[2:]
    for at in range(0, len(lines), 2):
        title = lines[at].removeprefix("Subscribe") if at == 0 else lines[at]
        yield Entry(title, lines[at + 1]) if at + 1 < len(lines) else None


def xml_entries(text: str) -> Iterator[Entry | None]:
    for block in re.findall(r"<PubmedArticle>.*?</PubmedArticle>", text, re.DOTALL):
        try:
            article = ET.fromstring(block)
        except ET.ParseError:
            yield None
            continue
        found = {e.get("IdType", ""): e.text or "" for e in article.iter("ArticleId")}
        pmid = article.find(".//PMID")
        assert pmid is not None and pmid.text == found["pubmed"]
        names = {"pubmed": "pmid", "doi": "doi", "pmc": "pmcid"}
        yield Entry(
            title=article.findtext(".//ArticleTitle", ""),
            abstract=" ".join("".join(part.itertext()) for part in article.iter("AbstractText")) or None,
            ids={names[kind]: value for kind, value in found.items()},
            publication_types=tuple(e.text or "" for e in article.iter("PublicationType")),
            version=pmid.get("Version", ""),
        )


def json_entries(text: str) -> Iterator[Entry | None]:
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            yield None
            continue
        if not row.get("title") or row.get("published", "") >= "2099":
            yield None
            continue
        named = {"arxiv_id": row.get("id"), "pmid": row.get("pmid"), "doi": row.get("doi")}
        ids = {kind: value for kind, value in named.items() if value}
        yield Entry(row["title"], row.get("summary") or row.get("abstract"), ids)


READERS: dict[str, Callable[[str], Iterator[Entry | None]]] = {
    "hf_papers_page": page_entries,
    "pubmed_xml": xml_entries,
    "jsonl": json_entries,
}


def read(day: DemoDay) -> list[Entry | None]:
    """Every record of a day; None stands for one that cannot be listed."""
    return [entry for source, path in files(day) for entry in READERS[source](path.read_text(encoding="utf-8"))]


def listed(day: DemoDay) -> list[Entry]:
    return [entry for entry in read(day) if entry is not None]


def words(text: str) -> list[str]:
    """Lower-case words without markup and links: a link is a fact that may stand in both texts."""
    bare = re.sub(r"https?://\S+", " ", html.unescape(TAG.sub("", text.replace("\\n", " "))))
    return re.findall(r"[a-z0-9]+", bare.lower())


def runs(text: str) -> set[tuple[str, ...]]:
    spoken = words(text)
    return set(zip(*(spoken[start:] for start in range(RUN_OF_WORDS)), strict=False))


def folded(text: str) -> str:
    return " ".join(html.unescape(TAG.sub("", text)).split())


ENTRIES = [entry for day in DAYS for entry in listed(day)]


def test_the_days_are_consecutive_and_every_file_beside_them_belongs_to_one() -> None:
    assert all(later.dt - earlier.dt == timedelta(days=1) for earlier, later in pairwise(DAYS))
    named = [path for day in DAYS for _, path in files(day)]
    assert sorted(named) == sorted(path for path in LISTINGS.rglob("*") if path.is_file())
    for day in DAYS:
        for source, relative in day.files:
            assert relative.startswith(f"{source}/{day.dt.isoformat()}/")


@pytest.mark.parametrize("day", DAYS, ids=lambda day: str(day.dt))
def test_a_day_holds_as_many_listable_and_faulty_records_as_it_says(day: DemoDay) -> None:
    assert (len(listed(day)), read(day).count(None)) == (day.listed, day.quarantined)


@pytest.mark.parametrize("day", DAYS, ids=lambda day: str(day.dt))
def test_only_the_refused_day_falls_short_of_abstracts(day: DemoDay) -> None:
    share = sum(entry.abstract is not None for entry in listed(day)) / day.listed
    assert share < 0.5 if day.because == "abstract_share" else share > 0.8
    assert (day.expected == "refused") == (day.because is not None)


def test_exactly_one_day_is_refused() -> None:
    assert [str(day.dt) for day in DAYS if day.expected == "refused"] == ["2025-06-24"]


def test_every_released_day_has_an_ordinary_volume() -> None:
    volumes = [day.listed for day in DAYS if day.expected == "released"]
    assert all(12 <= volume <= 26 for volume in volumes)
    for at in range(1, len(volumes)):
        usual = median(volumes[:at])
        assert usual / 3 <= volumes[at] <= 3 * usual


def test_faults_are_never_attached_to_a_real_paper() -> None:
    everything = "".join(path.read_text(encoding="utf-8") for day in DAYS for _, path in files(day))
    assert len(re.findall(SYNTHETIC, everything)) >= sum(day.quarantined for day in DAYS)
    assert not any(SYNTHETIC in entry.title for entry in ENTRIES)


def test_the_days_hold_about_120_works_with_cases_and_reviews_among_them() -> None:
    assert 115 <= len({entry.title for entry in ENTRIES}) <= 130
    kinds = Counter(kind for kinds in {e.title: e.publication_types for e in ENTRIES}.values() for kind in kinds)
    assert kinds["Case Reports"] >= 14 and kinds["Review"] >= 15 and kinds["Retracted Publication"] == 1


def test_every_identifier_has_the_form_of_its_kind() -> None:
    for entry in ENTRIES:
        for kind, value in entry.ids.items():
            assert re.fullmatch(ID_PATTERNS[kind], value), (entry.title, kind, value)


def test_works_come_back_on_other_days_from_other_sources_and_revised() -> None:
    days_of: dict[tuple[str, str], set[str]] = {}
    abstracts_of: dict[tuple[str, str], set[str]] = {}
    for day in DAYS:
        for entry in listed(day):
            for identifier in entry.ids.items():
                days_of.setdefault(identifier, set()).add(str(day.dt))
                if entry.abstract:
                    abstracts_of.setdefault(identifier, set()).add(entry.abstract)
    assert days_of["pmid", "29768149"] == {"2025-06-19", "2025-06-20", "2025-06-22"}
    assert days_of["doi", "10.1371/journal.pone.0011596"] == {"2025-06-22", "2025-06-25"}
    assert len(abstracts_of["arxiv_id", "2506.15339"]) == len(abstracts_of["pmid", "28644058"]) == 2
    assert {e.version for e in ENTRIES if e.ids.get("pmid") == "28644058"} == {"1", "2"}


def test_summaries_are_short() -> None:
    for entry in ENTRIES:
        if entry.abstract:
            assert 45 <= len(entry.abstract.split()) <= 80, entry.title


def test_the_pages_carry_the_traits_of_the_scraped_page() -> None:
    for path in (path for day in DAYS for source, path in files(day) if source == "hf_papers_page"):
        header, second, first, *_ = path.read_text(encoding="utf-8").splitlines()
        assert header.startswith("Get trending papers") and second.startswith("Get trending papers")
        assert first.startswith("Subscribe")
    text = " ".join(entry.abstract or "" for entry in ENTRIES)
    for trait in (r"\%", r"{\mu}", r"\textregistered", r"\~n", r"\#.YTI5SnVKiEA", "&amp;", "&lt;", "$\\alpha$-"):
        assert trait in text


def test_the_questions_run_on_the_documented_tables() -> None:
    lake = duckdb.connect()
    lake.execute("CREATE SCHEMA curated; CREATE SCHEMA marts")
    lake.execute("CREATE TABLE curated.listings (listing_id VARCHAR, paper_id VARCHAR, source VARCHAR, dt DATE)")
    lake.execute("CREATE TABLE curated.papers (paper_id VARCHAR, title VARCHAR)")
    lake.execute("CREATE TABLE curated.resources (paper_id VARCHAR, url VARCHAR, host VARCHAR, role VARCHAR)")
    lake.execute(
        "CREATE TABLE marts.corpus (paper_id VARCHAR, document_type VARCHAR, domain VARCHAR, educational_quality INT)"
    )
    lake.execute("INSERT INTO curated.papers VALUES ('p', 'A title')")
    lake.execute("INSERT INTO curated.listings VALUES ('1', 'p', 'b', '2025-06-20'), ('2', 'p', 'a', '2025-06-19')")
    lake.execute("INSERT INTO curated.resources VALUES ('p', 'https://github.com/a/b', 'github.com', 'code')")
    lake.execute("INSERT INTO marts.corpus VALUES ('p', 'study', 'clinical', 4)")
    answers = [lake.execute(sql).fetchall() for _, sql in QUESTIONS]
    assert answers[0] == [("clinical", "study", 1, 4.0)]
    assert answers[1][0][:2] == ("A title", ["a", "b"])
    assert answers[2] == [("github.com", "code", 1)]


def shared_texts(shared: Path) -> Iterator[tuple[Path, str]]:
    """Every unsealed text of the shared data. Vocabularies hold no abstracts."""
    for path in sorted(shared.rglob("*")):
        if not path.is_file() or path.suffix == ".sealed" or "terminologies" in path.parts:
            continue
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
        yield path, content.decode("utf-8", errors="replace")


@pytest.mark.shared
def test_no_summary_shares_a_run_of_eight_words_with_any_text_of_the_shared_data(shared: Path) -> None:
    own = {run: entry.title for entry in ENTRIES for run in runs(entry.abstract or "")}
    own = {run: title for run, title in own.items() if run not in runs(title)}
    read_runs, carried_over = 0, {}
    for path, text in shared_texts(shared):
        spoken = words(text)
        read_runs += len(spoken)
        for run in zip(*(spoken[start:] for start in range(RUN_OF_WORDS)), strict=False):
            if run in own:
                carried_over[" ".join(run)] = (own[run], path.name)
    assert read_runs > 1_000_000
    assert carried_over == {}


@pytest.mark.shared
def test_titles_and_identifiers_are_those_of_the_sources(shared: Path) -> None:
    page = (shared / "seed" / "hf_papers_listing.txt").read_text(encoding="utf-8").splitlines()[2::2]
    seed = {title.removeprefix("Subscribe") for title in page}
    arxiv: dict[str, str] = {}
    for path in sorted((shared / "listings" / "arxiv_daily").glob("*.gz")):
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            row = json.loads(line)
            arxiv[row["id"]] = folded(row["title"])
    pubmed: dict[str, tuple[str, str]] = {}
    for path, text in shared_texts(shared):
        if not path.parent.name.startswith("pubmed_"):
            continue
        for citation in re.split(r"(?=<MedlineCitation\b)", text)[1:]:
            pmid = re.search(r"<PMID[^>]*>(\d+)", citation)
            title = re.search(r"<ArticleTitle[^>]*>(.*?)</ArticleTitle>", citation, re.DOTALL)
            if pmid and title:
                pubmed.setdefault(pmid[1], (folded(title[1]), html.unescape(citation)))

    for entry in ENTRIES:
        ids = entry.ids
        if entry.title.startswith(INVENTED):
            assert not ids
        elif not ids:
            assert entry.title in seed
        if "arxiv_id" in ids:
            assert arxiv[ids["arxiv_id"]] == entry.title
        if "pmid" in ids:
            known_title, citation = pubmed[ids["pmid"]]
            assert known_title == entry.title
            assert all(ids[kind] in citation for kind in ("doi", "pmcid") if kind in ids)
        elif "doi" in ids:
            assert any(ids["doi"] in citation and known == entry.title for known, citation in pubmed.values())
