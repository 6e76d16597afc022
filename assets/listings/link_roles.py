"""What a link leads to, guessed from its address and from the words before it: two tables of plain rules.

A guess, not a finding: nothing is fetched. What does not belong here: finding and canonicalising links
(`assets.listings.links`).
"""

from __future__ import annotations

import re
from typing import Final

#: Characters before a link in which a word may say what it leads to: about the clause that holds it.
CONTEXT_CHARACTERS: Final = 120

#: (role, host, path): the first that fits both names the role; a host pattern matches its end.
_BY_ADDRESS: Final = tuple(
    (role, re.compile(rf"(?:{host})\Z"), re.compile(path, re.IGNORECASE))
    for role, host, path in (
        ("leaderboard", r"", r"leader-?board"),
        ("data", r"huggingface\.co", r"/datasets/"),
        ("demo", r"huggingface\.co", r"/spaces/"),
        ("other", r"huggingface\.co", r"/(?:papers|blog|docs)(?:/|\Z)"),
        ("model", r"huggingface\.co", r"/."),
        ("demo", r"\.hf\.space|\.streamlit\.app|\.gradio\.live|colab\.research\.google\.com", r""),
        ("code", r"gist\.github\.com|github\.com|gitlab\.com|bitbucket\.org|codeberg\.org", r"/."),
        ("code", r"pypi\.org|cran\.r-project\.org|bioconductor\.org|anonymous\.4open\.science", r"/."),
        ("other", r"arxiv\.org|biorxiv\.org|medrxiv\.org|pubmed\.ncbi\.nlm\.nih\.gov|creativecommons\.org", r""),
        ("api", r"(?:\A|\.)api\.[\w.-]+|rapidapi\.com", r""),
        ("api", r"", r"/(?:rest|api)(?:/|\Z)|/swagger"),
        ("demo", r"", r"/demo(?:/|\Z)"),
        ("data", r"kaggle\.com", r"/(?:datasets|competitions)/"),
        ("data", r"(?:\A|\.)ftp\.[\w.-]+|physionet\.org|synapse\.org|datadryad\.org", r""),
    )
)
#: Words that say what the link after them leads to; the last such word before the link counts.
_BY_WORDS: Final = re.compile(
    r"\b(?:(?P<leaderboard>leader-?boards?)|(?P<api>apis?)"
    r"|(?P<demo>demos?|demonstrations?|web ?-?servers?|web ?-?apps?|web applications?|online tools?|playground)"
    r"|(?P<project>project (?:web)?page|project (?:web)?site|home ?page|web ?-?page|web ?-?sites?)"
    r"|(?P<code>codes?|source|implementations?|software|packages?|librar(?:y|ies)|repository|toolkits?|scripts?)"
    r"|(?P<model>models?|checkpoints?|weights|networks?)"
    r"|(?P<data>data(?:sets?|bases?)?|corpus|corpora|benchmarks?|annotations?|resources?))\b",
    re.IGNORECASE,
)
#: What a host holds if the words before the link say nothing.
_BY_DEFAULT: Final = tuple(
    (role, re.compile(rf"(?:{host})\Z"))
    for role, host in (
        ("data", r"zenodo\.org|figshare\.com|osf\.io|dataverse\.[\w.]+|drive\.google\.com"),
        ("project", r"\.github\.io|\.gitlab\.io|sites\.google\.com"),
    )
)
_SENTENCE_END = re.compile(r"[.!?]\s+(?=[A-Z])")


def link_role(host: str, path: str, before: str) -> str:
    """Role by address, else by the last telling word of the sentence before the link, else by kind of host.

    Args:
        host: Canonical host.
        path: What follows the host in the canonical URL.
        before: Text before the link, about `CONTEXT_CHARACTERS` of it.

    Returns:
        One of code, data, model, demo, project, api, leaderboard, other.
    """
    for role, hosts, paths in _BY_ADDRESS:
        if hosts.search(host) and paths.search(path):
            return role
    *_, told = (None, *_BY_WORDS.finditer(_SENTENCE_END.split(before)[-1]))
    if told is not None and told.lastgroup is not None:
        return told.lastgroup
    at_top = path in {"", "/"}
    return next((role for role, hosts in _BY_DEFAULT if hosts.search(host)), "project" if at_top else "other")
