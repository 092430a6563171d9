"""Long work, shown while it runs: what is done, how much, how fast, how long still."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

import click

from .state import current_run

EVERY_S: Final = 0.2
INTERRUPTED: Final = 130
"""The exit code of what a person stopped."""


@contextmanager
def progress(what: str, total: int | None = None) -> Generator[Callable[[int], None]]:
    """Give a function that is told how much is done so far; it writes one line to the terminal, nothing to a pipe or under ``--json``.

    Args:
        what: the noun: ``rows``.
        total: how much there is; None: nobody knows.
    """
    is_shown = sys.stderr.isatty() and not current_run().json
    began = last = time.monotonic()

    def tell(done: int) -> None:
        nonlocal last
        now = time.monotonic()
        if is_shown and now - last >= EVERY_S:
            last = now
            click.echo(f"\r\033[K{_line(what, done, total, now - began)}", err=True, nl=False)

    try:
        yield tell
    finally:
        if is_shown:
            click.echo("\r\033[K", err=True, nl=False)


@contextmanager
def stopping(words: str) -> Generator[None]:
    """Where a person stops what runs, say how things stand and how to go on, and leave."""
    try:
        yield
    except (KeyboardInterrupt, click.Abort):
        said = f"Stopped. {words}"
        click.echo(json.dumps({"error": "stopped", "message": said}) if current_run().json else said, err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None


def _line(what: str, done: int, total: int | None, passed_s: float) -> str:
    rate = done / passed_s if passed_s else 0
    still = f", {(total - done) / rate:,.0f} s still" if total and rate else ""
    of = f" of {total:,}" if total else ""
    return f"{done:,}{of} {what}, {rate:,.0f}/s{still}"
