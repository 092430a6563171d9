"""The files of a distribution, made of templates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib import resources
from string import Template
from typing import Final

from .kinds import Kind
from .names import Names

WIDTH: Final = 100
"""A longer line of code is written as one line per item."""
_DISTRIBUTION: Final = {
    "pyproject.toml": "pyproject.toml",
    "tox.ini": "tox.ini",
    "README.md": "README.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "LICENSE": "LICENSE",
    "gitignore": ".gitignore",
    "ci.yml": ".github/workflows/ci.yml",
    "test_plugin.py": "tests/test_plugin.py",
}
"""Template -> its place."""


def distribution(names: Names, kinds: Sequence[Kind]) -> dict[str, str]:
    """Return path -> text of a plugin of some kinds; all but the manifest, which is generated from the code."""
    values = {**names.in_templates(), **_about(kinds)}
    values["sections"] = "".join("\n" + _filled(f"{kind.folder}/readme.md", values) for kind in kinds)
    files = {place: _filled(f"distribution/{name}", values) for name, place in _DISTRIBUTION.items()}
    package = f"src/{names.package}"
    return {**files, f"{package}/py.typed": "", **dict(_code(package, kinds, values)), **dict(_tests(kinds, values))}


def _about(kinds: Sequence[Kind]) -> dict[str, str]:
    *first, last = [kind.noun for kind in kinds]
    needs = ["pytest>=8.4", *(need for kind in kinds for need in kind.test_needs)]
    return {
        "kinds": f"{', '.join(first)} and {last}" if first else last,
        "test_needs": ", ".join(f'"{need}"' for need in sorted(needs)),
        "year": str(datetime.now(UTC).year),
    }


def _code(package: str, kinds: Sequence[Kind], values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if _is_lone(kinds):
        (module,) = kinds[0].modules
        face = _import("crmkit", (*kinds[0].face, "Plugin"))
        lone = {"imports": face, "plugin": _plugin(kinds, values)}
        yield f"{package}/__init__.py", _filled(f"{kinds[0].folder}/{module}.py", {**values, **lone})
        return
    yield f"{package}/__init__.py", _table_of_contents(kinds, values)
    for kind in kinds:
        own = {"imports": _import("crmkit", kind.face), "plugin": ""}
        for module in kind.modules:
            yield f"{package}/{module}.py", _filled(f"{kind.folder}/{module}.py", {**values, **own})


def _is_lone(kinds: Sequence[Kind]) -> bool:
    """Whether all code is one module, which is then the package."""
    return sum(len(kind.modules) for kind in kinds) == 1


def _tests(kinds: Sequence[Kind], values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for kind in kinds:
        module = next(iter(kind.modules))
        place = f"tests/test_{values['variable'] if len(kinds) == 1 else module}.py"
        tested = _import(values["package"], _named(kind.tested, values))
        yield place, _filled(f"{kind.folder}/test_{module}.py", {**values, "tested": tested})


def _table_of_contents(kinds: Sequence[Kind], values: Mapping[str, str]) -> str:
    modules = {module: names for kind in kinds for module, names in kind.modules.items() if names}
    taken = {module: _named(names, values) for module, names in modules.items()}
    listed = _sorted([*(name for names in taken.values() for name in names), "plugin"])
    imports = "".join(_import(f".{module}", names) for module, names in sorted(taken.items()))
    face = _import("crmkit", ("Plugin", *(["Commands"] if any("commands" in kind.modules for kind in kinds) else [])))
    exported = _listed("__all__ = [", [f'"{name}"' for name in listed], "]")
    return f'"""{values["Title"]}: {values["kinds"]}."""\n\n{face}\n{imports}\n{exported}\n\n{_plugin(kinds, values)}'


def _plugin(kinds: Sequence[Kind], values: Mapping[str, str]) -> str:
    """Return the code of the table of contents itself."""
    capabilities = sorted({f'"{one}"' for kind in kinds for one in kind.capabilities})
    offers = _named([offer for kind in kinds for offer in kind.offers], values)
    arguments = [f'"{values["name"]}"']
    if any(kind.has_settings for kind in kinds):
        arguments.append("settings=Settings")
    if capabilities:
        arguments.append(f"capabilities={_tuple(capabilities)}")
    arguments.append(f"offers={_tuple(offers)}")
    return _listed("plugin = Plugin(", arguments, ")") + "\n"


def _tuple(items: Sequence[str]) -> str:
    return f"({items[0]},)" if len(items) == 1 else _listed("(", items, ")", indent="    ")


def _listed(begin: str, items: Sequence[str], end: str, *, indent: str = "") -> str:
    """Return items in one line of code, or in one line each where that is too long."""
    line = f"{begin}{', '.join(items)}{end}"
    if "\n" not in line and len(indent) + len(line) <= WIDTH:
        return line
    return "\n".join([begin, *(f"{indent}    {item}," for item in items), f"{indent}{end}"])


def _import(module: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    line = f"from {module} import {', '.join(_sorted(names))}"
    return f"{line if len(line) <= WIDTH else _listed(f'from {module} import (', _sorted(names), ')')}\n"


def _named(templates: Iterable[str], values: Mapping[str, str]) -> list[str]:
    return [Template(one).substitute(values) for one in templates]


def _sorted(names: Iterable[str]) -> list[str]:
    """In the order of imports: constants, classes, functions."""
    return sorted(set(names), key=lambda name: (not (name.isupper() and len(name) > 1), not name[0].isupper(), name))


def _filled(path: str, values: Mapping[str, str]) -> str:
    text = (resources.files("crmkit.cli.scaffold") / "templates" / f"{path}.tmpl").read_text("utf-8")
    return Template(text).substitute(values).rstrip() + "\n"
