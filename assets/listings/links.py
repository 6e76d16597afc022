r"""Links in titles, abstracts and comments: found, canonicalised, and given a role.

The text is read as received, so a link may stand in LaTeX (``\href{…}{…}``, an escaped ``\#``), be broken by a space,
or point to a mirror. What a link leads to is never fetched here. What does not belong here: cleaning of the text
itself (`assets.listings.text`), identifiers such as DOIs, PMIDs and arXiv numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from assets.listings.link_roles import CONTEXT_CHARACTERS, link_role

#: Longer than this is no address but an accident; most servers refuse it too.
MAX_URL_CHARACTERS: Final = 2048

#: Other names of one and the same site.
ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "hf.co": "huggingface.co",
        "huggingface.com": "huggingface.co",
        "dx.doi.org": "doi.org",
        "export.arxiv.org": "arxiv.org",
        "cn.arxiv.org": "arxiv.org",
    }
)
#: Sites that answer over https only, under a name without ``www.``, and to whom a final slash means nothing.
WELL_KNOWN: Final = frozenset(
    {
        "arxiv.org",
        "bitbucket.org",
        "doi.org",
        "figshare.com",
        "github.com",
        "gitlab.com",
        "huggingface.co",
        "kaggle.com",
        "modelscope.cn",
        "osf.io",
        "physionet.org",
        "zenodo.org",
    }
)
#: Where anyone picks the name in front: ``huggingface.github.io`` is a site of its own, not a mirror.
_NAMES_FOR_ANYONE = (
    "github.io",
    "gitlab.io",
    "hf.space",
    "readthedocs.io",
    "readthedocs.org",
    "gitbook.io",
    "medium.com",
    "substack.com",
    "wordpress.com",
    "blogspot.com",
    "notion.site",
    "vercel.app",
    "netlify.app",
    "streamlit.app",
    "pages.dev",
    "amazonaws.com",
    "azurewebsites.net",
)

_MIRROR = re.compile(r"huggingface|(?<![a-z0-9])hf-mirror(?![a-z0-9])")

# East Asian text and punctuation ends a link without a space; brackets and quotation marks never belong to one.
_END = (
    r"\x00-\x20\x7f-\xa0\s\u200b-\u200f\u2060\ufeff<>\"\u2018\u2019\u201c\u201d'`{}\[\]|^\u2026"
    r"\u3000-\u9fff\uac00-\udfff\uff00-\uffef"
)
# Runs longer than a link may be are read a little further, to be told apart from a link of just the allowed length.
_START: Final = re.compile(
    rf"""
    https?://(?:[ \n]?|[\w-]{{1,63}}\.[ \n](?=[a-z0-9-]{{1,63}}\.[a-z]{{2}}))
      (?P<rest>(?:[^\W_][\w-]{{0,62}}\.){{1,20}}(?:xn--[a-z0-9-]{{2,59}}|[a-z]{{2,63}}|[^\W\d_]{{2,63}}|\d{{1,3}})
      [^{_END}]{{0,{MAX_URL_CHARACTERS + 512}}})
  | (?<![\w@./:%#?&=+-])(?P<bare>(?:www\.[\w-]+\.[^\W\d_]{{2}}
        |(?:{"|".join(re.escape(host) for host in sorted({*WELL_KNOWN, "hf.co"}))})/[\w~]
        |[a-z0-9][a-z0-9-]{{0,38}}\.github\.io(?![\w-]))
      [^{_END}]{{0,{MAX_URL_CHARACTERS + 512}}})
    """,
    re.VERBOSE | re.IGNORECASE,
)
_INNER_START = re.compile(r"(?<![/=])https?://", re.IGNORECASE)
_ESCAPES = (
    (re.compile(r"\\(?:textunderscore|_)(?:\{\})?"), "_"),
    (re.compile(r"\\(?:textasciitilde|~)(?:\{\})?|\$\\sim\$"), "~"),
    (re.compile(r"\\([%#&])"), r"\1"),
    (re.compile(r"&amp;"), "&"),
)
_NO_ESCAPE = re.compile(r"\\(?![%#&_~]|text(?:underscore|asciitilde)|sim\$)")
_HOST = re.compile(r"[^/?#]+")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_TOP_LEVEL = re.compile(r"[a-z]{2,63}|xn--[a-z0-9-]{2,59}")
_TRAILING = ".,;:!?*$~\\-\u2013\u2014"
# A lost space after a full stop: "github.com/owner/name.The data". A name may hold a capital after a dot, so only
# words that begin sentences count.
_NEXT_SENTENCE = re.compile(
    r"(?<=\w)\.(?=(?:The|This|These|We|Our|It|In|All|Code|Data|For|To|Here|However|Moreover|Furthermore|Additionally)\Z)"
)
# "https://host/ datasets/owner/name": the rest of a path after a space.
_REST_OF_PATH = re.compile(r"[ \n](?!(?:and|or)/)(?P<path>[\w.-]+/[^\s<>\"'`{}\[\]|^]+)")
_AFTER_TWIN = re.compile(r"\}\{")

# Fragments and parameters that name the reader's route, not the thing: AddThis (`#.YTI5SnVKiEA`), text fragments,
# campaign tags.
_TRACKING_FRAGMENT = re.compile(r"#+(?:\.[\w-]{6,20}|:~:text=.*)?\Z", re.DOTALL)
_TRACKING_PARAMETER = re.compile(r"(?:utm_\w+|fbclid|gclid|mc_cid|mc_eid|igshid)=", re.IGNORECASE)
_TRACKING_PARAMETER_OF: Final[Mapping[str, str]] = MappingProxyType(
    {"drive.google.com": "usp=", "docs.google.com": "usp=", "youtu.be": "si=", "www.youtube.com": "si="}
)


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a text.

    Attributes:
        url_raw: As it stands in the text, without the punctuation around it.
        url: Canonical form: what two spellings of one address share.
        host: Host of ``url``, lower case, ASCII (IDN as punycode).
        role: What it leads to: code, data, model, demo, project, api, leaderboard or other. A guess by plain rules.
    """

    url_raw: str
    url: str
    host: str
    role: str


def find_links(text: str) -> list[Link]:
    """Links of a text as received, in order of appearance, each canonical address once. It never raises.

    http and https only; without a scheme where the host says it is one (``www.``, ``github.com/owner/name``).
    Dropped: addresses with a user name (they are made to deceive), hosts without a dot, and what is longer than
    `MAX_URL_CHARACTERS` (the start of an address is another address).
    """
    found: dict[str, Link] = {}
    for start, end, spelled in _spelled(text):
        canonical = _canonical(spelled)
        if canonical is None:
            continue
        url, host, path = canonical
        key = url.rstrip("/")
        if key not in found:
            raw = text[start : _end_of_twin(text, start, end, key)]
            found[key] = Link(raw, url, host, link_role(host, path, text[max(0, start - CONTEXT_CHARACTERS) : start]))
    return list(found.values())


def canonical_host(host: str) -> str:
    """The site behind a host name: lower case, mirrors and aliases resolved, ``www.`` dropped where it says nothing.

    A mirror of the Hugging Face hub is any name on a foreign domain with a label that contains "huggingface" or
    "hf-mirror" (``aqinghuggingface.aqing5501.com``), unless the domain lets anyone pick that label.
    """
    host = host.lower().rstrip(".")
    without_www = host.removeprefix("www.")
    known = ALIASES.get(without_www, without_www)
    if known in WELL_KNOWN:
        return known
    if host.endswith(".huggingface.co") or host.endswith(_NAMES_FOR_ANYONE):
        return host
    return "huggingface.co" if "." in host and _MIRROR.search(host) else host


def _spelled(text: str) -> Iterator[tuple[int, int, str]]:
    """Where each link begins and ends in the text, and its address with LaTeX escapes resolved."""
    position = 0
    while match := _START.search(text, position):
        start, end = match.start(), _end(text, match)
        position = max(end, start + 1)
        spelled = text[start:end] if match["bare"] is None else f"https://{text[start:end]}"
        if (path := _path_after_space(text, end, spelled)) is not None:
            end += 1 + len(path)
            position, spelled = end, spelled + path
        yield start, end, _unescaped(re.sub(r"\s", "", spelled))


def _end(text: str, match: re.Match[str]) -> int:
    """End of a link: before the next link, a foreign backslash, unbalanced brackets and closing punctuation."""
    start, end = match.start(), match.end()
    first = start if match["bare"] is not None else match.start("rest")
    if (inner := _INNER_START.search(text, first, end)) is not None:
        end = inner.start()
    if (foreign := _NO_ESCAPE.search(text, first, end)) is not None:
        end = foreign.start()
    link = text[first : _balanced_end(text, first, end)].rstrip(_TRAILING)
    if (sentence := _NEXT_SENTENCE.search(link)) is not None:
        link = link[: sentence.start()]
    return first + len(link)


def _balanced_end(text: str, first: int, end: int) -> int:
    """Place of the first bracket that has no partner within the link, else ``end``."""
    opened: list[int] = []
    for place in range(first, end):
        if text[place] == "(":
            opened.append(place)
        elif text[place] == ")":
            if not opened:
                return place
            opened.pop()
    return opened[0] if opened else end


def _path_after_space(text: str, end: int, spelled: str) -> str | None:
    """The path of a well-known site that a space parts from its host, or None."""
    site = re.fullmatch(r"https?://\s?([\w.-]+)/", spelled, re.IGNORECASE)
    if site is None or canonical_host(site[1]) not in WELL_KNOWN:
        return None
    rest = _REST_OF_PATH.match(text, end)
    return None if rest is None else rest["path"].rstrip(_TRAILING + ")")


def _unescaped(spelled: str) -> str:
    for escape, plain in _ESCAPES:
        spelled = escape.sub(plain, spelled)
    return spelled


def _end_of_twin(text: str, start: int, end: int, key: str) -> int:
    r"""End of ``URL}{URL``, what a lost ``\href`` leaves of one link; else ``end``."""
    if text[start - 1 : start] == "{" or not _AFTER_TWIN.match(text, end):
        return end
    twin = _START.match(text, end + 2)
    if twin is None:
        return end
    twin_end = _end(text, twin)
    canonical = _canonical(_unescaped(text[end + 2 : twin_end]))
    return twin_end if canonical is not None and canonical[0].rstrip("/") == key else end


def _canonical(spelled: str) -> tuple[str, str, str] | None:
    """Canonical URL, its host, and what follows the host; None for what is no acceptable link."""
    if len(spelled) > MAX_URL_CHARACTERS:
        return None
    scheme, _, rest = spelled.partition("://")
    scheme = scheme.lower()
    authority = _HOST.match(rest)
    if authority is None or "@" in authority[0]:
        return None
    host, _, port = authority[0].partition(":")
    ascii_host = _ascii_host(host)
    if ascii_host is None or (port and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536)):
        return None
    host = canonical_host(ascii_host)
    tail = rest[authority.end() :]
    if host in WELL_KNOWN:
        scheme, port = "https", ""
    if port in {"", {"http": "80", "https": "443"}[scheme]}:
        port = ""
    tail = quote(_untracked(tail, host), safe="/?#:@!$&'()*+,;=%~-._", errors="replace")
    url = f"{scheme}://{host}{':' if port else ''}{port}{tail}"
    return (url, host, tail) if len(url) <= MAX_URL_CHARACTERS else None


def _ascii_host(host: str) -> str | None:
    """A host as DNS spells it, or None if it is no public host name."""
    host = host.lower().rstrip(".")
    if len(host) > 253:
        return None
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    labels = host.split(".")
    if all(label.isdigit() for label in labels):
        return host if _is_public_address(host) else None
    well_formed = len(labels) > 1 and all(map(_LABEL.fullmatch, labels)) and _TOP_LEVEL.fullmatch(labels[-1])
    return host if well_formed else None


def _is_public_address(host: str) -> bool:
    try:
        return IPv4Address(host).is_global
    except AddressValueError:
        return False


def _untracked(tail: str, host: str) -> str:
    tail = _TRACKING_FRAGMENT.sub("", tail)
    path, mark, query = tail.partition("?")
    if mark:
        query, hash_mark, fragment = query.partition("#")
        of_host = _TRACKING_PARAMETER_OF.get(host, "utm_")
        kept = [
            part
            for part in query.split("&")
            if part and not part.startswith(of_host) and not _TRACKING_PARAMETER.match(part)
        ]
        tail = path + ("?" + "&".join(kept) if kept else "") + hash_mark + fragment
    if host in {"github.com", "gitlab.com"}:
        tail = tail.rstrip("/").removesuffix(".git")
    return tail.rstrip(_TRAILING + "/" * (host in WELL_KNOWN))
