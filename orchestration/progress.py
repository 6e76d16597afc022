"""Progress of long work: one display on a terminal that a person watches, nothing elsewhere.

Steps announce themselves and report what they have done; where no display is shown, that costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

#: Progress and errors go to stderr: what a command prints to stdout can be piped.
console = Console(stderr=True)

_shown: Progress | None = None


class Advance(Protocol):
    """Called with the amount of work that has been done since the last call, and its total once that is known."""

    def __call__(self, amount: int, total: int | None = None) -> None: ...  # noqa: D102


@contextmanager
def display() -> Iterator[Progress]:
    """Show the progress of everything inside; nested displays join the outermost."""
    global _shown
    if _shown is not None:
        yield _shown
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    _shown = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    try:
        with _shown:
            yield _shown
    finally:
        _shown = None


@contextmanager
def work(title: str, total: int | None = None) -> Iterator[Advance]:
    """One line of the display for as long as the work goes on.

    Args:
        title: What is being done.
        total: How much of it there is; None where that is not known.

    Yields:
        To be called with the amount that has been done since the last call.
    """
    if _shown is None:
        yield lambda amount, total=None: None
        return
    shown = _shown
    task = shown.add_task(title, total=total)
    try:
        yield lambda amount, total=None: shown.update(task, advance=amount, total=total)
    finally:
        shown.remove_task(task)
