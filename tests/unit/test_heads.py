"""The student heads: their file, their answers, and how they are trained."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import orjson
import polars as pl
import pytest

from assets.enrichment.embedding import Encoder, embed
from assets.enrichment.features import STYLE_CUES, style_row
from assets.enrichment.heads import (
    ANNOTATION_SCHEMA,
    SHIPPED,
    Heads,
    HeadsUnusable,
    NominalHead,
    OrdinalHead,
    annotate,
    student,
    student_version,
)
from assets.enrichment.taxonomy import SCHEMES
from assets.enrichment.training import LabelsUnusable, read_labels, read_page, train

CASE = (
    "Sudden loss of vision after a bee sting: a case report",
    "We report a 34-year-old man who lost the vision of his left eye two days after a bee sting. He was treated with "
    "intravenous steroids and recovered within three weeks. He had no history of eye disease.",
)
STUDY = (
    "Deletion of a kinase slows the growth of yeast",
    "We deleted the gene of a kinase in yeast and measured growth at three temperatures. Growth was slower by 40% "
    "(p < 0.01) and protein levels were reduced. We show that the kinase is needed for the repair of membranes.",
)
VISION = (
    "Faster image generation with fewer steps",
    "We propose a method that trains diffusion models to generate images in four steps. On two benchmarks it "
    "outperforms state-of-the-art models at half the cost.",
)
NOTES = (
    "A language model for the notes of nurses",
    "We train a large language model on clinical notes of hospital patients and extract symptoms and diagnoses. It "
    "helps physicians to find patients at risk.",
)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()


def as_papers(*texts: tuple[str | None, str | None]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "paper_id": [f"paper-{i}" for i in range(len(texts))],
            "text_sha256": [hashlib.sha256(f"{text}".encode()).hexdigest() for text in texts],
            "title": [title for title, _ in texts],
            "abstract": [abstract for _, abstract in texts],
        },
        schema=dict.fromkeys(("paper_id", "text_sha256", "title", "abstract"), pl.String),
    )


class NoCache:
    def get_many(self, keys: object) -> dict[str, object]:
        return {}

    def put_many(self, vectors: object) -> None:
        pass


def embedded(papers: pl.DataFrame, encoder: Encoder) -> pl.DataFrame:
    return embed(papers, lambda: encoder, NoCache())[0]  # type: ignore[arg-type]


def labels_of(papers: pl.DataFrame, encoder: Encoder) -> dict[str, dict[str, str]]:
    annotations = annotate(papers, embedded(papers, encoder), student())
    return {
        paper: dict(zip(rows["scheme"], rows["label"], strict=True))
        for (paper,), rows in annotations.group_by("paper_id")
    }


def test_every_paper_gets_one_label_of_every_scheme_with_its_probability(encoder: Encoder) -> None:
    papers = as_papers(STUDY, CASE, VISION).reverse()
    annotations = annotate(papers, embedded(papers, encoder), student())
    assert dict(annotations.schema) == ANNOTATION_SCHEMA
    assert annotations.select("paper_id", "scheme").rows() == [
        (f"paper-{i}", scheme) for i in range(3) for scheme in sorted(SCHEMES)
    ]
    for scheme, label, score in annotations.select("scheme", "label", "score").iter_rows():
        assert label in SCHEMES[scheme].labels
        assert 1 / len(SCHEMES[scheme].labels) / 2 < score <= 1
    by_paper = dict(papers.select("paper_id", "text_sha256").iter_rows())
    assert all(by_paper[paper] == sha for paper, sha in annotations.select("paper_id", "text_sha256").iter_rows())
    assert annotations["annotator"].unique().to_list() == ["litlake-student"]
    assert annotations["annotator_version"].unique().to_list() == [student_version()]


def test_plain_cases_are_labelled_as_a_reader_would(encoder: Encoder) -> None:
    answers = labels_of(as_papers(CASE, STUDY, VISION), encoder)
    assert answers["paper-0"]["document_type"] == "clinical_case"
    assert answers["paper-0"]["domain"] == "clinical"
    assert answers["paper-1"]["document_type"] == "study"
    assert answers["paper-1"]["domain"] == "biomedical"
    assert answers["paper-2"]["document_type"] == "study"
    assert answers["paper-2"]["domain"] == "other"
    assert int(answers["paper-2"]["educational_quality"]) < int(answers["paper-0"]["educational_quality"])


def test_machine_learning_on_patients_data_is_clinical_and_not_other(encoder: Encoder) -> None:
    assert labels_of(as_papers(NOTES), encoder)["paper-0"]["domain"] == "clinical"


def test_a_short_abstract_is_no_fragment(encoder: Encoder) -> None:
    short = [(title, ". ".join(abstract.split(". ")[:2]) + ".") for title, abstract in (CASE, STUDY)]
    answers = labels_of(as_papers(*short), encoder)
    assert [answers[f"paper-{i}"]["document_type"] for i in range(2)] == ["clinical_case", "study"]
    assert all(answer["educational_quality"] != "1" for answer in answers.values())


def test_the_labels_of_a_paper_do_not_depend_on_the_other_papers(encoder: Encoder) -> None:
    papers = as_papers(CASE, STUDY, VISION, NOTES)
    vectors = embedded(papers, encoder)
    together = annotate(papers, vectors, student())
    alone = pl.concat([annotate(papers.slice(i, 1), vectors, student()) for i in range(4)])
    assert alone.drop("score").equals(together.drop("score"))
    assert alone["score"].to_numpy() == pytest.approx(together["score"].to_numpy(), abs=1e-9)


def test_two_papers_with_the_same_text_get_the_same_labels(encoder: Encoder) -> None:
    answers = labels_of(as_papers(CASE, CASE), encoder)
    assert answers["paper-0"] == answers["paper-1"]


@pytest.mark.parametrize(
    "text", [("A title alone", None), (None, "An abstract alone."), ("", ""), ("症例報告", "患者。")]
)
def test_a_paper_that_lacks_a_title_an_abstract_or_known_words_is_labelled_too(
    encoder: Encoder, text: tuple[str | None, str | None]
) -> None:
    assert labels_of(as_papers(text), encoder)["paper-0"].keys() == SCHEMES.keys()


def test_a_day_without_papers_has_no_annotations(encoder: Encoder) -> None:
    none = as_papers()
    annotations = annotate(none, embedded(none, encoder), student())
    assert dict(annotations.schema) == ANNOTATION_SCHEMA and annotations.is_empty()


def test_a_paper_without_a_vector_is_an_error_that_names_it(encoder: Encoder) -> None:
    papers = as_papers(CASE, STUDY)
    vectors = embedded(papers.head(1), encoder)
    with pytest.raises(HeadsUnusable, match=papers["text_sha256"][1]):
        annotate(papers, vectors, student())


def test_vectors_of_another_model_are_refused(encoder: Encoder) -> None:
    papers = as_papers(CASE)
    foreign = embedded(papers, encoder).with_columns(revision=pl.lit("another"))
    with pytest.raises(HeadsUnusable, match=student().embedding_revision):
        annotate(papers, foreign, student())


def test_the_shipped_heads_are_for_the_default_model_and_say_their_hash(encoder: Encoder) -> None:
    heads = student()
    assert (heads.embedding_model, heads.embedding_revision) == (encoder.model.name, encoder.model.revision)
    assert student_version() == f"v2-{hashlib.sha256(SHIPPED.read_bytes()).hexdigest()[:8]}"
    assert SHIPPED.stat().st_size < 1_500_000


def test_reading_and_writing_heads_gives_the_same_bytes() -> None:
    assert student().to_bytes() == SHIPPED.read_bytes()


def test_the_shipped_vocabulary_holds_no_more_than_pairs_of_words() -> None:
    for vocabulary in student().space.vocabularies.values():
        assert len(vocabulary.terms) == len(vocabulary.idf) == len(set(vocabulary.terms))
        assert all(len(term.split()) <= 2 for term in vocabulary.terms)


@pytest.mark.parametrize("content", [b"", b"\x80\x04N.", b"{}", SHIPPED.read_bytes()[:5000]])
def test_a_damaged_file_of_heads_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    damaged = tmp_path / "heads.safetensors"
    damaged.write_bytes(content)
    with pytest.raises(HeadsUnusable, match=re.escape(str(damaged))):
        Heads.load(damaged)


def test_missing_heads_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(HeadsUnusable, match=r"absent\.safetensors"):
        Heads.load(tmp_path / "absent.safetensors")


def test_heads_for_other_labels_than_the_schemes_have_are_refused(tmp_path: Path) -> None:
    old = tmp_path / "heads.safetensors"
    old.write_bytes(SHIPPED.read_bytes().replace(b"clinical_case", b"clinical_tale"))
    with pytest.raises(HeadsUnusable, match="clinical_tale"):
        Heads.load(old)


def test_the_card_is_of_the_file_beside_it() -> None:
    card = json.loads((SHIPPED.parent / "card.json").read_text())
    assert card["file_sha256"] == hashlib.sha256(SHIPPED.read_bytes()).hexdigest()
    assert card["heads"].keys() == SCHEMES.keys()
    told = (SHIPPED.parent / "CARD.md").read_text()
    assert card["file_sha256"] in told and card["data"]["sha256"] in told
    assert len(card["data"]["page"]) == 2 and all(sha256 in told for sha256 in card["data"]["page"].values())
    for name in SCHEMES:
        assert f"{card['heads'][name]['cross_validated']['macro_f1']:.3f}" in told


@pytest.mark.shared
def test_the_card_names_the_labels_that_the_heads_were_trained_on(shared: Path) -> None:
    labels = shared / "labels" / "annotations_train.jsonl.gz"
    data = json.loads((SHIPPED.parent / "card.json").read_text())["data"]
    assert data["sha256"] == hashlib.sha256(labels.read_bytes()).hexdigest()
    texts = read_labels(labels)
    page = (shared / "labels" / "resource_cards.jsonl", shared / "seed" / "hf_papers_listing.txt")
    assert data["page"] == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in page}
    assert (data["texts"], data["groups"]) == (len(texts), len({text.group for text in texts}))


@pytest.mark.shared
def test_every_card_of_the_seed_page_finds_its_abstract(shared: Path) -> None:
    texts = read_page(shared / "labels" / "resource_cards.jsonl", shared / "seed" / "hf_papers_listing.txt")
    assert len(texts) == 119
    assert len({text.text for text in texts}) == 119
    assert min(len(text.text) for text in texts) > 200


def test_an_ordinal_answer_is_the_nearest_grade_and_surest_in_its_middle() -> None:
    head = OrdinalHead((), np.zeros((1, 1)), np.zeros(1), grades=5, slope=1.0, intercept=0.0, deviation=0.5)
    grades, scores = head.answer(np.array([-3.0, 1.4, 1.6, 3.0, 9.0]))
    assert grades.tolist() == [0, 0, 1, 2, 4]
    assert scores[3] > scores[2] and scores[0] > 0.99 and scores[4] > 0.99


def test_a_higher_temperature_lowers_the_score_and_keeps_the_label() -> None:
    features = np.eye(2)
    sure = NominalHead((), np.array([[2.0, 0.0], [0.0, 3.0]]), np.zeros(2), temperature=1.0)
    unsure = NominalHead((), sure.weights, sure.bias, temperature=4.0)
    assert sure.predict(features)[0].tolist() == unsure.predict(features)[0].tolist() == [0, 1]
    assert (sure.predict(features)[1] > unsure.predict(features)[1]).all()


def test_cues_see_the_age_of_a_person_and_headings_only_in_capitals() -> None:
    cues = list(STYLE_CUES)
    row = style_row("", "METHODS: A 34-year-old woman was treated; the results of methods are told.")
    assert row[cues.index("age_of_a_person")] > 0
    one = style_row("", "METHODS and more")[cues.index("heading")]
    assert one > 0 == style_row("", "methods and more")[cues.index("heading")]


SUBJECTS = ("ribosomes", "heart failure", "gut bacteria", "asthma", "graph search", "bone repair", "sleep")


def written_labels(path: Path, texts_per_label: int = 12) -> Path:
    """A small labelled file in which every label has its own manner."""
    manner = {
        "study": ("{} measured", "We measured {} in {} mice. Values were compared (p < 0.0{})."),
        "review": ("A review of {}", "This review summarises what is known on {}. It may play {} roles in {} ways."),
        "clinical_case": (
            "{}: a case report",
            "A {1}-year-old woman with {0} was treated for {2} days. She recovered.",
        ),
        "other": ("Thanks", "The authors thank the {} fund for grant {}, and {} colleagues."),
    }
    domains, lines = list(SCHEMES["domain"].labels), []
    for k, (kind, (title, text)) in enumerate(manner.items()):
        for i in range(texts_per_label):
            subject = SUBJECTS[(i + k) % len(SUBJECTS)]
            answers = {"document_type": kind, "domain": domains[i % 3], "educational_quality": 1 + (k + i) % 5}
            paper = {"id": f"{kind}:{i // 2}#p{i}", "source": "written", "title": title.format(subject)}
            lines.append(orjson.dumps({**paper, "text": text.format(subject, 20 + i, 3 + k), **answers}))
    path.write_bytes(gzip.compress(b"\n".join(lines), mtime=0))
    return path


def test_the_same_labels_give_the_same_bytes_and_a_readable_card(encoder: Encoder, tmp_path: Path) -> None:
    labels = written_labels(tmp_path / "labels.jsonl.gz")
    cards_file, page = tmp_path / "cards.jsonl", tmp_path / "page.txt"
    cards_file.write_bytes(orjson.dumps({"title": "New", "document_type": "study", "domain": "other"}))
    page.write_text("New\nWe ran it. It ran for days. It was slow.\n")
    cards = [
        train(labels, encoder, tmp_path / name, page=(cards_file, page), folds=2, repeats=1) for name in ("a", "b")
    ]
    first, second = ((tmp_path / name / "heads.safetensors").read_bytes() for name in ("a", "b"))
    assert first == second
    assert cards[0] == cards[1]
    card = cards[0]
    assert (card.data.texts, card.data.groups) == (48, 24)
    assert card.heads["document_type"].cross_validated.macro_f1 > 0.9  # the manner of every label gives it away
    listed = card.heads["document_type"].page
    assert listed is not None and listed.items == 1
    assert card.heads["educational_quality"].page is None  # the page has no grades
    assert card.data.page.keys() == {"cards.jsonl", "page.txt"}
    assert (tmp_path / "a" / "CARD.md").read_text() == str(card)
    assert Heads.load(tmp_path / "a" / "heads.safetensors").annotator_version == f"v2-{card.file_sha256[:8]}"


def test_too_few_texts_of_a_label_are_refused_by_the_name_of_the_label(encoder: Encoder, tmp_path: Path) -> None:
    with pytest.raises(LabelsUnusable, match="document_type needs at least 10 texts each of study"):
        train(written_labels(tmp_path / "few.jsonl.gz", 4), encoder, tmp_path / "out")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"{", "line 2"),
        (b'["a"]', "line 2"),
        (b'{"id": "1"}', "document_type"),
        (b'{"document_type": "poem", "domain": "other", "educational_quality": 1}', "poem"),
    ],
)
def test_a_label_line_that_cannot_be_read_is_refused_by_its_number(tmp_path: Path, line: bytes, told: str) -> None:
    sound = b'{"id": "1", "source": "s", "title": "T", "text": "x", "document_type": "study", "domain": "other", '
    path = tmp_path / "labels.jsonl"
    path.write_bytes(sound + b'"educational_quality": 3}\n' + line)
    with pytest.raises(LabelsUnusable, match=told) as refused:
        read_labels(path)
    assert "labels.jsonl, line 2" in str(refused.value)


def test_a_paragraph_is_grouped_with_its_article_and_loses_the_section_in_its_title(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    text = {"source": "jats", "text": "x", "document_type": "study", "domain": "other", "educational_quality": 3}
    path.write_bytes(orjson.dumps({"id": "jats:a1#p7", "title": "Sleep | section: Methods", **text}))
    (read,) = read_labels(path)
    assert (read.title, read.group) == ("Sleep", "jats:a1")
