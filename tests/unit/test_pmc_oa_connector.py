"""The connector of PMC's bucket: by name, by prefix, by inventory; what it counts and what it refuses.

Listings follow the shapes of Amazon's ListObjectsV2, inventories those of the bucket's README.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from replay import Answer, Asked, ReplayServer

from assets.connectors import pmc_oa_lists
from assets.connectors.base import PageFault, Response, Step, Understood
from assets.connectors.pmc_oa import CONNECTOR, PmcOaConfig
from assets.connectors.pmc_oa_lists import INVENTORIES, queue

DAY = date(2026, 1, 8)
Body = bytes | str | dict[str, object]
Serve = Callable[[Step], Body]


def response(body: Body) -> Response:
    content = json.dumps(body).encode() if isinstance(body, dict) else body.encode() if isinstance(body, str) else body
    return Response({}, io.BytesIO(content), len(content), datetime(2026, 1, 9, tzinfo=UTC))


def read(step: Step, body: Body, config: PmcOaConfig | None = None) -> Understood:
    return CONNECTOR.read(config or PmcOaConfig(), DAY, step, response(body))


def listing(keys: list[tuple[str, str]] | None = None, prefixes: tuple[str, ...] = (), token: str | None = None,
            count: int | None = None) -> str:  # fmt: skip
    contents = "".join(f"<Contents><Key>{k}</Key><LastModified>{t}</LastModified></Contents>" for k, t in keys or ())
    common = "".join(f"<CommonPrefixes><Prefix>{prefix}</Prefix></CommonPrefixes>" for prefix in prefixes)
    more = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    held = len(keys or ()) + len(prefixes) if count is None else count
    return (
        '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<KeyCount>{held}</KeyCount><IsTruncated>{str(bool(token)).lower()}</IsTruncated>{more}{contents}{common}"
        "</ListBucketResult>"
    )


def xml(name: str) -> bytes:
    return f"<?xml version='1.0'?><article><!-- {name} --></article>".encode()


def metadata(name: str, **more: object) -> dict[str, object]:
    pmcid, _, version = name.partition(".")
    url = f"s3://pmc-oa-opendata/{name}/{name}.xml?md5={hashlib.md5(xml(name)).hexdigest()}"
    return {"pmcid": pmcid, "version": int(version), "is_retracted": False, "xml_url": url, **more}


def article(step: Step) -> Body:
    """What the bucket holds of any article."""
    name = step.path.rpartition("/")[2].removesuffix(".json").removesuffix(".xml")
    return metadata(name) if step.path.startswith("/metadata/") else xml(name)


def run(config: PmcOaConfig, serve: Serve, day: date = DAY) -> list[tuple[Step, Understood]]:
    """A whole day. Every step goes through JSON, as a resumed fetch would have it."""
    done: list[tuple[Step, Understood]] = []
    step: Step | None = CONNECTOR.first(config, day)
    while step is not None:
        kept = json.loads(json.dumps(dict(step.memo)))
        step = Step(step.endpoint, step.path, step.params, step.accept, step.part, kept, step.form)
        understood = CONNECTOR.read(config, day, step, response(serve(step)))
        done.append((step, understood))
        assert len(done) < 10_000
        step = understood.next
    return done


def counted(done: list[tuple[Step, Understood]]) -> tuple[list[str], list[str]]:
    """Ids that came and ids that are absent; what came is held against what was announced, part by part."""
    announced: dict[str, int] = {}
    came: dict[str, int] = {}
    for step, understood in done:
        if understood.announced is not None:
            assert announced.setdefault(step.part, understood.announced) == understood.announced
        came[step.part] = came.get(step.part, 0) + len(understood.ids) + len(understood.absent)
    assert {part: number for part, number in came.items() if number} == {k: v for k, v in announced.items() if v}
    every = [understood for _, understood in done]
    return [name for one in every for name in one.ids], [name for one in every for name in one.absent]


# -- configuration -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {"pmcids": ["12"]},
        {"pmcids": ["PMC0"]},
        {"pmcids": ["PMC1"], "prefix": "PMC1"},
        {"prefix": "metadata/"},
        {"prefix": "PMC1/.."},
        {"any_day": True},
        {"pmcid": ["PMC1"]},
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PmcOaConfig.model_validate(settings)


def test_names_are_taken_once_and_in_one_spelling() -> None:
    assert PmcOaConfig(pmcids=(" pmc1", "PMC1", "PMC1.2")).pmcids == ("PMC1", "PMC1.2")


# -- by name -----------------------------------------------------------------------------------------------------------


def test_named_articles_are_fetched_in_all_versions_and_missing_ones_are_absent() -> None:
    def serve(step: Step) -> Body:
        match dict(step.params).get("prefix"):
            case "PMC11.":
                return listing(prefixes=("PMC11.2/", "PMC11.1/"))
            case "PMC12.":
                return listing()
            case "PMC13.2/":
                return listing([("PMC13.2/PMC13.2.json", "x"), ("PMC13.2/PMC13.2.xml", "x")])
        return article(step)

    done = run(PmcOaConfig(pmcids=("PMC11", "PMC12", "PMC13.2")), serve)
    assert counted(done) == (["PMC11.1", "PMC11.2", "PMC13.2"], ["PMC12"])
    assert [step.path for step, _ in done] == [
        "/", "/metadata/PMC11.1.json", "/PMC11.1/PMC11.1.xml", "/metadata/PMC11.2.json", "/PMC11.2/PMC11.2.xml",
        "/", "/", "/metadata/PMC13.2.json", "/PMC13.2/PMC13.2.xml",
    ]  # fmt: skip
    assert [understood.role for _, understood in done].count("records") == 3


def test_a_name_that_begins_another_does_not_take_it_along() -> None:
    step = CONNECTOR.first(PmcOaConfig(pmcids=("PMC11.2",)), DAY)
    understood = read(step, listing(prefixes=("PMC11.2/", "PMC11.20/", "PMC110.2/")), PmcOaConfig(pmcids=("PMC11.2",)))
    assert (understood.announced, understood.next and understood.next.path) == (1, "/metadata/PMC11.2.json")


# -- by prefix ---------------------------------------------------------------------------------------------------------


def prefix_bucket(step: Step) -> Body:
    params = dict(step.params)
    if step.path != "/":
        return article(step)
    assert params["prefix"] == "metadata/PMC1"
    if "continuation-token" not in params:
        old, new = "2026-01-07T23:59:59.000Z", "2026-01-08T00:00:00.000Z"
        return listing([("metadata/PMC10.1.json", new), ("metadata/PMC11.1.json", old)], token="t+/=2")
    assert params["continuation-token"] == "t+/=2"
    return listing([("metadata/PMC1.3.json", "2026-01-08T23:59:59.000Z"), ("metadata/PMC1.txt", "2026-01-08T")])


def test_a_prefix_is_listed_page_by_page_and_taken_by_day_of_change() -> None:
    done = run(PmcOaConfig(prefix="PMC1"), prefix_bucket)
    assert counted(done) == (["PMC10.1", "PMC1.3"], [])
    assert [step.part for step, _ in done] == ["PMC1 page 1"] * 3 + ["PMC1 page 2"] * 3


def test_a_first_fill_takes_articles_whatever_their_day() -> None:
    done = run(PmcOaConfig(prefix="PMC1", any_day=True), prefix_bucket)
    assert counted(done)[0] == ["PMC10.1", "PMC11.1", "PMC1.3"]


def test_a_listing_is_gone_through_over_http() -> None:
    def answer(asked: Asked) -> Answer:
        body = prefix_bucket(Step("pmc_oa", asked.path, tuple(asked.params.items())))
        return Answer(response(body).body.read())

    with ReplayServer(answer) as server:

        def fetch(step: Step) -> Body:
            query = f"?{urlencode(step.params)}" if step.params else ""
            with urlopen(f"{server.url}{step.path}{query}", timeout=10) as answered:
                return bytes(answered.read())

        done = run(PmcOaConfig(prefix="PMC1"), fetch)
        assert len(server.asked) == len(done) == 6
    assert counted(done)[0] == ["PMC10.1", "PMC1.3"]


@pytest.mark.shared
def test_a_captured_listing_is_read(shared: Path) -> None:
    body = (shared / "payloads/pmc_s3/list_shape.xml").read_bytes()
    step = CONNECTOR.first(PmcOaConfig(pmcids=("PMC11000012",)), DAY)
    understood = read(step, body, PmcOaConfig(pmcids=("PMC11000012",)))
    assert understood.announced == 1
    assert understood.next is not None
    assert understood.next.path == "/metadata/PMC11000012.1.json"


# -- by inventory ------------------------------------------------------------------------------------------------------


def inventory_bucket(rows: list[list[str]], schema: str | None = None, requests: list[str] | None = None) -> Serve:
    """A bucket whose inventory has one file for each list of rows."""
    files = [gzip.compress("".join(f"{row}\n" for row in some).encode()) for some in rows]
    described = [
        {"key": f"{INVENTORIES}data/{n}.csv.gz", "size": len(f), "MD5checksum": hashlib.md5(f).hexdigest()}
        for n, f in enumerate(files)
    ]

    def serve(step: Step) -> Body:
        if requests is not None:
            requests.append(step.path)
        if step.path == "/":
            days = [f"{INVENTORIES}{name}/" for name in ("2026-01-08T01-00Z", "2026-01-10T01-00Z", "2026-01-09T01-00Z")]
            return listing(prefixes=(*days, f"{INVENTORIES}data/", f"{INVENTORIES}hive/"))
        if step.path.endswith("manifest.json"):
            assert step.path == f"/{INVENTORIES}2026-01-10T01-00Z/manifest.json"
            return {"fileFormat": "CSV", "files": described, **({"fileSchema": schema} if schema else {})}
        if step.path.endswith(".csv.gz"):
            return files[int(step.path[-8])]
        return article(step)

    return serve


def row(name: str, changed: str = "2026-01-08T11:47:59.000Z") -> str:
    return f'"pmc-oa-opendata","metadata/{name}.json","{changed}","f25d9c5f5b85338f62156faeedfc1e95"'


def test_the_newest_inventory_is_read_file_by_file_for_the_articles_of_the_day() -> None:
    other = "2026-01-09T00:00:00.000Z"
    rows = [[row("PMC10.1"), row("PMC9.2"), row("PMC8.1", other)], [row("PMC7.1", other)], [row("PMC30.1")]]
    done = run(PmcOaConfig(), inventory_bucket(rows))
    assert counted(done) == (["PMC9.2", "PMC10.1", "PMC30.1"], [])
    assert [step.part for step, _ in done][-1] == "inventory file 2"


def test_columns_are_those_that_the_manifest_names() -> None:
    rows = [['"b","2026-01-08T01:00:00.000Z","metadata%2FPMC5.1.json"']]
    done = run(PmcOaConfig(), inventory_bucket(rows, "Bucket, LastModifiedDate, Key"))
    assert counted(done)[0] == ["PMC5.1"]


def test_a_day_of_many_articles_travels_in_batches_of_small_memos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pmc_oa_lists, "BATCH", 10)
    requests: list[str] = []
    done = run(PmcOaConfig(), inventory_bucket([[row(f"PMC{n}.1") for n in range(100, 125)]], requests=requests))
    assert counted(done)[0] == [f"PMC{n}.1" for n in range(100, 125)]
    assert sum(path.endswith(".csv.gz") for path in requests) == 3
    assert max(len(json.dumps(dict(step.memo))) for step, _ in done) < 600


def test_the_queue_of_a_whole_batch_stays_small() -> None:
    numbers = [(11_000_000 + 37 * n, 1 + (n % 50 == 0)) for n in range(pmc_oa_lists.BATCH)]
    assert len(queue(numbers)) < 16_384
    assert queue([(7, 1), (5, 3), (5, 1), (7, 1)]) == "5 0.3 2"


def test_a_day_without_changes_ends_with_the_inventory() -> None:
    done = run(PmcOaConfig(), inventory_bucket([[row("PMC1.1", "2025-12-31T00:00:00.000Z")]]))
    assert counted(done) == ([], [])
    assert len(done) == 3


def test_a_day_that_no_inventory_covers_is_not_fetched_as_an_empty_one() -> None:
    with pytest.raises(PageFault) as fault:
        run(PmcOaConfig(), inventory_bucket([[]]), date(2026, 1, 10))
    assert (fault.value.reason, fault.value.then) == ("not_yet_listed", "fail")


# -- articles ----------------------------------------------------------------------------------------------------------


def metadata_step(name: str = "PMC5.1") -> Step:
    memo = {"reads": "metadata", "article": name, "at": 5, "queue": "", "then": None}
    return Step("pmc_oa", f"/metadata/{name}.json", part="p", memo=memo)


def test_metadata_of_a_retracted_article_are_records_beside_its_xml() -> None:
    understood = read(metadata_step(), metadata("PMC5.1", is_retracted=True))
    assert (understood.role, understood.ids) == ("records", ())
    assert understood.next is not None
    text = read(understood.next, xml("PMC5.1"))
    assert (text.role, text.ids, text.next) == ("records", ("PMC5.1",), None)


def test_metadata_of_an_article_without_xml_are_its_record() -> None:
    understood = read(metadata_step(), metadata("PMC5.1", xml_url=None))
    assert (understood.role, understood.ids, understood.next) == ("records", ("PMC5.1",), None)


def test_xml_that_changed_since_its_metadata_were_read_is_asked_for_again_once() -> None:
    step = read(metadata_step(), metadata("PMC5.1")).next
    assert step is not None
    again = read(step, xml("changed")).next
    assert again is not None and again.path == "/metadata/PMC5.1.json"
    step = read(again, metadata("PMC5.1")).next
    assert step is not None
    with pytest.raises(PageFault) as fault:
        read(step, xml("changed"))
    assert fault.value.reason == "wrong_checksum"
    assert read(step, xml("PMC5.1")).ids == ("PMC5.1",)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty_body"),
        (b"<html>busy</html>", "html_page"),
        (b'{"pmcid"', "unreadable_page"),
        (b"[]", "wrong_page"),
        (json.dumps(metadata("PMC6.1")), "wrong_page"),
        (json.dumps(metadata("PMC5.1", xml_url="s3://elsewhere/PMC5.1/PMC5.1.xml")), "wrong_page"),
        (json.dumps(metadata("PMC5.1", xml_url="https://evil.example/x")), "wrong_page"),
        (json.dumps(metadata("PMC5.1", xml_url="s3://[")), "wrong_page"),
        (json.dumps(metadata("PMC5.1", xml_url=5)), "wrong_page"),
    ],
)
def test_metadata_that_cannot_be_what_was_asked_for_are_refused(body: Body, reason: str) -> None:
    with pytest.raises(PageFault) as fault:
        read(metadata_step(), body)
    assert fault.value.reason == reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b" ", "empty_body"), (b"<!DOCTYPE html><html/>", "html_page"), (b"<Error/>", "wrong_page")],
)
def test_xml_that_cannot_be_what_was_asked_for_is_refused(body: bytes, reason: str) -> None:
    step = read(metadata_step(), {k: v for k, v in metadata("PMC5.1").items() if k != "xml_url"}).next
    assert step is not None and step.path == "/PMC5.1/PMC5.1.xml"
    with pytest.raises(PageFault) as fault:
        read(step, body)
    assert fault.value.reason == reason


LIST = CONNECTOR.first(PmcOaConfig(prefix="PMC1"), DAY)
SECOND = Step("pmc_oa", "/", (), "xml", "p", {"reads": "prefix", "prefix": "PMC1", "page": 2, "token": "t"})
INVENTORY = CONNECTOR.first(PmcOaConfig(), DAY)
MANIFEST = Step("pmc_oa", "/m", (), "json", "i", {"reads": "manifest", "inventory": INVENTORIES, "file": 0})
DATA = Step("pmc_oa", "/d", (), "binary", "i", {"reads": "data", "inventory": INVENTORIES, "file": 0, "files": 1,
            "key": "k", "md5": None, "columns": [1, 2], "taken": 0})  # fmt: skip


@pytest.mark.parametrize(
    ("step", "body", "reason", "then"),
    [
        (LIST, b"", "empty_body", "retry"),
        (LIST, b"<html/>", "html_page", "retry"),
        (LIST, b"<ListBucketResult>", "unreadable_page", "retry"),
        (LIST, b"\xff", "unreadable_page", "retry"),
        (LIST, "<Error><Code>SlowDown</Code></Error>", "error_answer", "retry"),
        (LIST, "<Other/>", "wrong_page", "retry"),
        (LIST, "<ListBucketResult/>", "wrong_page", "retry"),
        (LIST, "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>", "wrong_page", "retry"),
        (LIST, listing([("metadata/PMC1.1.json", "x")], count=2), "short_page", "retry"),
        (SECOND, listing(token="t"), "repeated_token", "restart"),
        (INVENTORY, listing(prefixes=(f"{INVENTORIES}data/",)), "wrong_page", "fail"),
        (MANIFEST, b"{", "unreadable_page", "retry"),
        (MANIFEST, {"files": []}, "unreadable_page", "retry"),
        (MANIFEST, {"files": [{"key": "../x"}]}, "wrong_page", "retry"),
        (MANIFEST, {"files": [{"key": INVENTORIES + "x"}], "fileFormat": "Parquet"}, "wrong_page", "retry"),
        (MANIFEST, {"files": [{"key": INVENTORIES + "x"}], "fileSchema": "Bucket"}, "unreadable_page", "retry"),
        (DATA, b"", "empty_body", "retry"),
        (DATA, gzip.compress(b"a,b,c\n" * 900)[:-9], "unreadable_page", "retry"),
        (DATA, "2026-01-08\n", "unreadable_page", "retry"),
    ],
)
def test_a_list_that_cannot_be_what_was_asked_for_is_refused(step: Step, body: Body, reason: str, then: str) -> None:
    with pytest.raises(PageFault) as fault:
        read(step, body)
    assert (fault.value.reason, fault.value.then) == (reason, then)


TEXT = Step("pmc_oa", "/x", (), "xml", "p", {**metadata_step().memo, "reads": "article", "md5": None})
NAMED = CONNECTOR.first(PmcOaConfig(pmcids=("PMC5",)), DAY)
PAGES = [
    listing([("metadata/PMC5.1.json", "2026-01-08T")], ("PMC5.1/", f"{INVENTORIES}2026-01-10T01-00Z/"), "t").encode(),
    json.dumps(metadata("PMC5.1", is_retracted=True)).encode(),
    json.dumps({"files": [{"key": f"{INVENTORIES}data/x.csv.gz", "MD5checksum": "0"}], "fileSchema": "Key"}).encode(),
    row("PMC5.1").encode(),
    xml("PMC5.1"),
]


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([LIST, SECOND, INVENTORY, MANIFEST, DATA, TEXT, NAMED, metadata_step()]),
    st.sampled_from(PAGES),
    st.tuples(st.integers(0, 400), st.integers(0, 40), st.binary(max_size=20)),
)
def test_any_answer_is_understood_or_a_fault_of_the_page(
    step: Step, page: bytes, damage: tuple[int, int, bytes]
) -> None:
    at, length, instead = damage
    try:
        understood = read(step, page[:at] + instead + page[at + length :], PmcOaConfig(pmcids=("PMC5",)))
    except PageFault as fault:
        assert fault.reason
    else:
        assert understood.next is None or json.dumps(dict(understood.next.memo))
