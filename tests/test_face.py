"""The public face: every name is there, lazily, and checkers see the same names as the program."""

from __future__ import annotations

import ast
import inspect

import pytest

import crmkit


def names_for_checkers() -> set[str]:
    tree = ast.parse(inspect.getsource(crmkit))
    block = next(n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING")
    return {a.asname or a.name for n in block.body if isinstance(n, ast.ImportFrom) for a in n.names}


@pytest.mark.parametrize("name", crmkit.__all__)
def test_every_name_is_there(name: str):
    assert getattr(crmkit, name) is not None


def test_checkers_see_the_names_that_the_program_sees():
    assert names_for_checkers() == set(crmkit.__all__) - {"__version__"}


def test_a_name_that_is_not_there_is_told_as_python_does():
    with pytest.raises(AttributeError, match="Custmer"):
        crmkit.Custmer  # noqa: B018 - the look-up is the case
