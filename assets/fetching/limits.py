"""One pace a host, shared by every run of an installation.

A slot is reserved by swapping one small state a host, compare-and-set, so that any number of processes on any number of
machines keep the host's interval together. What does not belong here: where the state lies
(`orchestration.resources.shared_pace`), what a service allows (its connector's endpoints).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

#: The longest that a run waits for a host; a service that asks for more is left alone by failing the run.
LONGEST_WAIT = 15 * 60.0

#: A state further ahead than this was written by a clock that ran wrong.
FURTHEST_PAUSE = 48 * 3600.0


class HeldBack(OSError):
    """The host has asked not to be called for longer than a run waits."""


class PaceState(Protocol):
    """The next free moment of each host, as Unix seconds, with a version for compare-and-set."""

    def read(self, host: str) -> tuple[float, str | None]:
        """Next free moment and the version of that answer; 0.0 and None for a host that was never asked."""
        ...

    def swap(self, host: str, free: float, version: str | None) -> bool:
        """Write a new moment if the version is still the one that was read; whether it was."""
        ...


class RateLimiter:
    """Reserves slots and waits for them."""

    def __init__(
        self, state: PaceState, clock: Callable[[], float] = time.time, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Takes where the state lies; clock (Unix seconds) and sleep (seconds) stand in for real ones in tests."""
        self._state, self._clock, self._sleep = state, clock, sleep

    def wait(self, host: str, seconds_between: float) -> float:
        """Wait for the host's next slot; returns the seconds waited.

        Raises:
            HeldBack: The slot is further away than `LONGEST_WAIT`.
        """
        while True:
            free, version = self._free(host)
            now = self._clock()
            slot = max(now, free)
            if slot - now > LONGEST_WAIT:
                until = datetime.fromtimestamp(slot, UTC).isoformat(timespec="seconds")
                raise HeldBack(f"{host} asked not to be called before {until}: run it again then")
            if self._state.swap(host, slot + seconds_between, version):
                break
            self._sleep(random.uniform(0, 0.01))  # noqa: S311  (another run took the slot)
        if slot > now:
            self._sleep(slot - now)
        return slot - now

    def pause(self, host: str, seconds: float) -> None:
        """Leave a host alone: no run of the installation gets a slot before these seconds have passed."""
        until = self._clock() + min(seconds, FURTHEST_PAUSE)
        while True:
            free, version = self._free(host)
            if free >= until or self._state.swap(host, until, version):
                return

    def _free(self, host: str) -> tuple[float, str | None]:
        free, version = self._state.read(host)
        return (0.0 if free - self._clock() > FURTHEST_PAUSE else free), version
