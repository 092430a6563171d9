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
            text, object_pairs_hook=_object, parse_float=_Number, parse_int=_Number, parse_constant=_constant
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


class _Number(str):
    """A number, as the text that the file has."""

    __slots__ = ()


def _flat(prefix: str, value: Mapping[str, object]) -> Iterator[tuple[str, Cell]]:
    for key, each in value.items():
        name = prefix + key
        if isinstance(each, dict):
            inner = cast("dict[str, object]", each)
            yield name, _text(_written(inner), name)  # whole, for a field that takes JSON
            yield from _flat(f"{name}.", inner)
        elif isinstance(each, list):
            yield name, tuple(_text(item, name) for item in cast("list[object]", each))
        else:
            yield name, _text(each, name)


def _written(value: object) -> str:
    """JSON again, with the numbers as they were."""
    if isinstance(value, dict):
        pairs = cast("dict[str, object]", value).items()
        return f"{{{', '.join(f'{json.dumps(key, ensure_ascii=False)}: {_written(each)}' for key, each in pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_written, cast('list[object]', value)))}]"
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


def _text(value: object, key: str) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else _written(value)
    if "\0" in text:
        raise _RefusedError(Problem("nul", column=key))
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise _RefusedError(Problem("surrogate", column=key))
    return text
