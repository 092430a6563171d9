"""``crmkit plugins check``: a plugin's source folder or wheel judged, and the rung on which it stands."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import UnsupportedError
from .showing import show
from .state import current_run

if TYPE_CHECKING:
    from ..testing.checking import Finding, Judgement, Rung

_WIDTH = 110


@click.command("check", help="Judge a plugin: does it work, is it typed, documented, maintained?")
@click.argument("path", metavar="FOLDER|WHEEL", type=click.Path(exists=True, path_type=Path))
@click.pass_context
def check_plugin(context: click.Context, path: Path) -> None:
    """Judge a plugin without its author's tests; the exit code is 1 where it does not work."""
    if find_spec("pytest") is None:
        raise UnsupportedError("Contracts run by pytest, which is not installed: pip install pytest.", code="no_pytest")
    from ..testing.checking import as_json, judged  # takes pytest, and is heavy

    judgement = judged(path)
    if current_run().json:
        show(as_json(judgement))
    else:
        click.echo("\n".join(_told(judgement)))
    if judgement.rung is None:
        context.exit(1)


def _told(judgement: Judgement) -> Iterator[str]:
    from ..testing.checking import RUNGS  # as above

    counts = judgement.counts
    yield f"\n{judgement.distribution} {judgement.version}: {', '.join(judgement.plugins)}"
    yield f"  Contracts: {counts.passed} checks passed, {counts.failed} failed, {counts.skipped} do not concern it."
    for reason in judgement.left_out:
        yield f"  Left out: {reason}."
    for rung in RUNGS:
        yield from _rung(rung, judgement.missing(rung))
    yield ""
    if judgement.rung is None:
        yield "It does not work yet."
    elif judgement.next_rung is None:
        yield f"It stands on the highest rung: {judgement.rung}."
    else:
        yield f"It stands on the rung: {judgement.rung}. For {judgement.next_rung}, do what is told there."


def _rung(rung: Rung, missing: tuple[Finding, ...]) -> Iterator[str]:
    yield f"  {rung:<12}{'no' if missing else 'yes'}"
    for finding in missing:
        yield textwrap.fill(
            f"{finding.check}: {finding.problem}", _WIDTH, initial_indent="    - ", subsequent_indent="      "
        )
