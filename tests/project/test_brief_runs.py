"""What a brief run leaves out: what is marked, and of what is sampled all but the sample."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.proofs import left_out


class Item:
    """A test of a file, with its mark."""

    def __init__(self, path: str, mark: pytest.MarkDecorator | None = None) -> None:
        self.path, self._mark = Path(path), mark

    def get_closest_marker(self, name: str) -> pytest.Mark | None:
        return self._mark.mark if self._mark and self._mark.name == name else None


def test_what_has_no_mark_is_run() -> None:
    items: list[Any] = [Item("a.py"), Item("a.py", pytest.mark.proof)]
    assert left_out(items) == []


def test_what_is_once_is_left_out() -> None:
    items: list[Any] = [Item("a.py", pytest.mark.once), Item("a.py"), Item("b.py", pytest.mark.once)]
    assert left_out(items) == [items[0], items[2]]


def test_of_a_file_each_so_manieth_is_run_and_the_first() -> None:
    mark = pytest.mark.once(each=3)
    items: list[Any] = [Item(path, mark) for path in ("a.py", "a.py", "b.py", "a.py", "a.py", "a.py", "b.py")]
    assert [n for n, item in enumerate(items) if item not in left_out(items)] == [0, 2, 4]
