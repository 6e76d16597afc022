"""The annotation schemes and their labels, once. Whoever trains, applies, checks or shows labels reads them here.

What does not belong here: how a label is found (`assets.enrichment.heads`), or where it is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Scheme:
    """One question that is asked of every paper.

    Attributes:
        name: As in ``enriched.annotations.scheme``.
        definition: What is asked, in one line.
        labels: Label to its definition, in the order in which they are shown; from low to high where ``ordinal``.
        ordinal: The labels are steps of one scale, so that a near miss is better than a far one.
    """

    name: str
    definition: str
    labels: Mapping[str, str]
    ordinal: bool = False


def _schemes(*schemes: Scheme) -> Mapping[str, Scheme]:
    return MappingProxyType({scheme.name: scheme for scheme in schemes})


#: Every scheme by its name. A label is an answer about the text of the paper, not about its journal or authors.
SCHEMES: Mapping[str, Scheme] = _schemes(
    Scheme(
        name="document_type",
        definition="What kind of text it is.",
        labels={
            "study": "Original work: what was done, measured, computed or built, and what came out.",
            "review": "Sums up or explains what is already known: reviews, overviews, guidelines.",
            "clinical_case": "The course of one or a few single patients: history, findings, treatment, outcome.",
            "other": "Anything else: editorials, letters, news, corrections, notices, acknowledgements.",
        },
    ),
    Scheme(
        name="domain",
        definition="Which field the content serves.",
        labels={
            "clinical": "The care of patients: diagnosis, treatment, trials, hospital data, disease in populations.",
            "biomedical": "Life science away from the bedside: molecules, cells, animals, mechanisms, its databases.",
            "other": "Neither of the two: general machine learning, statistics, education, physics, policy.",
        },
    ),
    Scheme(
        name="educational_quality",
        definition="How much a college student of biomedicine can learn from the text alone.",
        labels={
            "1": "Nothing: administrative text or a fragment.",
            "2": "Little: a narrow result or a list that is hard to learn from.",
            "3": "Some: facts that can be understood, with some context.",
            "4": "Much: a coherent explanation of concepts, mechanisms or clinical reasoning.",
            "5": "As from a textbook: complete in itself and clearly teaching.",
        },
        ordinal=True,
    ),
)
