"""How the examples on a page of documentation are run; `conftest.py` hands this to Sybil.

All examples of one page run in order in one new folder:

- ```` ```python ```` runs in one namespace;
- ```` ```console ```` runs each line after `$ ` as a shell command (of `crmkit` the page's first one; the others in a
  copy of this process, see `forking.py`) and compares what it prints with the lines below it:
  runs of blanks count as one, `...` stands for anything within a line and, alone on a line, for any lines, and six
  characters that look like a short id stand for any short id;
- a `{code-block}` with a `:caption:` is written to a file of that name.

What is only to be read (`sh`, `text`) is not run.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, chdir
from pathlib import Path
from typing import Any

from sybil import Document, Example, Region
from sybil.parsers.myst import PythonCodeBlockParser

from crmkit.cli import main
from docs.forking import CAN_FORK, printed

SESSION = re.compile(r"^```console\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(
    r"^(?P<fence>```+)\{code-block\} *\w+\n:caption: *(?P<name>\S+)\n+(?P<body>.*?)^(?P=fence)$",
    re.DOTALL | re.MULTILINE,
)
SHORT_ID = re.compile(r"(?<![\w-])(?=[a-z]*[0-9])(?=[0-9]*[a-z])[0-9a-hjkmnp-tv-z]{6}(?![\w-])")
NEEDS_AN_INDEX = "publish-your-first-plugin.md"
"""The page that installs from a package index: it is run by `tox -e scaffold`, not with the others."""
TIMEOUT_S = 600
_HAS_RUN = "__crmkit_has_run__"
"""Whether `crmkit` was a process of its own on this page; a page that is not begun here has no such name, and all are."""
_SHELL = frozenset("|&;<>$`*?~\\#\n")
"""What a shell would see in a command."""


class _Page:
    """Stands in `sys.modules` for a page, so that annotations of its classes are resolved as in any module."""


def begin_page(namespace: dict[str, Any]) -> None:
    """Give the page its folder and its namespace a name."""
    left = ExitStack()
    folder = left.enter_context(tempfile.TemporaryDirectory(prefix="crmkit-example-"))
    left.enter_context(chdir(folder))
    left.callback(_restore, list(sys.path))
    page = _Page()
    page.__dict__ = namespace
    namespace["__name__"] = name = f"crmkit_example_{id(namespace)}"
    sys.modules[name] = page  # type: ignore[assignment]  # only its __dict__ is read
    left.callback(sys.modules.pop, name)
    namespace["__left__"] = left
    namespace[_HAS_RUN] = False


def _restore(path: list[str]) -> None:
    """Undo what a page has done to the path; Python remembers of "." which folder it was."""
    sys.path[:] = path
    sys.path_importer_cache.pop(".", None)


def end_page(namespace: dict[str, Any]) -> None:
    """Put the page's folder away."""
    namespace.pop("__left__").close()


def python(document: Document) -> Iterator[Region]:
    """Find what runs in the page's namespace: not what is saved to a file."""
    for region in PythonCodeBlockParser()(document):
        if FILE.fullmatch(document.text[region.start : region.end].rstrip()) is None:
            yield region


def sessions(document: Document) -> Iterator[Region]:
    """Find what is typed into a terminal."""
    for found in SESSION.finditer(document.text):
        yield Region(found.start(), found.end(), found["body"], run_session)


def files(document: Document) -> Iterator[Region]:
    """Find what the reader is asked to save to a file."""
    for found in FILE.finditer(document.text):
        yield Region(found.start(), found.end(), (found["name"], found["body"]), write_file)


def write_file(example: Example) -> None:
    """Save the example under its caption."""
    name, body = example.parsed
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(body, "utf-8")


def run_session(example: Example) -> str | None:
    """Run the commands one by one; tell Sybil what differs, or None."""
    for command, expected in steps(example.parsed):
        answer = answered(command, example.namespace)
        if not matches(expected, answer):
            return f"$ {command}\nexpected:\n{expected}\nprinted:\n{answer}"
    return None


def answered(command: str, namespace: dict[str, Any]) -> str:
    """Return what a command of a page prints: `crmkit` is a copy of this process where it was a process of its own before."""
    words = [] if _SHELL & set(command) else shlex.split(command)
    if words[:1] != ["crmkit"] or _HAS_RUN not in namespace:
        return run(command)
    if CAN_FORK and namespace[_HAS_RUN]:
        return printed(main, words, environment())
    namespace[_HAS_RUN] = True
    return run(command)


def steps(session: str) -> Iterator[tuple[str, str]]:
    """Yield each command with what should be printed after it."""
    for part in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        while command.endswith("\\"):
            more, _, expected = expected.partition("\n")
            command = f"{command}\n{more}"
        yield command, expected


def run(command: str) -> str:
    """Return what a command prints, errors included."""
    done = subprocess.run(
        ["sh", "-c", command],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=TIMEOUT_S,
        check=False,
    )
    return done.stdout


def environment() -> dict[str, str]:
    """Return the variables of the terminal in which a page is typed."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "COLUMNS": "120", "NO_COLOR": "1", "PYTHONUTF8": "1", "PATH": path}


def matches(expected: str, printed: str) -> bool:
    """Whether the printed lines are the expected ones, with the freedom that the module tells of."""
    pattern = "".join(_line_pattern(line) for line in _tidy(expected))
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in _tidy(printed))) is not None


def _tidy(text: str) -> Iterable[str]:
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return [line for line in lines if line]


def _line_pattern(line: str) -> str:
    if line == "...":
        return r"(?:.*\n)*?"
    parts = [_text_pattern(part) for part in line.split("...")]
    return ".*".join(parts) + r"\n"


def _text_pattern(text: str) -> str:
    between = SHORT_ID.split(text)
    return "[0-9a-z]{6}".join(re.escape(part) for part in between)
