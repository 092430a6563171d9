"""What a run left behind, and the page that is made of it: `python -m benchmarks.torture.results` writes the page anew."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

SAVED = Path(__file__).parent / "results.json"
PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "bad-plugins.md"
BEGIN = "<!-- made by `python -m benchmarks.torture --save` and `python -m benchmarks.torture.results`: do not write below -->"
INTRO = """\
# The same bad plugins, elsewhere

A program that loads other people's code meets fifteen kinds of bad distributions sooner or later. This page installs each of them,
beside two good plugins, into a fresh environment, starts the host, and looks at what is left: in crmkit, in a minimal host on
pluggy's own `load_setuptools_entrypoints`, and in three well-known programs that load plugins with it.

Each bad distribution is a wheel, installed as any other; its version is 1.0. Each host is started by the command that its users
start it with, which loads every plugin: `crmkit customers add Anna`, `python host.py`, `pytest -q test_one.py`, `tox list`, `datasette --memory --get
/-/versions.json`. The two good plugins leave a mark when their hook is called. (A bad plugin of crmkit's that is known to *check* records is the one exception:
until a person mends it or switches it off, what it guards is not written.)

Run it yourself (some minutes; needs `uv` and an index of packages):

```sh
python -m benchmarks.torture          # one line for each cell
python -m benchmarks.torture --verbose  # with what the hosts print
```
"""
NAMED = {"version": "distribution, version", "distribution": "distribution", "module": "its module", "no": "nothing"}


def saved() -> dict[str, Any]:
    """Return what the last run left behind."""
    found: dict[str, Any] = json.loads(SAVED.read_text("utf-8"))
    return found


def page(run: Mapping[str, Any]) -> str:
    """Return the page of a run."""
    return "\n".join((INTRO, BEGIN, "", *_tables(run))).rstrip() + "\n"


def _tables(run: Mapping[str, Any]) -> Iterator[str]:
    versions = run["versions"]
    hosts = list(versions)
    cells = {(cell["host"], cell["kind"]): cell for cell in run["cells"] if cell["kind"] != "none"}
    kinds = list(dict.fromkeys(kind for _, kind in cells))
    yield "## In short"
    yield ""
    yield "Of fifteen kinds:"
    yield ""
    yield from _table(("", *(f"{host} {versions[host]}" for host in hosts)), _summary(hosts, kinds, cells))
    yield "## Each of them"
    yield ""
    yield "The exit code; how many of the two good plugins were called; what the host names where it tells of the bad one."
    yield ""
    yield from _table(("", *hosts), _rows(hosts, kinds, cells))
    yield f"Run on {run['on']}, Python {run['python']}."
    yield ""


def _summary(hosts: list[str], kinds: list[str], cells: Mapping[Any, Any]) -> Iterator[tuple[str, ...]]:
    def counted(is_so: Any) -> tuple[str, ...]:
        return tuple(str(sum(1 for kind in kinds if is_so(cells[host, kind]))) for host in hosts)

    yield "the host ends with exit code 0", *counted(lambda cell: cell["exit"] == 0)
    yield "both good plugins were called", *counted(lambda cell: cell["good"] == 2)
    yield "the bad one is named, with its version", *counted(lambda cell: cell["named"] == "version")
    yield "all three", *counted(lambda c: c["exit"] == 0 and c["good"] == 2 and c["named"] == "version")
    yield "nothing was said at all", *counted(lambda cell: cell["exit"] == 0 and cell["named"] == "no")
    yield (
        "it died of a plugin that it does not name",
        *counted(lambda c: c["exit"] != 0 and c["named"] in ("no", "module")),
    )


def _rows(hosts: list[str], kinds: list[str], cells: Mapping[Any, Any]) -> Iterator[tuple[str, ...]]:
    for kind in kinds:
        found = [cells[host, kind] for host in hosts]
        yield kind, *(f"{cell['exit']} · {cell['good']} · {NAMED[cell['named']]}" for cell in found)


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(saved()), "utf-8")
