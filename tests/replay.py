"""A local HTTP server that answers as a listing service would, and remembers what it was asked."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: ``params`` holds the query, and the form of a POST."""

    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    method: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, or how the connection breaks.

    ``broken``: "reset" closes at once; "truncated" announces the whole body and sends half; "stalled" sends half and
    then nothing until the server closes.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    broken: Literal["reset", "truncated", "stalled"] | None = None


class ReplayServer:
    """``with ReplayServer(answer) as server``: `url`, and `asked` in order of arrival."""

    def __init__(self, answer: Callable[[Asked], Answer]) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self._closing = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                length = int(self.headers.get("content-length") or 0)
                form = self.rfile.read(length).decode()
                params = dict(parse_qsl(parts.query, keep_blank_values=True) + parse_qsl(form, keep_blank_values=True))
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(parts.path, params, headers, self.command)
                outer.asked.append(asked)
                self._send(outer.answer(asked))

            do_POST = do_GET

            def _send(self, reply: Answer) -> None:
                if reply.broken == "reset":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    os.close(self.connection.detach())  # at once: files made of the socket would keep it open
                    self.close_connection = True
                    return
                self.send_response_only(reply.status)
                if "date" not in {name.lower() for name in reply.headers}:
                    self.send_header("Date", self.date_time_string())
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if "content-length" not in {name.lower() for name in reply.headers}:
                    self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                if reply.broken is None:
                    self.wfile.write(reply.body)
                    return
                self.wfile.write(reply.body[: len(reply.body) // 2])
                self.wfile.flush()
                if reply.broken == "stalled":
                    outer._closing.wait()
                self.close_connection = True

            def finish(self) -> None:
                try:
                    super().finish()
                except OSError:
                    self.close_connection = True  # the connection was broken on purpose

            def log_message(self, format: str, *args: Any) -> None:
                """Tests read `asked`."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> ReplayServer:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
