"""Which files make up each sample day, and what the platform should do with it. Constants only, read by the CLI.

The counts are facts about the files beside this module; `tests/unit/test_demo_days.py` holds them together. What does
not belong here: any step that lands, runs or checks a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

LISTINGS = Path(__file__).resolve().parent / "listings"


@dataclass(frozen=True, slots=True)
class DemoDay:
    """One sample day.

    Attributes:
        dt: Listing day.
        files: (source, path relative to `LISTINGS`), in the order of landing.
        listed: Records of the files that can be listed.
        quarantined: Records of the files that cannot.
        expected: What the gate does with the day.
        because: Name of the check that refuses it; None for a released day.
    """

    dt: date
    files: tuple[tuple[str, str], ...]
    listed: int
    quarantined: int
    expected: Literal["released", "refused"] = "released"
    because: str | None = None


DAYS: tuple[DemoDay, ...] = (
    DemoDay(
        dt=date(2025, 6, 19),
        files=(
            ("hf_papers_page", "hf_papers_page/2025-06-19/papers_page.txt"),
            ("pubmed_xml", "pubmed_xml/2025-06-19/pubmed_daily.xml"),
            ("jsonl", "jsonl/2025-06-19/papers.jsonl"),
        ),
        listed=24,
        quarantined=1,  # a line without a title
    ),
    DemoDay(
        dt=date(2025, 6, 20),
        files=(
            ("pubmed_xml", "pubmed_xml/2025-06-20/pubmed_daily.xml"),
            ("jsonl", "jsonl/2025-06-20/papers.jsonl"),
        ),
        listed=22,
        quarantined=1,  # a line that is no JSON
    ),
    DemoDay(
        dt=date(2025, 6, 21),
        files=(
            ("hf_papers_page", "hf_papers_page/2025-06-21/papers_page.txt"),
            ("pubmed_xml", "pubmed_xml/2025-06-21/pubmed_daily.xml"),
            ("jsonl", "jsonl/2025-06-21/papers.jsonl"),
        ),
        listed=21,
        quarantined=1,  # the page ends with a title without abstract
    ),
    DemoDay(
        dt=date(2025, 6, 22),
        files=(
            ("pubmed_xml", "pubmed_xml/2025-06-22/pubmed_daily.xml"),
            ("jsonl", "jsonl/2025-06-22/papers.jsonl"),
        ),
        listed=18,
        quarantined=1,  # a record with a mismatched tag amid good ones
    ),
    DemoDay(
        dt=date(2025, 6, 23),
        files=(
            ("hf_papers_page", "hf_papers_page/2025-06-23/papers_page.txt"),
            ("pubmed_xml", "pubmed_xml/2025-06-23/pubmed_daily.xml"),
            ("jsonl", "jsonl/2025-06-23/papers.jsonl"),
        ),
        listed=26,
        quarantined=1,  # a title that names an undefined entity
    ),
    DemoDay(
        dt=date(2025, 6, 24),
        files=(
            ("pubmed_xml", "pubmed_xml/2025-06-24/pubmed_daily.xml"),
            ("jsonl", "jsonl/2025-06-24/papers.jsonl"),
        ),
        listed=23,
        quarantined=0,
        expected="refused",  # 8 of 23 listings have an abstract
        because="abstract_share",
    ),
    DemoDay(
        dt=date(2025, 6, 25),
        files=(
            ("pubmed_xml", "pubmed_xml/2025-06-25/pubmed_daily.xml"),
            ("jsonl", "jsonl/2025-06-25/papers.jsonl"),
        ),
        listed=21,
        quarantined=1,  # published in 2099
    ),
)

#: (question, SQL in DuckDB's dialect) on the released tables, asked when all days are through.
QUESTIONS: tuple[tuple[str, str], ...] = (
    (
        "What kinds of papers are there, and how much can one learn from them?",
        """\
SELECT domain, document_type, count(*) AS papers, round(avg(educational_quality), 2) AS educational_quality
FROM marts.corpus
GROUP BY ALL
ORDER BY papers DESC, domain, document_type""",
    ),
    (
        "Which works were listed more than once, where and when?",
        """\
SELECT p.title, list(DISTINCT l.source ORDER BY l.source) AS sources, list(DISTINCT l.dt ORDER BY l.dt) AS days
FROM curated.listings AS l
JOIN curated.papers AS p USING (paper_id)
GROUP BY p.paper_id, p.title
HAVING count(*) > 1
ORDER BY count(*) DESC, p.title
LIMIT 10""",
    ),
    (
        "Where do these papers keep their code and data?",
        """\
SELECT host, role, count(DISTINCT paper_id) AS papers
FROM curated.resources
WHERE role IN ('code', 'data')
GROUP BY ALL
ORDER BY papers DESC, host, role""",
    ),
)


def files(day: DemoDay) -> list[tuple[str, Path]]:
    """The day's files as (source, absolute path), in the order of landing."""
    return [(source, LISTINGS / relative) for source, relative in day.files]
