"""The rules of the house that no tool holds; each rule is tried on a text that breaks it, then on every file."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.once


ROOT = Path(__file__).parents[2]
CODE = sorted([*ROOT.glob("src/**/*.py"), *ROOT.glob("plugins/*/src/**/*.py")])
FILES = sorted([*CODE, *ROOT.glob("tests/**/*.py"), *ROOT.glob("plugins/*/tests/**/*.py"), ROOT / "conftest.py"])

Rule = Callable[[str], Iterator[str]]

LONGEST = 400
NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "managers"}
CONTAINERS = {"list", "dict", "set", "defaultdict", "OrderedDict", "Counter", "deque", "bytearray", "count"}
HOLDERS = {"ContextVar", "local", "Lock", "RLock", "WeakKeyDictionary", "WeakValueDictionary", "WeakSet"}
MUTATORS = {"append", "extend", "insert", "add", "update", "setdefault", "pop", "popitem", "clear", "remove", "discard"}
IGNORE = re.compile(r"#\s*(?:type:\s*ignore\b|pyright:\s*(?:ignore|basic|report)|noqa\b|ruff:)(?P<rest>.*)$")
REASON = re.compile(r"^(?:\[[\w, -]+\]|:\s*[A-Z]+[0-9]+(?:,\s*[A-Z]+[0-9]+)*)\s+[-—#]+\s+\S.{4,}")


def too_long(text: str) -> Iterator[str]:
    lines = len(text.splitlines())
    if lines > LONGEST:
        yield f"{lines} lines: at most {LONGEST}; cut it where a second subject begins"


def ignores_without_reason(text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), start=1):
        found = IGNORE.search(line)
        if found and not REASON.match(found["rest"]):
            yield f"{number}: an ignore names its rule and says why: `# type: ignore[x] - reason`, `# noqa: X1 - reason`"


def module_state(text: str) -> Iterator[str]:
    """Names that stand at a module's top and change while the program runs."""
    tree = ast.parse(text)
    held = dict(_top_names(tree))
    for name, value in held.items():
        if _is_empty_container(value):
            yield f"{value.lineno}: {name!r} is an empty container at module level: who fills it? Put it into an object"
        if _called(value) in HOLDERS:
            yield f"{value.lineno}: {name!r} keeps state for the whole process"
    for node in ast.walk(tree):
        name = _mutated(node)
        if name in held:
            yield f"{getattr(node, 'lineno', 0)}: {name!r} of the module's top level is changed here"
        if isinstance(node, ast.Global):
            yield f"{node.lineno}: `global` keeps state for the whole process"


def _top_names(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body:
        if isinstance(node, ast.Assign):
            yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name):
            yield node.target.id, node.value


def _called(value: ast.expr) -> str:
    if not isinstance(value, ast.Call):
        return ""
    return ast.unparse(value.func).rpartition(".")[2]


def _is_empty_container(value: ast.expr) -> bool:
    if isinstance(value, ast.Dict):
        return not value.keys
    if isinstance(value, ast.List | ast.Set):
        return not value.elts
    return isinstance(value, ast.Call) and _called(value) in CONTAINERS and not value.args


def _mutated(node: ast.AST) -> str | None:
    """The plain name whose content this node changes."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
        return node.value.id if isinstance(node.value, ast.Name) else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MUTATORS:
        return node.func.value.id if isinstance(node.func.value, ast.Name) else None
    return None


def _shadowed_names_apart(text: str) -> Iterator[str]:
    """`module_state` without names that a function binds for itself (an argument or a local of the same name)."""
    tree = ast.parse(text)
    own = {a.arg for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for a in (*f.args.args, *f.args.kwonlyargs)}
    return (told for told in module_state(text) if not any(f"{name!r} of the module" in told for name in own))


BROKEN: list[tuple[Rule, str]] = [
    (too_long, "x = 1\n" * (LONGEST + 1)),
    (ignores_without_reason, "import os  # noqa\n"),
    (ignores_without_reason, "import os  # noqa: F401\n"),
    (ignores_without_reason, "x: int = f()  # type: ignore[no-any-return]\n"),
    (ignores_without_reason, "x: int = f()  # type: ignore - it is fine so\n"),
    (ignores_without_reason, "x: int = f()  # pyright: ignore[reportGeneral]\n"),
    (_shadowed_names_apart, "seen = {}\n"),
    (_shadowed_names_apart, "seen = defaultdict()\n"),
    (_shadowed_names_apart, "current = contextvars.ContextVar('current')\n"),
    (_shadowed_names_apart, "kinds = {'a': 1}\ndef f():\n    kinds['b'] = 2\n"),
    (_shadowed_names_apart, "kinds = ['a']\ndef f():\n    kinds.append('b')\n"),
    (_shadowed_names_apart, "n = 0\ndef f():\n    global n\n    n += 1\n"),
]

KEPT: list[tuple[Rule, str]] = [
    (too_long, "x = 1\n" * LONGEST),
    (ignores_without_reason, "import os  # noqa: F401, E402 - the face re-exports it\n"),
    (ignores_without_reason, "x: int = f()  # type: ignore[no-any-return] - pluggy is untyped\n"),
    (_shadowed_names_apart, "KINDS = {'a': 1}\ndef f():\n    return KINDS['a']\n"),
    (_shadowed_names_apart, "rows = ('a',)\ndef f(rows: list[str]) -> None:\n    rows.append('b')\n"),
]


@pytest.mark.parametrize(("rule", "text"), BROKEN)
def test_a_rule_sees_what_breaks_it(rule: Rule, text: str):
    assert list(rule(text))


@pytest.mark.parametrize(("rule", "text"), KEPT)
def test_a_rule_lets_pass_what_keeps_it(rule: Rule, text: str):
    assert not list(rule(text))


def broken(rule: Rule, paths: list[Path]) -> list[str]:
    return [f"{path.relative_to(ROOT)}:{told}" for path in paths for told in rule(path.read_text("utf-8"))]


def test_no_file_is_longer_than_a_reader_likes():
    assert not broken(too_long, FILES)


def test_every_ignore_says_why():
    assert not broken(ignores_without_reason, CODE)


def test_no_module_keeps_state():
    assert not broken(_shadowed_names_apart, CODE)


def test_every_module_has_a_name_that_says_what_is_in_it():
    assert not [str(path.relative_to(ROOT)) for path in FILES if path.stem in NAMELESS]
