"""What `import crmkit` costs, and who may know whom where import-linter can not see it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORE = ROOT / "src" / "crmkit"
ROOMS = {path.parent.stem for path in CORE.glob("*/__init__.py")} | {path.stem for path in CORE.glob("*.py")} - {
    "__init__"
}
DOORS = {"ports", "hookspecs", "query"}
COMMAND_DOORS = DOORS | {"cli"}

PROBE = """
import sys
before = set(sys.modules)
{statement}
print(*sorted(set(sys.modules) - before))
"""


def loaded_by(statement: str) -> set[str]:
    command = [sys.executable, "-c", PROBE.format(statement=statement)]
    done = subprocess.run(command, check=True, capture_output=True, encoding="utf-8")
    return set(done.stdout.split())


def test_importing_the_face_brings_no_heavy_library_and_no_plugin():
    loaded = loaded_by("import crmkit")
    assert "crmkit" in loaded
    assert not loaded & {"sqlalchemy", "click", "rich", "pytest", "crmkit.builtin"}
    assert not [name for name in loaded if name.startswith("crmkit_")]


# --- imports as they stand in a file, those for type checkers apart ---------------------------------------------------
def imports(text: str) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every import at run time: `from a import b` is told as `a.b`."""
    apart: set[int] = set()
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            apart.update(id(child) for part in node.body for child in ast.walk(part))
    for node in ast.walk(tree):
        if id(node) in apart:
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def face_used(text: str) -> Iterator[str]:
    """Inside, each name comes from the room that it lives in; the face is for those outside."""
    for line, name in imports(text):
        first, _, rest = name.partition(".")
        if first == "crmkit" and rest.partition(".")[0] not in ROOMS | {"__version__"}:
            yield f"{line}: {name!r} comes from the face: import it from its room"


def private_room_used(text: str, doors: set[str]) -> Iterator[str]:
    """A plugin knows the face and the doors; click and `cli` are for its command modules."""
    for line, name in imports(text):
        first, _, rest = name.partition(".")
        room = rest.partition(".")[0]
        if first == "crmkit" and room in ROOMS - doors:
            yield f"{line}: {name!r} is a private room"
        if first == "click" and "cli" not in doors:
            yield f"{line}: click is imported in command modules only, so that listing plugins stays quick"
        if first in {"sqlalchemy", "pytest"}:
            yield f"{line}: {first} is no part of what a plugin is written against"


def is_command_module(path: Path) -> bool:
    return "commands" in {*path.parts, path.stem}


FACE = "from crmkit import Customer\n"


def test_the_face_is_seen_where_it_is_used():
    assert list(face_used(FACE))
    assert list(face_used("import crmkit\n"))
    assert not list(face_used("from crmkit.errors import CRMError\n"))
    assert not list(face_used("if TYPE_CHECKING:\n    from crmkit import CRM\n"))


def test_a_private_room_is_seen_where_a_plugin_uses_it():
    assert list(private_room_used("from crmkit._work import unit\n", DOORS))
    assert list(private_room_used("from crmkit import _work\n", DOORS))
    assert list(private_room_used("import click\n", DOORS))
    assert not list(private_room_used(FACE, DOORS))
    assert not list(private_room_used("import click\nfrom crmkit import cli\n", COMMAND_DOORS))


def test_inside_no_room_goes_by_the_face():
    inside = [path for path in CORE.rglob("*.py") if "builtin" not in path.relative_to(CORE).parts]
    assert not [f"{path.relative_to(ROOT)}:{told}" for path in inside for told in face_used(path.read_text("utf-8"))]


def test_first_party_plugins_use_the_public_doors():
    told = []
    for path in ROOT.glob("plugins/*/src/**/*.py"):
        doors = COMMAND_DOORS if is_command_module(path) else DOORS
        told += [f"{path.relative_to(ROOT)}:{at}" for at in private_room_used(path.read_text("utf-8"), doors)]
    assert not told
