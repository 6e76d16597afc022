"""What a source is: the contract between raw bytes and records. One module a source, beside this one.

Here stand the words that every parser speaks: a raw object, a record, a quarantined record, a source. What does not
belong here: how text is cleaned (`assets.listings.text`), how frames are built (`assets.listings.records`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, BinaryIO, Literal, NamedTuple

if TYPE_CHECKING:
    from assets.sources.bibliography import Bibliography
    from assets.sources.columns import Columns

#: What a source may say of a listing. ``revised`` is also set at release, when an earlier listing had other text.
Status = Literal["new", "revised", "withdrawn", "deleted"]

#: Characters of the damaged input that a quarantine row shows.
EXCERPT_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class RawObject:
    """One object of a day's manifest: immutable bytes and where they came from.

    Attributes:
        source: Name of the source that listed it.
        dt: Listing day (UTC).
        key: Key in object storage, ``raw/<source>/dt=YYYY-MM-DD/<sha256>.<ext>``.
        sha256: Hex digest of the bytes as received (compressed, if they came compressed).
        size: Bytes as received.
        name: File name or URL it came under; for messages only, never a path to open.
        fetched_at: When the bytes reached the platform (UTC).
        split_by: Field of the records that named the day when one file was split into days, else None.
        mapping: What its mapping file says, as (our field, the file's own name of it), where it came with one.
    """

    source: str
    dt: date
    key: str
    sha256: str
    size: int
    name: str
    fetched_at: datetime
    split_by: str | None = None
    mapping: tuple[tuple[str, str], ...] = ()


class Author(NamedTuple):
    """One author as the source names them."""

    name: str
    orcid: str | None = None
    affiliation: str | None = None


class Section(NamedTuple):
    """One labelled part of a structured abstract."""

    label: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """One paragraph of a full text.

    Attributes:
        section_path: Titles of the sections that it stands in, outermost first; empty for text outside of sections.
        kind: "body", "abstract", "back" (acknowledgements, appendices) or "caption".
        text: Its text without markup.
    """

    section_path: list[str]
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure or table of a full text.

    Attributes:
        figure_id: The document's own id of it; None if it has none.
        kind: "figure", "table" or "supplement".
        label: As printed, "Figure 2".
        caption: Title and legend without markup.
        graphic: File name of the picture, as the document names it.
        cited_by: Sentences of the text that refer to it, in order.
    """

    figure_id: str | None
    kind: str
    label: str | None
    caption: str | None
    graphic: str | None
    cited_by: list[str]


@dataclass(frozen=True, slots=True)
class Attention:
    """What readers of a listing service made of a paper at the time of the fetch; it drifts."""

    upvotes: int | None = None
    comments: int | None = None
    rank: int | None = None  # position in the listing, from 1


@dataclass(slots=True, kw_only=True)
class Record:
    """What one raw object says about one paper, in the source's own text (cleaning comes later, in one place).

    Attributes:
        record_index: Position in the raw object, from 0, counting quarantined records too.
        source_id: The source's own identifier, or None if it gives none (then the title stands in).
        version: The source's version of the record ("2" for arXiv v2), or None.
        status: What the source itself says of this listing.
        title: As received. None only where ``status`` is "deleted".
        abstract: As received, sections joined by a blank line; None if the source gives none.
        published_on: Publication date as precise as the source gives it: the first day of what it names.
        url: Landing page of the record at the source.
        bibliography: What the source says beyond these columns; None if nothing.
        passages: Paragraphs of the full text, in order, where the source carries it.
        figures: Figures and tables of the full text, in order.
        attention: Up-votes and the like, where the source counts them.
    """

    record_index: int
    title: str | None
    source_id: str | None = None
    version: str | None = None
    status: Status = "new"
    abstract: str | None = None
    abstract_sections: list[Section] = field(default_factory=list)
    authors: list[Author] = field(default_factory=list)
    journal: str | None = None
    published_on: date | None = None
    language: str | None = None  # ISO 639-1 where one exists, else ISO 639-2/3, lower case
    doi: str | None = None
    pmid: str | None = None
    pmcid: str | None = None
    arxiv_id: str | None = None
    licence: str | None = None
    publication_types: list[str] = field(default_factory=list)
    mesh: list[str] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    comment: str | None = None
    url: str | None = None
    bibliography: Bibliography | None = None
    passages: list[Passage] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    attention: Attention | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """One record that could not be listed.

    Attributes:
        record_index: Position in the raw object, from 0, counting listed records too.
        reason: One snake_case word for the kind of fault, e.g. ``malformed_xml``, ``missing_title``.
        detail: One line that names the place (line, record) and the cause.
        excerpt: The start of the damaged input, at most ``EXCERPT_CHARACTERS`` characters, control characters
            replaced.
    """

    record_index: int
    reason: str
    detail: str
    excerpt: str


def excerpt(damaged: bytes | str) -> str:
    """The start of a damaged input as printable text: undecodable bytes and control characters as U+FFFD."""
    if isinstance(damaged, bytes):
        damaged = damaged[: 4 * EXCERPT_CHARACTERS].decode("utf-8", errors="replace")
    shown = damaged[:EXCERPT_CHARACTERS]
    return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in shown)


#: Reads an (already decompressed) byte stream to its end, record by record, in bounded memory. It never raises for
#: what the bytes say: a damaged record comes out as `Quarantined`. A `StreamDamaged` raised by the stream itself
#: (a truncated gzip) ends the object with one quarantined record for whatever followed the last complete one.
Parser = Callable[[BinaryIO, RawObject], Iterator[Record | Quarantined]]

#: As a parser, but may yield runs of records as columns, which is many times faster. What the columns say is what the
#: parser's records say; each record comes once, in any order.
Reader = Callable[[BinaryIO, RawObject], Iterator["Columns | Record | Quarantined"]]

#: Counts the records of a stream without parsing them: the independent figure that conservation is checked against.
#: At least 1 for any object: one in which no record can be told apart is itself one (quarantined) record. Only a
#: service's page that says itself that it lists nothing counts 0. A `StreamDamaged` counts one for whatever followed
#: the last complete record.
Counter = Callable[[BinaryIO], int]


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of raw listing.

    Attributes:
        name: As in ``litlake land NAME`` and in every table's ``source`` column.
        description: One sentence for users: what it lists and what its day means.
        extension: Of its objects in raw storage, without the dot and before any ``.gz``.
        count: Counts records, cheaply and independently of `parse`.
        parse: Turns bytes into records.
        splittable: Whether one file may be split into days by a field of its records.
        mappable: Whether a mapping file may say which of its fields is which.
        read_columns: Reads faster than `parse` what it says, if the source has such a way.
    """

    name: str
    description: str
    extension: str
    count: Counter
    parse: Parser
    splittable: bool = False
    mappable: bool = False
    read_columns: Reader | None = None

    @property
    def read(self) -> Reader:
        """The fastest way to its records."""
        return self.read_columns or self.parse


class StreamDamaged(OSError):
    """The byte stream itself broke off or is corrupt (a truncated gzip member, a bad checksum)."""
