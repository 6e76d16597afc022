"""What the student heads see of a paper: words, the embedding, and counted cues. The same for training and applying.

Here stand the cues as readable patterns and the fitted `FeatureSpace`. What does not belong here: labels, weights
(`assets.enrichment.heads`), or how they are found (`assets.enrichment.fitting`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.enrichment.embedding import Vectors, paper_text

Floats = NDArray[np.float64]

#: Blocks of features. A head names those that it uses, and its weights stand in that order.
WORDS, TITLE_WORDS, VECTOR, STYLE, FIELD = "words", "title_words", "vector", "style", "field"

#: A term that stood in fewer training texts says more about those texts than about the language.
MIN_TEXTS_WITH_TERM = 2

#: Standard scores are cut at 3 and scaled so that one cue weighs about as much as one word of an abstract.
CUE_LIMIT, CUE_SCALE = 3.0, 0.2

#: Cues are counted per 100 words; a shorter text counts as this long, so that a fragment's one cue is not a flood.
SHORTEST_WORDS = 20

_METHOD_VERBS = (
    "measured|performed|collected|randomi|assessed|analy|evaluat|obtained|recorded|compared|determined|examined|studied"
    "|used|included|treated|found|observed|investigated|calculated"
)
_OWN_VERBS = (
    "found|find|show|measured|propose|develop|present|introduce|investigat|compar|analy|evaluat|examin|perform|use"
    "|demonstrat|report|observed|estimat|tested|assess|identif"
)

#: How a text speaks: one pattern a cue, counted in the abstract (ignoring case, save for headings).
STYLE_CUES: Mapping[str, str] = {
    "age_of_a_person": r"\b[\w-]+[- ]years?[- ]old\b",
    "one_patient": r"\b(?:a|an|the|this|our|one) (?:[\w-]+ ){0,3}"
    r"(?:patient|man|woman|boy|girl|infant|male|female|child|neonate|case)\b",
    "counted_people": r"\b\d+ (?:[\w-]+ ){0,2}"
    r"(?:patients|subjects|participants|cases|women|men|children|individuals|adults)\b",
    "case_report": r"\bcase (?:report|series|presentation|study)|\bcases\b"
    r"|\breport (?:a|an|two|three|the|on a|here) (?:[\w-]+ ){0,3}(?:case|patient)",
    "review": r"\b(?:reviews?|reviewed|reviewing|overview|summari[sz]e[sd]?|recent advances|state of the art"
    r"|guidelines?|perspectives?|literature|discuss(?:es|ed)?|current knowledge|update)\b",
    "we_did": rf"\bwe (?:\w+ )?(?:{_OWN_VERBS})",
    "was_done": rf"\b(?:was|were) (?:\w+ )?(?:{_METHOD_VERBS})",
    "statistics": r"\bp ?[<=>≤] ?0?\.|95 ?% ?(?:ci|confidence)|confidence interval|odds ratio|hazard ratio"
    r"|significan|\bn ?= ?\d|±",
    "figure": r"\b(?:figs?|figure|table|supplementary|supporting information)\b",
    "citation": r"\[\d+|et al|\([\w ,&.]+(?:19|20)\d\d\w?\)",
    "administration": r"acknowledg|supported by|\bgrants?\b|funded|funding|conflicts? of interest|competing interest"
    r"|contributions?\b|informed consent|ethic|licen[sc]e|copyright|software|available (?:at|from|in|for|on)"
    r"|https?:|corrected|erratum|\beditor|e-?mail|thank",
    "machine_learning": r"benchmark|language models?|\bllms?\b|transformers?\b|neural net|deep learning|dataset"
    r"|state-of-the-art|machine learning",
    "heading": r"(?-i:\b(?:METHODS?|RESULTS?|CONCLUSIONS?|BACKGROUND|OBJECTIVES?|PURPOSE|AIMS?|FINDINGS|UNLABELLED"
    r"|INTRODUCTION|DESIGN|PATIENTS)\b)",
    "general_statement": r"\b(?:may|might|can|could|should|often|typically|generally|usually|known|well established"
    r"|important|role)\b",
    "present_tense": r"\b(?:is|are|has|have)\b",
    "past_tense": r"\b(?:was|were|had)\b",
    "first_person": r"\b(?:we|our|us)\b",
    "patient": r"\bpatients?\b",
    "third_person": r"\b(?:he|she|his|her)\b",
    "this_paper": r"\bthis (?:article|paper|review|chapter|study|report|editorial|issue|commentary)\b",
}

#: Cues whose mere presence in the title says something.
TITLE_CUES = ("age_of_a_person", "one_patient", "case_report", "review", "this_paper")

#: What a text speaks of: stems of life science and of patient care, counted in title and abstract. They hold for
#: papers on machine learning too, where the embedding alone sees only the machine learning.
FIELD_CUES: Mapping[str, str] = {
    "life_science": r"\b(?:bio\w+|medic\w+|clinic\w+|patients?|hospital\w*|disease\w*|cancer\w*|tumou?r\w*"
    r"|gen(?:e|es|etic|ome|omic)\w*|proteins?|cells?|cellular|molecul\w+|drugs?|health\w*|diagnos\w+|pubmed"
    r"|therap\w+|treatment|surg\w+|radiolog\w+|patholog\w+|chemi\w+|brain|neuron\w*|symptom\w*|physicians?"
    r"|doctors?|mice|mouse|rats?)\b",
    "patient_care": r"\b(?:clinic\w+|patients?|hospital\w*|diagnos\w+|therap\w+|treatment|surg\w+|radiolog\w+"
    r"|physicians?|doctors?|symptom\w*|health\w*|care|medical)\b",
}

_STYLE = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in STYLE_CUES.items()}
_FIELD = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in FIELD_CUES.items()}
_WORD = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"[.!?] ")


def _per_hundred_words(pattern: re.Pattern[str], text: str, words: int) -> float:
    """Root of the count per 100 words: the second mention of a cue says less than the first."""
    return float(np.sqrt(100 * len(pattern.findall(text)) / max(words, SHORTEST_WORDS)))


def style_row(title: str, abstract: str) -> list[float]:
    """How one paper is written: `STYLE_CUES` of the abstract, its shape, and the cues in its title."""
    words = _WORD.findall(abstract)
    count, characters = max(len(words), 1), max(len(abstract), 1)
    cues = [_per_hundred_words(pattern, abstract, len(words)) for pattern in _STYLE.values()]
    shape = [
        float(np.log1p(len(words))),
        sum(character.isdigit() for character in abstract) / characters,
        abstract.count("(") / count,
        len(_SENTENCE_END.findall(abstract)) / count,
        sum(map(len, words)) / count,
    ]
    title_cues = [float(bool(_STYLE[name].search(title))) for name in TITLE_CUES]
    return [*cues, *shape, *title_cues, float("?" in title), float(":" in title), float(title.startswith("["))]


def field_row(title: str, abstract: str) -> list[float]:
    """What one paper speaks of: `FIELD_CUES` of its title and abstract."""
    text = paper_text(title, abstract)
    return [_per_hundred_words(pattern, text, len(text.split())) for pattern in _FIELD.values()]


@dataclass(frozen=True)
class Papers:
    """Papers to look at, row by row the same in every attribute.

    Attributes:
        titles: Empty where a paper has none.
        abstracts: Empty where a paper has none.
        vectors: Embeddings of `paper_text`, float32 of shape ``(papers, dim)``.
    """

    titles: Sequence[str]
    abstracts: Sequence[str]
    vectors: Vectors

    @cached_property
    def style(self) -> Floats:
        """`style_row` of every paper."""
        return np.array([style_row(t, a) for t, a in zip(self.titles, self.abstracts, strict=True)], dtype=np.float64)

    @cached_property
    def field(self) -> Floats:
        """`field_row` of every paper."""
        return np.array([field_row(t, a) for t, a in zip(self.titles, self.abstracts, strict=True)], dtype=np.float64)

    def take(self, rows: NDArray[np.intp]) -> Papers:
        """Some of the papers; cues that are counted already are not counted again."""
        taken = Papers([self.titles[i] for i in rows], [self.abstracts[i] for i in rows], self.vectors[rows])
        for counted in self.__dict__.keys() & {"style", "field"}:
            taken.__dict__[counted] = self.__dict__[counted][rows]
        return taken


@dataclass(frozen=True)
class Vocabulary:
    """Terms and their inverse document frequencies.

    Attributes:
        terms: In the order of their columns.
        idf: float64, one a term.
        longest: Words in the longest term.
    """

    terms: Sequence[str]
    idf: Floats
    longest: int

    @classmethod
    def fit(cls, texts: Sequence[str], longest: int) -> Vocabulary:
        """Terms of 1 to ``longest`` words that stand in at least `MIN_TEXTS_WITH_TERM` of the texts."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        fitted = TfidfVectorizer(ngram_range=(1, longest), min_df=MIN_TEXTS_WITH_TERM, sublinear_tf=True).fit(texts)
        return cls(fitted.get_feature_names_out().tolist(), np.asarray(fitted.idf_, dtype=np.float64), longest)

    @cached_property
    def _vectorizer(self) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectorizer = TfidfVectorizer(ngram_range=(1, self.longest), sublinear_tf=True, vocabulary=self.terms)
        vectorizer.idf_ = self.idf
        return vectorizer

    def matrix(self, texts: Sequence[str]) -> Any:
        """TF-IDF (logarithmic term frequency, rows of unit length), sparse of shape ``(texts, terms)``."""
        return self._vectorizer.transform(texts)


@dataclass(frozen=True)
class Scale:
    """Mean and standard deviation of every column of a block of cues, as seen in training."""

    mean: Floats
    deviation: Floats

    @classmethod
    def fit(cls, cues: Floats) -> Scale:
        """A column that never varies in training says nothing: it is scaled to zero near its mean."""
        return cls(cues.mean(axis=0), cues.std(axis=0) + 1e-6)

    def apply(self, cues: Floats) -> Floats:
        """Standard scores, cut at `CUE_LIMIT` and multiplied by `CUE_SCALE`."""
        scores = (cues - self.mean) / self.deviation
        return np.clip(scores, -CUE_LIMIT, CUE_LIMIT) * CUE_SCALE


@dataclass(frozen=True)
class FeatureSpace:
    """What is fitted on the training papers before any label is looked at.

    Attributes:
        vocabularies: Of the blocks `WORDS` (abstracts, 1 and 2 words) and `TITLE_WORDS` (titles, 1 word).
        scales: Of the blocks `STYLE` and `FIELD`.
    """

    vocabularies: Mapping[str, Vocabulary] = field(default_factory=dict)
    scales: Mapping[str, Scale] = field(default_factory=dict)

    @classmethod
    def fit(cls, papers: Papers, blocks: Sequence[str]) -> FeatureSpace:
        """Fits those blocks that need it; ``blocks`` may name more than one head uses."""
        vocabularies = {}
        if WORDS in blocks:
            vocabularies[WORDS] = Vocabulary.fit(papers.abstracts, longest=2)
        if TITLE_WORDS in blocks:
            vocabularies[TITLE_WORDS] = Vocabulary.fit(papers.titles, longest=1)
        cues = {STYLE: papers.style, FIELD: papers.field}
        return cls(vocabularies, {name: Scale.fit(cues[name]) for name in cues if name in blocks})

    def matrix(self, papers: Papers, blocks: Sequence[str]) -> Any:
        """Sparse float64 matrix of shape ``(papers, features)``, the blocks side by side in the order given."""
        from scipy import sparse

        return sparse.hstack([sparse.csr_matrix(self._block(papers, name)) for name in blocks], format="csr")

    def _block(self, papers: Papers, name: str) -> Any:
        if name in self.vocabularies:
            return self.vocabularies[name].matrix(papers.titles if name == TITLE_WORDS else papers.abstracts)
        if name == VECTOR:
            return papers.vectors.astype(np.float64)
        return self.scales[name].apply(papers.style if name == STYLE else papers.field)
