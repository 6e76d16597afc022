"""Small listings that tests land: every text is the project's own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

ABSTRACT = "We measured {thing} in a small cohort and report how often it occurred, with the code at {link}."


def jsonl(records: Iterable[Mapping[str, Any] | str]) -> bytes:
    """JSON lines; a text stands for itself, so that a line may be anything."""
    lines = (record if isinstance(record, str) else json.dumps(record) for record in records)
    return "".join(f"{line}\n" for line in lines).encode()


def paper(number: int, **more: Any) -> dict[str, Any]:
    """One good record."""
    abstract = ABSTRACT.format(thing=f"marker {number}", link=f"https://github.com/example/tool-{number}")
    return {"id": f"2506.{number:05}", "title": f"Marker {number} in a small cohort", "abstract": abstract, **more}


def papers(count: int, first: int = 1) -> bytes:
    """A file of good records."""
    return jsonl(paper(number) for number in range(first, first + count))


def page(count: int) -> bytes:
    """A scraped page with its header."""
    pairs = "".join(
        f"Page paper {number}\nThis page abstract tells of study number {number}, its methods, what was found in it "
        f"and what remains to be done by others.\n"
        for number in range(count)
    )
    return f"Get trending papers in your email inbox once a day!\nSubscribe{pairs}".encode()


def article(pmid: int, title: str = "A case of measured calm", abstract: str = "A patient was calm.") -> str:
    """One PubMed record."""
    return (
        f'<PubmedArticle><MedlineCitation><PMID Version="1">{pmid}</PMID><Article><Journal><Title>Journal of Tests'
        f"</Title><JournalIssue><PubDate><Year>2025</Year><Month>Jun</Month></PubDate></JournalIssue></Journal>"
        f"<ArticleTitle>{title}</ArticleTitle><Abstract><AbstractText>{abstract}</AbstractText></Abstract>"
        f"<Language>eng</Language></Article></MedlineCitation></PubmedArticle>"
    )


def pubmed(*articles: str, prolog: str = '<?xml version="1.0"?>') -> bytes:
    """A PubMed file."""
    return f"{prolog}\n<PubmedArticleSet>{''.join(articles)}</PubmedArticleSet>\n".encode()
