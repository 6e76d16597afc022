"""arXiv's categories as people write them, and the sets that its OAI-PMH service knows them by.

A set is ``group:archive:CATEGORY`` (``cs:cs:LG``, ``physics:cond-mat:soft``), an archive ``group:archive``
(``physics:hep-th``), since the service was rewritten in 2025 (https://info.arxiv.org/help/oa/index.html, chronology,
and arXiv's own source, github.com/arXiv/oaipmh). What does not belong here: which of them hold biomedical work
(`assets.connectors.arxiv_oai`).
"""

from __future__ import annotations

from difflib import get_close_matches

#: Archive -> its categories; from https://arxiv.org/category_taxonomy, November 2026.
_CATEGORIES = {
    "astro-ph": "CO EP GA HE IM SR",
    "cond-mat": "dis-nn mes-hall mtrl-sci other quant-gas soft stat-mech str-el supr-con",
    "cs": "AI AR CC CE CG CL CR CV CY DB DC DL DM DS ET FL GL GR GT HC IR IT LG LO MA MM MS NA NE NI OH OS PF PL RO SC "
    "SD SE SI SY",
    "econ": "EM GN TH",
    "eess": "AS IV SP SY",
    "gr-qc": "",
    "hep-ex": "",
    "hep-lat": "",
    "hep-ph": "",
    "hep-th": "",
    "math": "AC AG AP AT CA CO CT CV DG DS FA GM GN GR GT HO IT KT LO MG MP NA NT OA OC PR QA RA RT SG SP ST",
    "math-ph": "",
    "nlin": "AO CD CG PS SI",
    "nucl-ex": "",
    "nucl-th": "",
    "physics": "acc-ph ao-ph app-ph atm-clus atom-ph bio-ph chem-ph class-ph comp-ph data-an ed-ph flu-dyn gen-ph "
    "geo-ph hist-ph ins-det med-ph optics plasm-ph pop-ph soc-ph space-ph",
    "q-bio": "BM CB GN MN NC OT PE QM SC TO",
    "q-fin": "CP EC GN MF PM PR RM ST TR",
    "quant-ph": "",
    "stat": "AP CO ME ML OT TH",
}
#: Archives that are a group of their own; all others belong to physics.
_OWN_GROUP = frozenset({"cs", "econ", "eess", "math", "q-bio", "q-fin", "stat"})

_SPELLED = {
    name.lower(): name
    for archive, categories in _CATEGORIES.items()
    for name in (archive, *(f"{archive}.{category}" for category in categories.split()))
}


def canonical(name: str) -> str:
    """A category or an archive in arXiv's own spelling, ``cs.LG``, ``q-bio``.

    Raises:
        ValueError: There is none of that name; the message names the nearest.
    """
    wanted = name.strip().lower()
    if wanted in _SPELLED:
        return _SPELLED[wanted]
    near = [_SPELLED[found] for found in get_close_matches(wanted, _SPELLED, n=3)]
    hint = f"; did you mean {' or '.join(near)}?" if near else "; see https://arxiv.org/category_taxonomy"
    raise ValueError(f"{name!r} is no category of arXiv such as q-bio or cs.LG{hint}")


def set_of(name: str) -> str:
    """The OAI-PMH set of a category or an archive in its own spelling."""
    archive, _, category = name.partition(".")
    if archive in _OWN_GROUP:
        return f"{archive}:{archive}:{category}" if category else archive
    return f"physics:{archive}:{category}" if category else f"physics:{archive}"


def without_repeats(names: tuple[str, ...]) -> tuple[str, ...]:
    """Each once, in order, and none of an archive that is named as a whole."""
    whole = {name for name in names if "." not in name}
    return tuple(dict.fromkeys(name for name in names if name in whole or name.partition(".")[0] not in whole))
