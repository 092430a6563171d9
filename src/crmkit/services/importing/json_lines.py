"""JSON Lines: one object a line, given as rows of text cells like those of CSV."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from crmkit.services.importing.lines import END_OF_LINE, Lines
from crmkit.services.importing.problems import BadRow, Problem

Cell = str | tuple[str, ...]
RAW_KEY = "crmkit:raw"


class _RefusedError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def objects(lines: Lines, *, most: int) -> Iterator[tuple[int, str, dict[str, Cell]] | BadRow]:
    """The objects from the lines' mark on: line number, text of the line, cells by key.

    A nested object's keys follow its own after a dot (`amount.value`). Numbers are the text that the file has, so
    that none is rounded; null is empty; a list is a tuple of texts.
    """
    line, parts, size = lines.mark, list[str](), 0
    for piece in lines.pieces():
        lines.mark += 1
        size += len(piece)
        if size <= most:
            parts.append(piece)
        if not piece.endswith(END_OF_LINE):
            lines.pieces_more += 1
            continue
        yield from _row(line, "".join(parts).strip(), is_cut=size > most, most=most)
        line, parts, size = lines.mark - lines.pieces_more, [], 0
    if size:
        yield from _row(line, "".join(parts).strip(), is_cut=size > most, most=most)


def _row(line: int, text: str, *, is_cut: bool, most: int) -> Iterator[tuple[int, str, dict[str, Cell]] | BadRow]:
    if is_cut:
        yield BadRow(line=line, raw="", problems=[Problem("row-too-long", {"limit": most})], is_cut=True)
    elif text:
        yield _parsed(line, text)


def _parsed(line: int, text: str) -> tuple[int, str, dict[str, Cell]] | BadRow:
    try:
        value = _loaded(text)
        if RAW_KEY in value:  # a mended line of a reject file
            text = str(value[RAW_KEY])
            value = _loaded(text)
        return line, text, dict(_flat("", value))
    except _RefusedError as refusal:
        return BadRow(line=line, raw=text, problems=[refusal.problem])


def _loaded(text: str) -> dict[str, object]:
    try:
        value: object = json.loads(
            text, object_pairs_hook=_object, parse_float=str, parse_int=str, parse_constant=_constant
        )
    except (ValueError, RecursionError) as error:
        reason = f"{error.msg} at character {error.colno}" if isinstance(error, json.JSONDecodeError) else "too deep"
        raise _RefusedError(Problem("not-json", {"reason": reason})) from error
    if not isinstance(value, dict):
        raise _RefusedError(Problem("not-an-object"))
    return cast("dict[str, object]", value)


def _object(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        raise _RefusedError(Problem("duplicate-key", {"key": next(key for key in keys if keys.count(key) > 1)}))
    return found


def _constant(name: str) -> object:
    raise _RefusedError(Problem("not-json", {"reason": f"{name} is no JSON number"}))


def _flat(prefix: str, value: Mapping[str, object]) -> Iterator[tuple[str, Cell]]:
    for key, each in value.items():
        if isinstance(each, dict):
            yield from _flat(f"{prefix}{key}.", cast("dict[str, object]", each))
        elif isinstance(each, list):
            yield prefix + key, tuple(_text(item, prefix + key) for item in cast("list[object]", each))
        else:
            yield prefix + key, _text(each, prefix + key)


def _text(value: object, key: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if "\0" in text:
        raise _RefusedError(Problem("nul", column=key))
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise _RefusedError(Problem("surrogate", column=key))
    return text
