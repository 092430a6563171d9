"""`crmkit` in a copy of this process: what a page prints, without the second that a new interpreter takes to import it.

The copy (`os.fork`) has the page's folder and environment, its own streams, and none of the page's modules; whatever it does
ends with it.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, TextIO

CAN_FORK = hasattr(os, "fork") and "COVERAGE_PROCESS_CONFIG" not in os.environ
"""Not everywhere, and not where lines are counted: a copy would not write its own down."""
FAULT = 70
INSTALLED = tuple(f"{Path(place).absolute()}{os.sep}" for place in filter(None, sys.path))
"""Where modules come from before any test puts its own folder on the path."""


def printed(program: Callable[[], object], words: Sequence[str], environ: Mapping[str, str]) -> str:
    """Run a program with its words in a copy of this process; return what it prints, errors included."""
    with tempfile.TemporaryFile() as out:
        _copied(program, words, environ, out.fileno(), out.fileno(), Path.cwd())
        return _read(out)


def completed(
    program: Callable[[], object], words: Sequence[str], environ: Mapping[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run a program with its words in a copy of this process, in a folder; return how it ended, as ``subprocess.run`` does."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        code = _copied(program, words, environ, out.fileno(), errors.fileno(), folder)
        return subprocess.CompletedProcess(list(words), code, _read(out), _read(errors))


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8")


def _copied(
    program: Callable[[], object], words: Sequence[str], environ: Mapping[str, str], out: int, errors: int, folder: Path
) -> int:
    """Run it, and return its exit code."""
    import crmkit.cli.running  # noqa: F401 - imported once here, and not in each copy

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads: the copy takes no lock that one of them may hold
        child = os.fork()
        if child == 0:
            _run(program, words, environ, out, errors, folder)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _run(
    program: Callable[[], object], words: Sequence[str], environ: Mapping[str, str], out: int, errors: int, folder: Path
) -> None:
    """Be that program, and end."""
    code = FAULT
    try:
        os.chdir(folder)
        _begin(words, environ, out, errors)
        try:
            program()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except BaseException:  # noqa: BLE001 - whatever ends a program is told
            sys.excepthook(*sys.exc_info())
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _begin(words: Sequence[str], environ: Mapping[str, str], out: int, errors: int) -> None:
    """Have what a new process has: its words, its environment, its streams, and none of what tests have set up."""
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = list(words)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(errors, 2)
    sys.stdin, sys.stdout, sys.stderr = _stream(0, "r"), _stream(1, "w"), _stream(2, "w")
    logging.root.handlers.clear()
    warnings.resetwarnings()
    warnings.simplefilter("ignore")
    _forget_modules_of_tests()


def _stream(number: int, mode: str) -> TextIO:
    return open(number, mode, encoding="utf-8", errors="backslashreplace", closefd=False)  # type: ignore[return-value]  # it is text


def _forget_modules_of_tests() -> None:
    """A page writes modules, runs them, and writes them again; and tests load some from folders of their own."""
    here = f"{Path.cwd()}{os.sep}"
    for name, module in list(sys.modules.items()):
        file: str = getattr(module, "__file__", None) or ""
        if Path(file).is_absolute() and (file.startswith(here) or not file.startswith(INSTALLED)):
            del sys.modules[name]
