"""The Dagster UI and daemon of one home, in the foreground, found and stopped by ``litlake down``."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil

from orchestration.running import prepare_dagster_home
from orchestration.settings import PROJECT, Settings

STOP_SECONDS = 15.0


def free_port(wanted: int) -> int:
    """The wanted port on loopback, or a free one where it is 0 or taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")


def serve(settings: Settings, port: int) -> int:
    """Run ``dagster dev`` until it is stopped; its exit code."""
    home = prepare_dagster_home(settings)
    command = [
        sys.executable,
        "-m",
        "dagster",
        "dev",
        "-m",
        "orchestration.definitions",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    environment = {
        **os.environ,
        "LITLAKE_HOME": str(settings.home),
        "DAGSTER_HOME": home,
        "PYTHONPATH": os.pathsep.join(part for part in (str(PROJECT), os.environ.get("PYTHONPATH")) if part),
        # the daemon's and the UI's own processes, one line a warning at most
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))),
    }
    process = subprocess.Popen(command, env=environment, cwd=settings.home)
    _record(settings).write_text(json.dumps({"pid": process.pid, "started": psutil.Process(process.pid).create_time()}))
    try:
        return process.wait()
    except KeyboardInterrupt:
        return process.wait(STOP_SECONDS)
    finally:
        _record(settings).unlink(missing_ok=True)


def stop(settings: Settings) -> bool:
    """Stop the UI and daemon that this home runs; False if none runs."""
    try:
        known = json.loads(_record(settings).read_text())
        process = psutil.Process(known["pid"])
    except (FileNotFoundError, psutil.NoSuchProcess):
        return False
    if abs(process.create_time() - known["started"]) > 1.0:
        return False
    family = [process, *process.children(recursive=True)]
    process.terminate()
    _, left = psutil.wait_procs(family, STOP_SECONDS)
    for stubborn in left:
        stubborn.kill()
    return True


def _record(settings: Settings) -> Path:
    return settings.home / "dev.json"
