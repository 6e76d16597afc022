"""Sends one request until it is answered or refused: paced, patient with 429 and 5xx, never with other errors.

Bytes are kept as they came over the wire; only for reading are they unpacked. Credentials are added when a request is
sent and stand in no message, record or exception. What does not belong here: which request comes next
(`assets.fetching.fetch`).
"""

from __future__ import annotations

import hashlib
import random
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import BinaryIO, cast
from urllib.parse import urlencode, urljoin, urlsplit

import urllib3

from assets.connectors.base import Connector, Endpoint, Response, Step
from assets.fetching.limits import HeldBack, RateLimiter
from assets.sources.base import StreamDamaged, excerpt
from assets.sources.streams import open_stream

#: Headers of a response that are kept with it; `x-ratelimit-*` and request ids are kept, too.
KEPT_HEADERS = frozenset(
    {
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "etag",
        "last-modified",
        "retry-after",
        "server",
        "x-amz-request-id",
        "x-request-id",
    }
)

_MEMORY_BYTES = 8 * 1024 * 1024
_BLOCK_BYTES = 256 * 1024
_MAX_REDIRECTS = 3

_SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,3})?", re.ASCII)


class ServiceUnreachable(OSError):
    """A service did not answer for as long as a run waits: an infrastructure fault, a later run may pass."""


class ServiceRefuses(RuntimeError):
    """A service refuses the request (4xx but 429): asking again is no use before the query or the key is mended."""


class FetchFailed(RuntimeError):
    """Answers came that cannot be used, or a cap was reached; what came is kept.

    Attributes:
        resumable: Whether asking once more for the page that failed may help; else the next fetch begins anew.
    """

    def __init__(self, message: str, *, resumable: bool = True) -> None:
        """Takes what is told."""
        super().__init__(message)
        self.resumable = resumable


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a request is tried.

    Attributes:
        attempts: Times that it is sent at most.
        first_wait: Upper bound of the wait after the first failure, in seconds; it doubles with each failure.
        longest_wait: Upper bound of any wait.
        connect: Seconds to connect.
        read: Seconds without a byte.
        total: Seconds for one whole response.
    """

    attempts: int = 6
    first_wait: float = 2.0
    longest_wait: float = 120.0
    connect: float = 15.0
    read: float = 90.0
    total: float = 3600.0

    def wait(self, failures: int) -> float:
        """Exponential back-off with full jitter."""
        return random.uniform(0, min(self.longest_wait, self.first_wait * 2.0 ** (failures - 1)))  # noqa: S311


@dataclass(slots=True)
class Received:
    """One response as it came.

    Attributes:
        url: What was asked, without credentials.
        status: 200, or one that the endpoint's connector reads, or 304 with no body.
        headers: Those that are kept, names in lower case.
        body: Bytes over the wire, seekable, at their start.
        sha256: Of them.
        attempts: Requests that it took.
    """

    url: str
    status: int
    headers: dict[str, str]
    body: BinaryIO
    size: int
    sha256: str
    fetched_at: datetime
    attempts: int = 1

    def response(self) -> Response:
        """The response as a connector reads it, unpacked from its Content-Encoding.

        Raises:
            StreamDamaged: It cannot be unpacked.
        """
        self.body.seek(0)
        if self.headers.get("content-encoding", "") not in {"gzip", "x-gzip"}:
            return Response(self.headers, self.body, self.size, self.fetched_at)
        unpacked, size = spooled(), 0
        stream = open_stream(self.body, self.size)
        while block := stream.read(_BLOCK_BYTES):
            unpacked.write(block)
            size += len(block)
        unpacked.seek(0)
        self.body.seek(0)
        return Response(self.headers, unpacked, size, self.fetched_at)


class _TryAgain(Exception):
    """This attempt failed in a way that passes."""

    def __init__(self, cause: str, wait: float | None = None) -> None:
        super().__init__(cause)
        self.wait = wait


@dataclass(slots=True)
class Client:
    """Asks the endpoints of connectors.

    Attributes:
        user_agent: Says who asks, with a way to reach them.
        limiter: The pace of each host.
        addresses: Other addresses of endpoints, by name.
        credentials: Parameters added to the requests of an endpoint, by name.
        paces: Other seconds between requests, by endpoint (a key may allow more).
        patience: How long a request is tried.
    """

    user_agent: str
    limiter: RateLimiter
    addresses: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    paces: Mapping[str, float] = field(default_factory=dict)
    patience: Patience = field(default_factory=Patience)
    _pool: urllib3.PoolManager = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """One pool of connections for all hosts; a connection is used again, as services ask."""
        timeout = urllib3.Timeout(connect=self.patience.connect, read=self.patience.read)
        self._pool = urllib3.PoolManager(timeout=timeout, retries=False, headers={"User-Agent": self.user_agent})

    def address(self, connector: Connector, step: Step) -> tuple[Endpoint, str]:
        """The endpoint of a step, and the URL that it asks, without its query."""
        endpoint = next(endpoint for endpoint in connector.endpoints if endpoint.name == step.endpoint)
        return endpoint, f"{self.addresses.get(endpoint.name, endpoint.url)}{step.path}"

    def url(self, connector: Connector, step: Step) -> str:
        """What a step asks, as it is recorded: without credentials."""
        _, address = self.address(connector, step)
        return f"{address}?{urlencode(step.params)}" if step.params else address

    def send(
        self,
        connector: Connector,
        step: Step,
        *,
        conditional: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
    ) -> Received:
        """Send a step until it is answered with 200, or 304 where ``conditional`` headers are given.

        Args:
            connector: Whose step it is.
            step: What to ask.
            conditional: If-None-Match, If-Modified-Since.
            max_bytes: Most bytes of the response.

        Raises:
            ServiceUnreachable: No answer within the client's patience.
            ServiceRefuses: A 4xx but 429 that the connector does not read, or a redirect elsewhere.
            FetchFailed: The response is larger than ``max_bytes``.
        """
        endpoint, address = self.address(connector, step)
        host = urlsplit(address).netloc
        budget = endpoint.budget or host
        pace = self.paces.get(endpoint.name, endpoint.seconds_between)
        cause = ""
        for attempt in range(1, self.patience.attempts + 1):
            try:
                self.limiter.wait(budget, pace)
                received = self._once(connector, step, conditional or {}, max_bytes)
            except HeldBack as held:
                raise ServiceUnreachable(f"{held}{f' ({cause})' if cause else ''}.") from held
            except _TryAgain as failure:
                cause = str(failure)
                self.limiter.pause(budget, self.patience.wait(attempt) if failure.wait is None else failure.wait)
            else:
                received.attempts = attempt
                return received
        raise ServiceUnreachable(
            f"{host} did not answer in {self.patience.attempts} attempts, last: {cause}; "
            "what came is kept, run it again later."
        )

    def back_off(self, connector: Connector, step: Step, failures: int) -> None:
        """Leave the host of a step alone for a while: its answers cannot be used."""
        endpoint, address = self.address(connector, step)
        self.limiter.pause(endpoint.budget or urlsplit(address).netloc, self.patience.wait(failures))

    def reach(self, address: str) -> str:
        """What a host answers to a bare request, whatever its status.

        Raises:
            ServiceUnreachable: It does not answer.
        """
        parts = urlsplit(address)
        started = time.monotonic()
        try:
            answer = self._pool.request("GET", address, timeout=10, redirect=False, preload_content=False)
            answer.release_conn()
            answer.close()
        except urllib3.exceptions.HTTPError as fault:
            raise ServiceUnreachable(f"{parts.netloc} cannot be reached: {_cause(fault)}.") from fault
        return f"{parts.netloc} answers ({answer.status}, {time.monotonic() - started:.1f} s)"

    # -- one attempt -----------------------------------------------------------------------------------------------

    def _once(
        self, connector: Connector, step: Step, conditional: Mapping[str, str], max_bytes: int | None
    ) -> Received:
        endpoint, address = self.address(connector, step)
        sent = [*step.params, *self.credentials.get(endpoint.name, ())]
        # Content of type application/gzip is the file itself: asking for it packed once more gains nothing.
        headers = {"Accept-Encoding": "identity" if step.accept == "binary" else "gzip", **conditional}
        headers["User-Agent"] = self.user_agent
        url, body = address, None
        if step.form:
            body, headers["Content-Type"] = urlencode(sent), "application/x-www-form-urlencoded"
        elif sent:
            url = f"{address}?{urlencode(sent)}"
        for _ in range(_MAX_REDIRECTS + 1):
            with self._asked("POST" if step.form else "GET", url, body, headers) as answer:
                if answer.status in (301, 302, 303, 307, 308):
                    url = self._redirected(url, answer)
                    continue
                self._judge(answer, endpoint, url, conditional)
                return self._read(answer, self.url(connector, step), max_bytes)
        raise ServiceRefuses(f"{urlsplit(url).netloc} redirects more than {_MAX_REDIRECTS} times: check its address.")

    def _asked(self, method: str, url: str, body: str | None, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        try:
            return self._pool.request(
                method,
                url,
                body=body,
                headers=dict(headers),
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        except urllib3.exceptions.HTTPError as fault:
            raise _TryAgain(_cause(fault)) from fault

    def _redirected(self, url: str, answer: urllib3.BaseHTTPResponse) -> str:
        """Where a redirect leads: the same host, or the same host by https. Credentials go nowhere else."""
        target = urljoin(url, answer.headers.get("location", ""))
        old, new = urlsplit(url), urlsplit(target)
        if new.hostname == old.hostname and (new.scheme, new.port) == (old.scheme, old.port):
            return target
        if new.hostname == old.hostname and (old.scheme, new.scheme) == ("http", "https"):
            return target
        raise ServiceRefuses(
            f"{old.netloc} redirects to {new.scheme}://{new.netloc}, which is not followed: "
            "set its new address in LITLAKE_ENDPOINTS."
        )

    def _judge(
        self, answer: urllib3.BaseHTTPResponse, endpoint: Endpoint, url: str, conditional: Mapping[str, str]
    ) -> None:
        status, host = answer.status, urlsplit(url).netloc
        if status == 200 or status in endpoint.also_reads or (status == 304 and conditional):
            return
        if status == 429 or status >= 500:
            raise _TryAgain(f"HTTP {status}", _retry_after(answer.headers))
        first = self._without_credentials(excerpt(_head(answer)).strip().split("\n")[0][:200])
        raise ServiceRefuses(f"{host} refuses the request, HTTP {status}{f': {first}' if first else ''}.")

    def _read(self, answer: urllib3.BaseHTTPResponse, url: str, max_bytes: int | None) -> Received:
        body, digest, size, deadline = spooled(), hashlib.sha256(), 0, time.monotonic() + self.patience.total
        try:
            for block in answer.stream(_BLOCK_BYTES, decode_content=False):
                body.write(block)
                digest.update(block)
                size += len(block)
                if max_bytes is not None and size > max_bytes:
                    raise FetchFailed(f"{urlsplit(url).netloc} sends more than {max_bytes} bytes: raise max_bytes.")
                if time.monotonic() > deadline:
                    raise _TryAgain(f"the response took more than {self.patience.total:.0f} s")
        except urllib3.exceptions.HTTPError as fault:
            raise _TryAgain(_cause(fault)) from fault
        body.seek(0)
        headers = {name.lower(): value for name, value in answer.headers.items() if _kept(name.lower())}
        received = Received(url, answer.status, headers, body, size, digest.hexdigest(), datetime.now(UTC))
        try:
            received.response()
        except StreamDamaged as damage:
            raise _TryAgain(f"the response's {damage}") from damage
        body.seek(0)
        return received

    def _without_credentials(self, text: str) -> str:
        for pairs in self.credentials.values():
            for _, secret in pairs:
                text = text.replace(secret, "…")
        return text


def spooled() -> BinaryIO:
    """A temporary file that stays in memory while it is small."""
    return cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=_MEMORY_BYTES))


def _kept(name: str) -> bool:
    return name in KEPT_HEADERS or name.startswith(("x-ratelimit", "ratelimit"))


def _head(answer: urllib3.BaseHTTPResponse) -> bytes:
    try:
        return next(_blocks(answer), b"")
    except urllib3.exceptions.HTTPError:
        return b""


def _blocks(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    yield from answer.stream(4096, decode_content=True)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a service asks for. A date is held against the service's own clock: it may differ from ours."""
    asked = (headers.get("retry-after") or "").strip()
    if not asked:
        return None
    if _SECONDS.fullmatch(asked):
        return float(asked)
    try:
        until, now = parsedate_to_datetime(asked), parsedate_to_datetime(headers["date"])
    except (ValueError, TypeError):
        return None
    except KeyError:
        now = datetime.now(UTC)
    return max(0.0, (_aware(until) - _aware(now)).total_seconds())


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _cause(fault: Exception) -> str:
    """A network fault in a few words, without the URL: that may carry a key."""
    if isinstance(fault, urllib3.exceptions.ReadTimeoutError):
        return "no byte came for too long"
    if isinstance(fault, urllib3.exceptions.NameResolutionError):
        return "its name cannot be resolved"
    if isinstance(fault, urllib3.exceptions.NewConnectionError):
        return "it does not accept connections"
    if isinstance(fault, urllib3.exceptions.ConnectTimeoutError):
        return "connecting took too long"
    # What is announced and does not come is wrapped as a protocol's error.
    if any(isinstance(part, urllib3.exceptions.IncompleteRead) for part in (fault, *fault.args)):
        return "the response ended before its announced length"
    if isinstance(fault, urllib3.exceptions.ProtocolError):
        return "the connection broke"
    if isinstance(fault, urllib3.exceptions.SSLError):
        return "its certificate cannot be trusted, or TLS failed"
    return type(fault).__name__
