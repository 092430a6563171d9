"""``crmkit plugins new``: a whole distribution of a plugin, which passes its own tests, types and lint as it is written.

Templates stand in ``templates``: one folder for what every distribution has, and one for each kind of plugin.
"""

from __future__ import annotations

import os
from pathlib import Path

import click

from ..showing import say
from .distribution import distribution
from .kinds import KINDS
from .names import names_of
from .writing import write

__all__ = ["new"]


@click.command(help="Write a new plugin: a whole distribution with code, types, contract tests, README, tox and CI.")
@click.argument("name")
@click.option(
    "--kind",
    "kinds",
    type=click.Choice(list(KINDS)),
    multiple=True,
    required=True,
    help="What it offers; several may be given.",
)
@click.option("--out", type=click.Path(path_type=Path), help="The folder to make; by default crmkit-NAME, here.")
def new(name: str, kinds: tuple[str, ...], out: Path | None) -> None:
    """Write the files of a distribution into a new folder."""
    names = names_of(name)
    folder = out or Path(names.distribution)
    files = distribution(names, [KINDS[kind] for kind in KINDS if kind in kinds])
    write(folder, files, names)
    say(
        f"Wrote {folder}{os.sep}: {names.distribution}, {len(files) + 1} files. Next: cd {folder} && tox",
        folder=str(folder),
        distribution=names.distribution,
        plugin=names.name,
        kinds=[kind for kind in KINDS if kind in kinds],
    )
