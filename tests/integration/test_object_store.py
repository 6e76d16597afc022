"""The object store: nothing is overwritten that must stay, nothing is lost in silence, and each home has its own."""

from __future__ import annotations

import io
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import numpy as np
import psutil
import pytest

from orchestration.resources.embedded_store import EmbeddedStore, find_weed
from orchestration.resources.object_store import ObjectStore, ObjectStoreError, StoreAddress
from orchestration.resources.vector_cache import StoredVectors


def free_server(folder: Path) -> EmbeddedStore:
    return EmbeddedStore(folder, "litlake")


# -- objects -----------------------------------------------------------------------------------------------------------


def test_an_object_comes_back_as_it_was_put_and_a_missing_one_is_none(store: ObjectStore) -> None:
    store.put("a/b", b"bytes")
    assert store.get("a/b") == b"bytes" and store.exists("a/b")
    assert store.get("a/c") is None and store.get_json("a/c") is None and not store.exists("a/c")


def test_equal_values_are_equal_bytes_of_json(store: ObjectStore) -> None:
    store.put_json("one", {"b": "é", "a": 1})
    store.put_json("two", {"a": 1, "b": "é"})
    assert store.get("one") == store.get("two") == '{"a": 1, "b": "é"}'.encode()


def test_what_was_put_once_is_never_overwritten_and_keeps_its_metadata(store: ObjectStore) -> None:
    assert store.put_once("key", io.BytesIO(b"first"), {"name": "one"})
    assert not store.put_once("key", io.BytesIO(b"second"), {"name": "two"})
    assert store.get("key") == b"first" and store.metadata("key") == {"name": "one"}


def test_of_eight_racing_writers_of_one_key_exactly_one_wins(store: ObjectStore) -> None:
    for attempt in range(2):
        together = Barrier(8)

        def write(number: int, key: str = f"race/{attempt}", together: Barrier = together) -> bool:
            together.wait()
            return store.put_once(key, io.BytesIO(f"writer {number}".encode()))

        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(write, range(8)))
        assert won.count(True) == 1
        assert store.get(f"race/{attempt}") == f"writer {won.index(True)}".encode()


def test_keys_are_listed_in_order_with_their_sizes(store: ObjectStore) -> None:
    store.put_many({f"list/{name}": b"x" * size for size, name in enumerate(["b", "a/2", "a/10", "c"])})
    store.put("other", b"")
    assert list(store.list("list/")) == [("list/a/10", 2), ("list/a/2", 1), ("list/b", 0), ("list/c", 3)]
    assert list(store.list("nowhere/")) == []


def test_a_prefix_that_ends_within_a_name_lists_the_names_that_begin_so(store: ObjectStore) -> None:
    store.put_many({"staging/run=1/a": b"", "staging/run=22/a": b"", "staging/day=1/a": b""})
    assert [key for key, _ in store.list("staging/run=")] == ["staging/run=1/a", "staging/run=22/a"]


def test_many_objects_are_fetched_and_those_that_lack_are_left_out(store: ObjectStore) -> None:
    store.put_many({f"many/{number}": str(number).encode() for number in range(40)})
    found = store.get_many([f"many/{number}" for number in range(0, 80, 2)])
    assert found == {f"many/{number}": str(number).encode() for number in range(0, 40, 2)}


def test_deleting_what_is_not_there_does_not_matter(store: ObjectStore) -> None:
    store.put("here", b"")
    store.delete(["here", "not-here"])
    store.delete([])
    assert not store.exists("here")


def test_a_downloaded_object_is_rewound_and_a_missing_one_is_a_fault(store: ObjectStore) -> None:
    store.put("key", b"bytes")
    into = io.BytesIO()
    store.download("key", into)
    assert into.read() == b"bytes"
    with pytest.raises(ObjectStoreError, match="not-there"):
        store.download("not-there", io.BytesIO())


def test_the_bucket_is_made_once_and_found_after_that(store: ObjectStore) -> None:
    store.put("key", b"bytes")
    store.ensure_bucket()
    assert ObjectStore(store.address).get("key") == b"bytes"


def test_vectors_come_back_by_their_keys_and_damaged_ones_are_left_out(store: ObjectStore) -> None:
    vectors = StoredVectors(store)
    vectors.put_many({"m/r/a": np.array([0.6, 0.8], dtype="f4"), "m/r/b": np.array([1, 0], dtype="f4")})
    store.put("cache/vectors/m/r/b.f32", b"short")
    found = vectors.get_many(["m/r/a", "m/r/b", "m/r/c"])
    assert list(found) == ["m/r/a"] and found["m/r/a"].tolist() == pytest.approx([0.6, 0.8])


# -- faults ------------------------------------------------------------------------------------------------------------


def test_an_unreachable_endpoint_is_told_with_its_address_and_the_next_step(server: StoreAddress) -> None:
    store = ObjectStore(replace(server, endpoint="http://127.0.0.1:1"))
    for ask in (store.ensure_bucket, lambda: store.get("key"), lambda: list(store.list(""))):
        with pytest.raises(ObjectStoreError, match=r"127\.0\.0\.1:1.*litlake doctor"):
            ask()


def test_wrong_keys_are_a_fault_and_never_a_missing_object(store: ObjectStore) -> None:
    store.put("key", b"bytes")
    stranger = ObjectStore(replace(store.address, secret_key="wrong"))
    for ask in (lambda: stranger.get("key"), lambda: stranger.exists("key"), stranger.ensure_bucket):
        with pytest.raises(ObjectStoreError):
            ask()


def test_no_message_tells_the_secret_key(store: ObjectStore) -> None:
    stranger = ObjectStore(replace(store.address, secret_key="very-secret"))
    with pytest.raises(ObjectStoreError) as told:
        stranger.put("key", b"")
    assert "very-secret" not in str(told.value)


# -- the embedded server -----------------------------------------------------------------------------------------------


def test_each_home_has_its_own_server_which_is_found_again_and_stopped_by_its_own(
    server: StoreAddress, tmp_path: Path
) -> None:
    mine = free_server(tmp_path)
    assert mine.running() is None and not mine.stop()
    try:
        address = mine.start()
        assert address.endpoint != server.endpoint
        assert address.access_key != server.access_key and address.secret_key != server.secret_key
        mode = stat.S_IMODE((tmp_path / "credentials.json").stat().st_mode)
        assert mode == 0o600

        stranger = ObjectStore(replace(server, endpoint=address.endpoint))
        with pytest.raises(ObjectStoreError):
            stranger.get("ops/started.json")

        again = free_server(tmp_path)
        assert again.running() == address and again.start() == address
        pid = json.loads((tmp_path / "server.json").read_text())["pid"]
        ObjectStore(address).put("kept", b"over a restart")
    finally:
        stopped = free_server(tmp_path).stop()
    assert stopped and not psutil.pid_exists(pid)
    assert mine.running() is None and not mine.stop()
    assert ObjectStore(server).exists("ops/started.json")


def test_a_stale_record_with_the_pid_of_another_process_neither_counts_nor_kills(tmp_path: Path) -> None:
    mine = free_server(tmp_path)
    record = {"pid": os.getpid(), "started": psutil.Process().create_time() - 60, "endpoint": "http://127.0.0.1:1"}
    (tmp_path / "server.json").write_text(json.dumps(record))
    assert mine.running() is None
    assert not mine.stop()
    assert not (tmp_path / "server.json").exists()


def test_a_damaged_record_is_told_by_its_name(tmp_path: Path) -> None:
    for content in ("", "{}", "[1]", '{"pid": 1}'):
        (tmp_path / "server.json").write_text(content)
        with pytest.raises(ObjectStoreError, match=r"server\.json is damaged"):
            free_server(tmp_path).running()


def test_a_server_that_cannot_start_is_told_with_its_log(tmp_path: Path) -> None:
    broken = tmp_path / "weed"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(ObjectStoreError, match=r"does not start: see .*server\.log"):
        EmbeddedStore(tmp_path / "store", "litlake", broken).start()
    assert EmbeddedStore(tmp_path / "store", "litlake").running() is None


def test_a_binary_of_ones_own_that_is_not_there_is_told_by_its_setting(tmp_path: Path) -> None:
    with pytest.raises(ObjectStoreError, match="LITLAKE_WEED"):
        find_weed(tmp_path / "weed")
