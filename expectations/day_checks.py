"""The checks of one day that span its tables or look at the days before: plain polars, a verdict each.

What does not belong here: what can be asked of one table alone (`expectations.suites`), where the frames come from.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from statistics import median

import polars as pl

from assets.listings.records import REPEAT_REASONS
from expectations.verdicts import MAX_OFFENDERS, Check, Verdict, named, require_columns, shown

LINEAGE = Check(
    "records", "lineage", True, "The day's tables belong together: each was made from the others as they are now"
)
CONSERVATION = Check(
    "records", "conservation", True, "Every record of every raw object is listed or quarantined, once: none is lost"
)
FETCHED_AS_ANNOUNCED = Check(
    "fetches", "fetched_as_announced", True, "Of every list that a service announced, every record came"
)
SOMETHING_LISTED = Check("records", "something_listed", True, "A day of which records were read lists at least one")
VOLUME = Check("records", "volume", True, "The day lists as much as the days before, within a ratio of their median")
PLAUSIBLE_DT = Check(
    "records", "plausible_dt", True, "The listing day is not before 1600, nor after the day on which it was fetched"
)
QUARANTINED_SHARE = Check("records", "quarantined_share", False, "Few of the day's records are quarantined")
EVERY_PAPER_EMBEDDED = Check(
    "embeddings", "every_paper_embedded", True, "The text of every paper has a vector of the configured model"
)
EVERY_PAPER_ANNOTATED = Check(
    "annotations", "every_paper_annotated", True, "Every paper has a label in every scheme, given to its present text"
)

#: What this module checks, as declared.
DAY_CHECKS: tuple[Check, ...] = (
    LINEAGE,
    CONSERVATION,
    FETCHED_AS_ANNOUNCED,
    SOMETHING_LISTED,
    VOLUME,
    PLAUSIBLE_DT,
    QUARANTINED_SHARE,
    EVERY_PAPER_EMBEDDED,
    EVERY_PAPER_ANNOTATED,
)

#: A key of the raw store: ``raw/<source>/dt=<day>/<sha256>.<ext>``.
_RAW_KEY = re.compile(r"raw/(?P<source>[^/]+)/dt=[^/]+/(?P<hash>[0-9a-f]{8})[0-9a-f]{56}\.(?P<extension>.+)")

#: Volumes follow the week: less than one says nothing.
MIN_TRAILING_DAYS = 7

#: Days of a handful of listings vary by any factor without a fault.
MIN_TYPICAL_LISTINGS = 20

#: No listing is older than the first journals; such a day comes of a misread field.
EARLIEST_DAY = date(1600, 1, 1)

#: Sources date their pages by local time, up to 14 hours ahead of UTC.
FETCH_AHEAD = timedelta(days=1)


def lineage(stale: Sequence[str]) -> Verdict:
    """Tables of two runs do not make one day.

    Args:
        stale: Names of tables that were made from other versions of their inputs than are staged now.
    """
    observed = f"made from tables that have changed since: {named(stale)}" if stale else "all made from each other"
    return LINEAGE.verdict(not stale, observed)


def conservation(read: pl.DataFrame, records: pl.DataFrame, quarantine: pl.DataFrame) -> Verdict:
    """Records read = listed + quarantined, by raw object and by position in it.

    Args:
        read: Raw objects of the day: ``source``, ``raw_key``, ``record_count`` (counted independently of parsing).
        records: Listed records: ``raw_key``, ``record_index``.
        quarantine: Quarantined records: ``raw_key``, ``record_index``.

    Raises:
        ExpectationError: A column is missing.
    """
    require_columns("read", read.columns, ("source", "raw_key", "record_count"))
    placed = pl.concat([_places("records", records, listed=True), _places("quarantine", quarantine, listed=False)])
    # A sum that passes over nulls would take an object that was never counted for an empty one.
    counted = read.group_by(pl.col("raw_key").cast(pl.String)).agg(
        pl.when(pl.col("record_count").null_count() == 0).then(pl.col("record_count").cast(pl.Int64).sum()).alias("n")
    )
    tally = _tally(counted, placed)
    whole = (pl.col("listed") + pl.col("quarantined") == pl.col("n")) & (pl.col("covered") == pl.col("n"))
    faults = tally.filter(~whole.fill_null(False)).sort("raw_key")
    if faults.is_empty():
        observed = f"{counted['n'].sum()} records in {counted.height} raw objects, each listed or quarantined once"
        return CONSERVATION.verdict(True, observed)
    named_faults = [_loss(fault, placed) for fault in faults.head(MAX_OFFENDERS).iter_rows(named=True)]
    observed = f"{faults.height} of {tally.height} raw objects differ: {named(named_faults, faults.height)}"
    return CONSERVATION.verdict(False, observed)


def fetched_as_announced(fetches: pl.DataFrame) -> Verdict:
    """What a service announced for the day is what came: a page that was cut off silently refuses the day.

    Args:
        fetches: Lists that were fetched: ``service``, ``query``, ``part``, ``announced``, ``fetched``, ``absent``. A
            list that its service does not count, or that is not counted by its ids, is not held against anything.

    Raises:
        ExpectationError: A column is missing.
    """
    require_columns("fetches", fetches.columns, ("service", "query", "part", "announced", "fetched", "absent"))
    counted = fetches.drop_nulls(["announced", "fetched"])
    short = counted.filter(pl.col("fetched") + pl.col("absent").fill_null(0) != pl.col("announced"))
    told = f"{fetches.height} lists, {counted.height} of them announced with {counted['announced'].sum()} records"
    offenders = [
        f"{shown(row['service'])}.{shown(row['query'])}{' ' + shown(row['part']) if row['part'] else ''}: "
        f"{row['fetched']} of {row['announced']}" + (f", {row['absent']} gone" if row["absent"] else "")
        for row in short.head(MAX_OFFENDERS).iter_rows(named=True)
    ]
    observed = f"{told}; differ: {named(offenders, short.height)}" if offenders else told
    return FETCHED_AS_ANNOUNCED.verdict(short.is_empty(), observed)


def _places(table: str, frame: pl.DataFrame, *, listed: bool) -> pl.DataFrame:
    require_columns(table, frame.columns, ("raw_key", "record_index"))
    return frame.select(
        pl.col("raw_key").cast(pl.String), pl.col("record_index").cast(pl.Int64), pl.lit(listed).alias("listed")
    )


def _tally(counted: pl.DataFrame, placed: pl.DataFrame) -> pl.DataFrame:
    """Per raw object: ``n`` read, rows ``listed`` and ``quarantined``, and how many of 0..n-1 are ``covered``."""
    inside = pl.col("record_index").is_between(0, pl.col("n"), closed="left")
    by_object = (
        placed.join(counted, on="raw_key", how="left", nulls_equal=True)
        .group_by("raw_key")
        .agg(
            pl.col("listed").sum().cast(pl.Int64),
            (~pl.col("listed")).sum().cast(pl.Int64).alias("quarantined"),
            pl.col("record_index").filter(inside).n_unique().cast(pl.Int64).alias("covered"),
        )
    )
    joined = counted.join(by_object, on="raw_key", how="full", coalesce=True, nulls_equal=True)
    return joined.with_columns(pl.col("listed", "quarantined", "covered").fill_null(0))


def _loss(fault: dict[str, object], placed: pl.DataFrame) -> str:
    """One raw object that does not add up, with the first positions that tell why."""
    key, n = fault["raw_key"], fault["n"]
    counts = f"{_short(key)}: listed {fault['listed']} + quarantined {fault['quarantined']}"
    if not isinstance(n, int):
        return f"{counts}, but never counted"
    found = placed.filter(pl.col("raw_key").eq_missing(pl.lit(key, dtype=pl.String))).select("record_index")
    indices = found["record_index"]
    every = pl.select(record_index=pl.int_range(n, dtype=pl.Int64))
    missing = every.join(found, on="record_index", how="anti")["record_index"].sort().to_list()
    repeated = indices.filter(indices.is_duplicated()).drop_nulls().unique().sort().to_list()
    outside = indices.filter(~indices.is_between(0, n, closed="left").fill_null(False)).to_list()
    positions = (("missing", missing), ("repeated", repeated), ("outside", outside))
    told = ", ".join(f"{word} {_first(places)}" for word, places in positions if places)
    return f"{counts} of {n}; {told}"


def _first(positions: Sequence[object], limit: int = 3) -> str:
    return " ".join(shown(position) for position in positions[:limit]) + (" …" if len(positions) > limit else "")


def _short(raw_key: object) -> str:
    """A raw key by its source and 8 digits of its hash, the day being known: five whole keys would fill a verdict."""
    if not isinstance(raw_key, str):
        return "no raw_key"
    parts = _RAW_KEY.fullmatch(raw_key)
    return f"{parts['source']}/{parts['hash']}….{parts['extension']}" if parts else shown(raw_key)


def something_listed(read: pl.DataFrame, records: pl.DataFrame) -> Verdict:
    """A day of which records were read but none could be listed is refused.

    Args:
        read: Raw objects of the day: ``record_count``.
        records: Listed records.

    Raises:
        ExpectationError: A column is missing.
    """
    require_columns("read", read.columns, ("record_count",))
    count = int(read["record_count"].sum())
    return SOMETHING_LISTED.verdict(records.height > 0 or count == 0, f"{count} read, {records.height} listed")


def volume(listed: int, trailing: Sequence[int], low: float, high: float) -> Verdict:
    """The day's listings against the median of days before it.

    Args:
        listed: Listings of the day.
        trailing: Listings of each of the released days before it that it is compared with. Of fewer than
            `MIN_TRAILING_DAYS`, or of a median under `MIN_TYPICAL_LISTINGS`, nothing follows and the check passes,
            saying so.
        low: Least ratio of ``listed`` to the median that passes.
        high: Greatest ratio that passes.

    Raises:
        ValueError: ``low`` and ``high`` are not 0 <= low <= high.
    """
    if not 0 <= low <= high:
        raise ValueError(f"volume needs 0 <= low <= high, not {low} and {high}")
    if len(trailing) < MIN_TRAILING_DAYS:
        observed = f"{listed} listed; {len(trailing)} released days before it are too few to compare with"
        return VOLUME.verdict(True, observed, low=low, high=high)
    typical = median(trailing)
    if typical < MIN_TYPICAL_LISTINGS:
        observed = f"{listed} listed; {len(trailing)} days before it list {typical:g}: too little to compare with"
        return VOLUME.verdict(True, observed, low=low, high=high)
    ratio = listed / typical
    observed = f"{listed} listed, {ratio:.3g} times the median {typical:g} of {len(trailing)} released days before it"
    return VOLUME.verdict(low <= ratio <= high, observed, low=low, high=high)


def plausible_dt(day: date, records: pl.DataFrame) -> Verdict:
    """A day cannot list what was fetched before the day began.

    Args:
        day: The listing day.
        records: Listed records: ``listing_id``, ``fetched_at`` (UTC; nulls are another check's).

    Raises:
        ExpectationError: A column is missing.
    """
    require_columns("records", records.columns, ("listing_id", "fetched_at"))
    if day < EARLIEST_DAY:
        return PLAUSIBLE_DT.verdict(False, f"the day is {day}", day=day)
    early = records.filter(pl.col("fetched_at").dt.date() < day - FETCH_AHEAD)
    if early.is_empty():
        return PLAUSIBLE_DT.verdict(True, f"{records.height} records, none fetched before the day", day=day)
    offenders = [
        f"{shown(listing_id)} (fetched_at {shown(fetched_at)})"
        for listing_id, fetched_at in early.select("listing_id", "fetched_at").head(MAX_OFFENDERS).iter_rows()
    ]
    observed = f"{early.height} of {records.height} records fetched before the day: {named(offenders, early.height)}"
    return PLAUSIBLE_DT.verdict(False, observed, day=day)


def quarantined_share(records: pl.DataFrame, quarantine: pl.DataFrame, high: float = 0.05) -> Verdict:
    """A warning where more than a few records could not be read.

    Args:
        records: Listed records.
        quarantine: Quarantined records: ``reason``; those of `REPEAT_REASONS` do not count at all.
        high: Greatest share of quarantined among all counted records that passes.

    Raises:
        ExpectationError: A column is missing.
    """
    require_columns("quarantine", quarantine.columns, ("reason",))
    reason = pl.col("reason").cast(pl.String).fill_null("no reason")
    damaged = quarantine.select(reason).filter(~pl.col("reason").is_in(REPEAT_REASONS))
    counted = records.height + damaged.height
    if counted == 0:
        return QUARANTINED_SHARE.verdict(True, "no rows", high=high)
    share = damaged.height / counted
    reasons = damaged.group_by("reason").len().sort(["len", "reason"], descending=[True, False])
    told = named([f"{shown(name)} {count}" for name, count in reasons.iter_rows()])
    observed = f"{damaged.height} of {counted} records quarantined ({share:.1%}){': ' + told if told else ''}"
    return QUARANTINED_SHARE.verdict(share <= high, observed, high=high)


def every_paper_embedded(
    papers: pl.DataFrame, embeddings: pl.DataFrame, model: str, revision: str, dim: int
) -> Verdict:
    """Every paper's text has a vector of one model.

    Args:
        papers: ``paper_id``, ``text_sha256``.
        embeddings: ``text_sha256``, ``model``, ``revision``, ``dim``; vectors of other models do not count.
        model: Name of the configured model.
        revision: Of its weights.
        dim: Of its vectors.

    Raises:
        ExpectationError: A column is missing.
    """
    require_columns("papers", papers.columns, ("paper_id", "text_sha256"))
    require_columns("embeddings", embeddings.columns, ("text_sha256", "model", "revision", "dim"))
    made = embeddings.filter(pl.col("model") == model, pl.col("revision") == revision, pl.col("dim") == dim)
    without = papers.join(made, on="text_sha256", how="anti")
    told = f"{papers.height} papers, {without.height} without a vector"
    offenders = [shown(paper_id) for paper_id in without["paper_id"].head(MAX_OFFENDERS)]
    observed = f"{told}: {named(offenders, without.height)}" if offenders else told
    return EVERY_PAPER_EMBEDDED.verdict(without.is_empty(), observed, model=model, revision=revision, dim=dim)


def every_paper_annotated(papers: pl.DataFrame, annotations: pl.DataFrame, schemes: Collection[str]) -> Verdict:
    """Every paper has a label in each scheme. A label that was given to an earlier text does not count.

    Args:
        papers: ``paper_id``, ``text_sha256``.
        annotations: ``paper_id``, ``text_sha256``, ``scheme``, ``label``.
        schemes: The schemes that every paper is asked about.

    Raises:
        ExpectationError: A column is missing.
        ValueError: There is no scheme: a gate that asks for nothing would pass everything.
    """
    if not schemes:
        raise ValueError("every_paper_annotated needs at least one scheme")
    require_columns("papers", papers.columns, ("paper_id", "text_sha256"))
    require_columns("annotations", annotations.columns, ("paper_id", "text_sha256", "scheme", "label"))
    asked = papers.select("paper_id", "text_sha256").join(pl.DataFrame({"scheme": sorted(schemes)}), how="cross")
    labelled = annotations.filter(pl.col("label").is_not_null())
    without = asked.join(labelled, on=["paper_id", "text_sha256", "scheme"], how="anti")
    told = f"{papers.height} papers in {len(schemes)} schemes, {without.height} labels lacking"
    first = without.select("paper_id", "scheme").head(MAX_OFFENDERS)
    offenders = [f"{shown(paper_id)} ({scheme})" for paper_id, scheme in first.iter_rows()]
    observed = f"{told}: {named(offenders, without.height)}" if offenders else told
    return EVERY_PAPER_ANNOTATED.verdict(without.is_empty(), observed, schemes=" ".join(sorted(schemes)))
