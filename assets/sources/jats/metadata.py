"""What an article's metadata say, as a `Record`: the canonical columns.

Written after JATS 1.0 to 1.3 and NLM's DTDs 1 to 3. What does not belong here: cutting a file into articles
(`assets.sources.jats.split`), the full text (`assets.sources.jats.passages`), what only the bibliography holds.
"""

from __future__ import annotations

import re
from typing import cast

from lxml import etree

from assets.sources.base import Record, Section, Status
from assets.sources.bibliography import AuthorDetail, Bibliography, OtherAbstract
from assets.sources.faults import Unlistable
from assets.sources.identifiers import normalise_arxiv, normalise_doi, normalise_pmcid, normalise_pmid
from assets.sources.jats.bibliography import CORRECTION_KINDS, read_bibliography, related_articles
from assets.sources.jats.dates import published_on, read_dates
from assets.sources.jats.figures import read_figures
from assets.sources.jats.licence import licence_of
from assets.sources.jats.passages import read_full_text
from assets.sources.jats.people import read_authors
from assets.sources.jats.text import attribute, is_own_doi, text
from assets.sources.languages import language_code
from assets.sources.xml_text import unique

#: What PubMed calls an article that has been retracted, and what the day's models look for.
RETRACTED = "Retracted Publication"

#: Marks of footnotes stand in titles.
_NOTE_MARKS = frozenset({"xref", "fn"})

#: Abstracts by these types are the article's own. Any other type ("toc", "graphical", "executive-summary", …) is
#: another text about it.
_OWN_ABSTRACTS = frozenset(
    {"", "abstract", "section", "sections", "structured", "normal", "main", "full", "unstructured"}
)

#: Subjects of these groups say what kind of article it is; those of any other group, what it is about.
_TYPE_GROUPS = frozenset({"", "heading", "display-channel", "article-type", "toc-heading", "toc-section", "part"})

_NOTICES = frozenset({"retraction", "partial-retraction", "correction", "addendum", "expression-of-concern"})
_RETRACTED_TITLE = re.compile(
    r"[\[(\s]*retracted(?:\s+article)?\s*[\])]?\s*[:—–-]|[\[(]\s*retracted(?: article)?\s*[\])]", re.IGNORECASE
)
_WITHDRAWN_TITLE = re.compile(r"[\[(\s]*WITHDRAWN\b")


def read_article(article: etree._Element, index: int) -> Record:
    """The listing that an ``article`` with plain names (`with_plain_names`) makes.

    Raises:
        Unlistable: It has no metadata, or no title.
    """
    meta = article.find("front/article-meta")
    if meta is None:
        raise Unlistable("missing_metadata", "the article has no front matter with an article-meta")
    ids = _ids(meta)
    title = _title(meta)
    if title is None:
        raise Unlistable("missing_title", f"article {_source_id(ids) or 'without identifier'} has no title")
    doi, pmid, pmcid = (next(iter(ids.get(kind, ())), None) for kind in ("doi", "pmid", "pmcid"))
    abstract = _own_abstract(meta)
    sections = _sections(abstract)
    authors, details = read_authors(meta)
    whole = read_full_text(article, abstract)
    return Record(
        record_index=index,
        title=title,
        source_id=_source_id(ids),
        version=_version(ids),
        status=_status(article, title, _version(ids)),
        abstract="\n\n".join(f"{part.label}: {part.text}" if part.label else part.text for part in sections) or None,
        abstract_sections=sections if any(part.label for part in sections) else [],
        authors=authors,
        journal=_journal(article),
        published_on=published_on(meta),
        # "en" is the default that every one of the DTDs declares, and no DTD is loaded here.
        language=language_code(_language(article) or "en"),
        doi=doi,
        pmid=pmid,
        pmcid=pmcid,
        arxiv_id=next(iter(ids.get("arxiv", ())), None),
        licence=licence_of(meta),
        publication_types=_publication_types(article, meta, title),
        keywords=_keywords(meta),
        categories=_subjects(meta, of_type=False),
        url=_url(doi, pmid, pmcid),
        bibliography=_bibliography(article, meta, abstract, details),
        passages=[block.passage() for block in whole.blocks],
        figures=read_figures(whole),
    )


def _bibliography(
    article: etree._Element, meta: etree._Element, abstract: etree._Element | None, details: list[AuthorDetail]
) -> Bibliography | None:
    said = Bibliography(
        title_markup=_markup(meta),
        languages=unique([_language(article)]),
        dates=read_dates(meta),
        author_details=details,
        other_abstracts=_other_abstracts(article, meta, abstract),
    )
    known = {key: value for key, value in said.items() if value}
    return cast(Bibliography, {**read_bibliography(article, meta), **known}) or None


# -- titles and kinds --------------------------------------------------------------------------------------------------


def _title(meta: etree._Element) -> str | None:
    group = meta.find("title-group")
    title = None if group is None else text(group.find("article-title"), _NOTE_MARKS)
    if title is None and (product := meta.find("product")) is not None:
        return text(product.find("source")) or text(product.find("article-title"))  # reviews named by what they review
    subtitles = [] if group is None else unique(text(part, _NOTE_MARKS) for part in group.iterchildren("subtitle"))
    if title is None or not subtitles:
        return title
    return f"{title}{'' if title.endswith((':', '?', '!', '—')) else ':'} {' '.join(subtitles)}"


def _markup(meta: etree._Element) -> str | None:
    """The title with its inline markup, if it has any."""
    title = meta.find("title-group/article-title")
    if title is None or not any(child.tag in ("italic", "sub", "sup", "bold", "sc") for child in title.iter("*")):
        return None
    whole = etree.tostring(title, encoding="unicode", with_tail=False)
    whole = re.sub(r'\sxmlns(?::\w+)?="[^"]*"', "", whole)
    return re.sub(r"\s+", " ", re.sub(r"^<article-title[^>]*>|</article-title>$", "", whole)).strip() or None


def _kind(article: etree._Element) -> str:
    return str(article.get("article-type") or "").strip()


def _publication_types(article: etree._Element, meta: etree._Element, title: str) -> list[str]:
    retracted = RETRACTED if _is_retracted(article, title) else None
    return unique([_kind(article), *_subjects(meta, of_type=True), retracted])


def _is_retracted(article: etree._Element, title: str) -> bool:
    """Whether it says of itself that it was retracted. The notice that retracts another article does not."""
    kind = _kind(article).lower()
    if kind in _NOTICES:
        return False
    relations = {element.get("related-article-type", "").strip() for element in related_articles(article)}
    forward = any(CORRECTION_KINDS.get(relation) == "RetractionIn" for relation in relations)
    backward = any(CORRECTION_KINDS.get(relation) == "RetractionOf" for relation in relations)
    named = _RETRACTED_TITLE.match(title) is not None and not backward
    return forward or named or kind in ("retracted-article", "retracted")


def _status(article: etree._Element, title: str, version: str | None) -> Status:
    if _kind(article).lower() in ("withdrawn-article", "withdrawn") or _WITHDRAWN_TITLE.match(title):
        return "withdrawn"
    return "revised" if version is not None and version != "1" else "new"


def _subjects(meta: etree._Element, *, of_type: bool) -> list[str]:
    groups = meta.iterfind("article-categories/subj-group")
    return unique(
        text(subject)
        for group in groups
        if ((group.get("subj-group-type") or "").strip().lower() in _TYPE_GROUPS) == of_type
        for subject in group.iter("subject")
    )


def _keywords(meta: etree._Element) -> list[str]:
    groups = [group for group in meta.iter("kwd-group") if "abbr" not in (group.get("kwd-group-type") or "").lower()]
    return unique(text(keyword) for group in groups for keyword in group.iter("kwd", "compound-kwd"))


def _journal(article: etree._Element) -> str | None:
    journal = article.find("front/journal-meta")
    if journal is None:
        return None
    ids = (
        element for element in journal.iterchildren("journal-id") if element.get("journal-id-type") != "publisher-id"
    )
    return text(journal.find(".//journal-title")) or text(next(ids, None))


def _language(element: etree._Element) -> str | None:
    return attribute(element, "lang")


# -- identifiers -------------------------------------------------------------------------------------------------------


def _ids(meta: etree._Element) -> dict[str, list[str]]:
    """Valid identifiers by kind: doi, pmid, pmcid, arxiv, pmcid-ver (as given), publisher-id (as given)."""
    ids: dict[str, list[str]] = {}
    for element in meta.iterchildren("article-id"):
        kind, value = (element.get("pub-id-type") or "").strip().lower(), text(element)
        if value is None:
            continue
        if kind == "doi" and (doi := normalise_doi(value)):
            ids.setdefault("doi", []).append(doi)
            if arxiv := normalise_arxiv(doi):
                ids.setdefault("arxiv", []).append(arxiv.id)
        elif kind in ("pmid", "pubmed") and (pmid := normalise_pmid(value)):
            ids.setdefault("pmid", []).append(pmid)
        elif kind in ("pmc", "pmcid", "pmcid-ver") and (pmcid := normalise_pmcid(value)):
            ids.setdefault("pmcid", []).append(pmcid)
        elif kind == "arxiv" and (arxiv := normalise_arxiv(value)):
            ids.setdefault("arxiv", []).append(arxiv.id)
        if kind in ("pmcid-ver", "publisher-id"):
            ids.setdefault(kind, []).append(value)
    return ids


def _source_id(ids: dict[str, list[str]]) -> str | None:
    return next((ids[kind][0] for kind in ("pmcid", "doi", "pmid", "arxiv", "publisher-id") if ids.get(kind)), None)


def _version(ids: dict[str, list[str]]) -> str | None:
    """PMC's own version of the article: ``PMC123.2`` is the second."""
    numbers = [
        value.rpartition(".")[2] for value in ids.get("pmcid-ver", ()) if re.fullmatch(r"PMC\d+\.\d{1,4}", value)
    ]
    return next(iter(numbers), None)


def _url(doi: str | None, pmid: str | None, pmcid: str | None) -> str | None:
    if pmcid:
        return f"https://pmc.ncbi.nlm.nih.gov/articles/{pmcid}/"
    return f"https://doi.org/{doi}" if doi else f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/" if pmid else None


# -- abstracts ---------------------------------------------------------------------------------------------------------


def _own_abstract(meta: etree._Element) -> etree._Element | None:
    typed = [
        (element, (element.get("abstract-type") or "").strip().lower()) for element in meta.iterchildren("abstract")
    ]
    plain = sorted((kind != "", at) for at, (_, kind) in enumerate(typed) if kind in _OWN_ABSTRACTS)
    return next((typed[at][0] for _, at in plain if _sections(typed[at][0])), None)


def _sections(abstract: etree._Element | None) -> list[Section]:
    """The labelled parts of an abstract; its paragraphs outside of any come as parts without a label."""
    parts: list[Section] = []
    for child in () if abstract is None else abstract:
        if child.tag == "sec":
            told = text(child, frozenset({"title", "label"}))
            label = (text(child.find("title"), _NOTE_MARKS) or "").rstrip(" :.") or None
        else:
            is_prose = child.tag not in ("title", "label", "object-id") and not is_own_doi(child)
            told, label = text(child) if is_prose else None, None
        if told:
            parts.append(Section(label, told))
    if not parts and abstract is not None and (abstract.text or "").strip():
        parts.append(Section(None, text(abstract) or ""))
    return parts


def _other_abstracts(article: etree._Element, meta: etree._Element, own: etree._Element | None) -> list[OtherAbstract]:
    """Abstracts of another kind or language, those of translations among them."""
    translations = [part for part in article.iterchildren("sub-article") if part.get("article-type") == "translation"]
    held = [*meta.iterchildren("abstract", "trans-abstract")]
    for part in translations:
        held += part.iterfind(".//abstract")
    rows: list[OtherAbstract] = []
    for element in held:
        told = "\n\n".join(f"{part.label}: {part.text}" if part.label else part.text for part in _sections(element))
        if told and element is not own:
            language = _language(element) or next(
                filter(None, map(_language, element.iterancestors("sub-article"))), None
            )
            rows.append(OtherAbstract(language=language, kind=element.get("abstract-type"), text=told))
    return rows
