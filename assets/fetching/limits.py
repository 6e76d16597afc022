"""One pace a host, shared by every run of an installation.

A slot is reserved by swapping one small state a host, compare-and-set, so that any number of processes on any number of
machines keep the host's interval together. What does not belong here: where the state lies
(`orchestration.resources.shared_pace`), what a service allows (its connector's endpoints).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

#: The longest that a run waits for a host; a service that asks for more is left alone by failing the run.
LONGEST_WAIT = 15 * 60.0

#: A state further ahead than this was written by a clock that ran wrong.
FURTHEST_PAUSE = 48 * 3600.0


class HeldBack(OSError):
    """The host has asked not to be called for longer than a run waits."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Where a host stands, in Unix seconds.

    Attributes:
        free: Its next slot that nobody has reserved.
        quiet_until: It has asked not to be called before, slots reserved by then or not.
    """

    free: float = 0.0
    quiet_until: float = 0.0


class PaceState(Protocol):
    """The pace of each host, with a version for compare-and-set."""

    def read(self, host: str) -> tuple[Pace, str | None]:
        """The pace of a host and the version of that answer; None for a host that was never asked."""
        ...

    def swap(self, host: str, pace: Pace, version: str | None) -> bool:
        """Write a new pace if the version is still the one that was read; whether it was."""
        ...


class RateLimiter:
    """Reserves slots and waits for them."""

    def __init__(
        self, state: PaceState, clock: Callable[[], float] = time.time, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Takes where the state lies; clock (Unix seconds) and sleep (seconds) stand in for real ones in tests."""
        self._state, self._clock, self._sleep = state, clock, sleep

    def wait(self, host: str, seconds_between: float) -> None:
        """Wait for the host's next slot.

        Raises:
            HeldBack: The slot is further away than `LONGEST_WAIT`.
        """
        while True:
            pace, version = self._pace(host)
            now = self._clock()
            slot = max(now, pace.free, pace.quiet_until)
            if slot - now > LONGEST_WAIT:
                until = datetime.fromtimestamp(slot, UTC).isoformat(timespec="seconds")
                raise HeldBack(f"{host} asked not to be called before {until}: run it again then")
            if not self._state.swap(host, Pace(slot + seconds_between, pace.quiet_until), version):
                self._sleep(random.uniform(0, 0.01))  # noqa: S311  (another run took the slot)
                continue
            if slot <= now:
                return
            self._sleep(slot - now)
            if self._pace(host)[0].quiet_until <= self._clock():
                return
            # The host asked another run for quiet while this one waited: its slot is void.

    def pause(self, host: str, seconds: float) -> None:
        """Leave a host alone: no run of the installation calls it before these seconds have passed."""
        until = self._clock() + min(seconds, FURTHEST_PAUSE)
        while True:
            pace, version = self._pace(host)
            if pace.quiet_until >= until or self._state.swap(host, Pace(pace.free, until), version):
                return

    def _pace(self, host: str) -> tuple[Pace, str | None]:
        pace, version = self._state.read(host)
        furthest = self._clock() + FURTHEST_PAUSE
        return Pace(*(0.0 if moment > furthest else moment for moment in (pace.free, pace.quiet_until))), version
