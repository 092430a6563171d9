"""What crosses to the driver, statement by statement; and what must never be among it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event

TABLE = re.compile(
    r'\b(?:FROM|JOIN|INTO|UPDATE|TABLE)\s+(?:IF (?:NOT )?EXISTS\s+)?("?\w+"?(?:\."?\w+"?)?)', re.IGNORECASE
)
LITERAL = re.compile(r"'(?:[^']|'')*'")
"""SQLite tells statements with their values; what SQLite asks itself begins with two hyphens."""
SESSION = re.compile(
    r"^\s*(SET\s+(?!TRANSACTION\b|LOCAL\b)|RESET|DISCARD|LISTEN|NOTIFY|UNLISTEN|PREPARE|DEALLOCATE|DECLARE|LOAD|CREATE\s+TEMP)"
    r"|\bpg_(try_)?advisory_(un)?lock(_shared)?\s*\(|\bset_config\s*\(|\bnextval\s*\(|\bcurrval\s*\(|\blastval\s*\(|\bWITH HOLD\b",
    re.IGNORECASE,
)
MAKING = re.compile(
    r"\b(CREATE\s+(SEQUENCE|(CONSTRAINT\s+)?TRIGGER|FUNCTION|PROCEDURE|RULE)|AUTOINCREMENT|\w*SERIAL|IDENTITY)\b",
    re.IGNORECASE,
)


@contextmanager
def logged(monkeypatch: pytest.MonkeyPatch) -> Generator[list[str]]:
    """Give a list to which every statement is added that a driver is told, by whomever."""
    log: list[str] = []
    on_connect = _traced(log)
    event.listen(Engine, "connect", on_connect)
    try:
        with monkeypatch.context() as patched:
            for name in ("execute", "executemany", "copy"):
                patched.setattr(psycopg.Cursor, name, _noting(getattr(psycopg.Cursor, name), log))
            yield log
    finally:
        event.remove(Engine, "connect", on_connect)


def _traced(log: list[str]) -> Callable[..., None]:
    def connect(driver: Any, _: Any) -> None:
        if hasattr(driver, "set_trace_callback"):
            driver.set_trace_callback(
                lambda text: log.append(LITERAL.sub("''", text)) if not text.startswith("--") else None
            )

    return connect


def _noting(call: Callable[..., Any], log: list[str]) -> Callable[..., Any]:
    def noting(self: Any, text: Any, *values: Any, **more: Any) -> Any:
        log.append(str(text))
        return call(self, text, *values, **more)

    return noting


def keeping_state(log: Collection[str]) -> Iterator[str]:
    """Yield the statements that leave something in the session, or ask the database for a number of its own."""
    yield from (text for text in log if SESSION.search(text) or MAKING.search(text))


def outside(log: Collection[str], tables: Collection[str], ours: Callable[[str], str]) -> Iterator[str]:
    """Yield the names under which statements speak of a table of ours anywhere but in its own place.

    Args:
        tables: the names of the record types.
        ours: from a record type to its table's name, with its schema or prefix.
    """
    for text in log:
        for found in TABLE.findall(text):
            name = found.replace('"', "")
            last = name.rpartition(".")[2]
            of = next((table for table in tables if last == table or last.endswith(f"__{table}")), None)
            if of is not None and name != ours(of):
                yield name
