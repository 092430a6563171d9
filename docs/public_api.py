"""Write `docs/reference/public-api.txt`, every public name and signature, a line each: `python -m docs.public_api FRAGMENT`.

FRAGMENT is the news fragment that announces the difference; without one it is only shown. What went or changed must be named in a
fragment. So a change that nobody meant is seen in review as one line, and one that is meant is told to those whom it concerns.
"""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import pkgutil
import re
import sys
import types
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path, PurePath
from typing import Any

import attrs
import click

from crmkit import ports
from crmkit.cli.root import root
from crmkit.cli.state import Run
from crmkit.errors import CRMError
from crmkit.records import CORE_TYPES, declaration_of

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docs/reference/public-api.txt"
NEWS = ROOT / "newsfragments"
MODULES = (
    "crmkit",
    "crmkit.cli",
    "crmkit.crm",
    "crmkit.errors",
    "crmkit.hookspecs",
    *sorted(f"crmkit.ports.{one.name}" for one in pkgutil.iter_modules(ports.__path__)),
    "crmkit.query",
    "crmkit.records",
    "crmkit.services.families",
    "crmkit.settings",
    "crmkit.testing",
)
"""What may be imported from outside, and the families of verbs, which are reached by a CRM's properties."""
PATHS = {"crmkit.services.families": "crmkit.crm"}
MANY = 12
"""Of a longer value each part has a line of its own."""
CODES = ("default_code", "exit_code", "http_status")


def lines() -> list[str]:
    """Return every public name with its signature, a line each, sorted."""
    homes: dict[int, str] = {}
    found = {line for module in MODULES for line in _module(importlib.import_module(module), homes)}
    return sorted({*found, *_commands(), *_settings(), *_options(), *_formats()})


# --- modules ----------------------------------------------------------------------------------------------------------
def _module(module: types.ModuleType, homes: dict[int, str]) -> Iterator[str]:
    written = dict(_written(module))
    for name in sorted(vars(module).get("__all__") or (one for one in written if not one.startswith("_"))):
        yield from _thing(
            f"{PATHS.get(module.__name__, module.__name__)}.{name}", getattr(module, name), homes, written.get(name, "")
        )


def _written(module: types.ModuleType) -> Iterator[tuple[str, str]]:
    """Yield the names that a module defines itself, values with their text: not what it imports, nor type variables."""
    source = inspect.getsource(module)
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name, ""
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            text = " ".join((ast.get_source_segment(source, node.value) or "").split())
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if not text.startswith(("TypeVar(", "ParamSpec(")):
                yield from ((target.id, text) for target in targets if isinstance(target, ast.Name))


def _thing(path: str, thing: Any, homes: dict[int, str], text: str) -> Iterator[str]:
    if inspect.isclass(thing) and thing.__module__.startswith("crmkit"):
        yield from _class(path, thing, homes)
    elif inspect.isroutine(thing):
        yield f"{path}{signature(thing)}"
    elif isinstance(thing, tuple | list) and len(thing) > MANY:
        yield from (f"{path} has {shown(one)}" for one in thing)
    elif isinstance(thing, types.ModuleType):
        yield f"{path} = module {thing.__name__}"
    else:
        value = shown(thing)
        yield f"{path} = {text if text and value.startswith('<') else value}"


def _class(path: str, of: type[Any], homes: dict[int, str]) -> Iterator[str]:
    if id(of) in homes:
        yield f"{path} = {homes[id(of)]}"
        return
    homes[id(of)] = path
    yield f"{path}: class{_declared(of)}"
    yield from (f"{path} is a {base.__name__}" for base in of.__bases__ if base is not object)
    for name, member in _members(of):
        yield from _member(f"{path}.{name}", member, of, homes)
    yield from _fields(path, of)


def _declared(of: type[Any]) -> str:
    """What a class says of itself besides its members: the facts of a record type or an error."""
    if issubclass(of, CRMError):
        return f" code={of.default_code} exit={of.exit_code} http={of.http_status}"
    if of not in CORE_TYPES:
        return ""
    found = declaration_of(of)
    keys = " ".join(f"unique={'+'.join(key)}" for key in found.unique)
    return f" {found.name} {found.plural} {found.mode} {keys}".rstrip()


def _members(of: type[Any]) -> Iterator[tuple[str, Any]]:
    """Yield the public members of a class, with those that it has from ancestors that nobody can name."""
    hidden = [base for base in of.__mro__[1:] if base.__module__.startswith("crmkit") and base.__name__.startswith("_")]
    fields = {a.name for a in of.__attrs_attrs__} if attrs.has(of) else set[str]()
    seen: set[str] = set()
    for base in (of, *hidden):
        for name, member in vars(base).items():
            public = not name.startswith("_") or (name == "__init__" and not attrs.has(of))
            told = name in seen or name in fields or (issubclass(of, CRMError) and name in CODES)
            if public and not told:
                seen.add(name)
                yield name, member


def _member(path: str, member: Any, of: type[Any], homes: dict[int, str]) -> Iterator[str]:
    function = getattr(member, "__func__", member)
    kind = type(member).__name__ if isinstance(member, classmethod | staticmethod) else ""
    if isinstance(member, property):
        path = path.replace("crmkit.crm.Families.", "crmkit.CRM.")
        yield f"{path}: property{signature(member.fget).removeprefix('(self)')}"
        result = inspect.signature(member.fget).return_annotation if member.fget else ""
        family = getattr(sys.modules.get(of.__module__), str(result), None)
        if of.__name__ == "Families" and inspect.isclass(family):
            yield from _class(path, family, homes)
    elif inspect.isfunction(function):
        yield f"{path}{signature(function)}{' ' + kind if kind else ''}"
    elif not inspect.isdatadescriptor(member) and not inspect.ismethoddescriptor(member):
        yield f"{path} = {shown(member)}"


def _fields(path: str, of: type[Any]) -> Iterator[str]:
    if not attrs.has(of):
        return
    for field in attrs.fields(of):
        if field.init and not (field.alias or field.name).startswith("_") and not field.name.startswith("_crmkit"):
            default = "" if field.default is attrs.NOTHING else f" = {shown(field.default)}"
            word = " keyword" if field.kw_only else ""
            yield f"{path}.{field.alias or field.name}: {typed(field.type)}{default}{word}"


# --- signatures, the same on every Python ---------------------------------------------------------------------------------
def signature(function: Any) -> str:
    """Return the signature of a function, with its annotations as they are written."""
    try:
        found = inspect.signature(function)
    except (TypeError, ValueError):
        return "(...)"
    parts: list[str] = []
    star = False
    for parameter in found.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            parts.append("*")
        star = star or parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL)
        parts.append(_parameter(parameter))
    result = "" if found.return_annotation is found.empty else f" -> {typed(found.return_annotation)}"
    return f"({', '.join(parts)}){result}"


def _parameter(parameter: inspect.Parameter) -> str:
    stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    only = "/" if parameter.kind is parameter.POSITIONAL_ONLY else ""
    annotation = "" if parameter.annotation is parameter.empty else f": {typed(parameter.annotation)}"
    default = "" if parameter.default is parameter.empty else f" = {shown(parameter.default)}"
    return f"{stars}{parameter.name}{only}{annotation}{default}"


def typed(annotation: Any) -> str:
    """Return an annotation as it is written, on one line."""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", None) or str(annotation)
    return " ".join(str(text).replace("typing.", "").split())


def shown(value: Any) -> str:
    """Return a value in a form that is the same in every run and on every Python."""
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, frozenset | set):
        return "{" + ", ".join(sorted(map(shown, value))) + "}"
    if value is ... or isinstance(value, PurePath):
        return "..." if value is ... else repr(str(value))
    if isinstance(value, list | tuple):
        return "<values>" if len(value) > MANY else "(" + ", ".join(map(shown, value)) + ")"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{shown(k)}: {shown(v)}" for k, v in value.items()) + "}"
    if value is None or isinstance(value, str | bytes | int | float | bool | Decimal):
        return repr(value)
    return f"<{getattr(value, '__name__', type(value).__name__)}>"


# --- what is no name in a module ------------------------------------------------------------------------------------------
def _commands() -> Iterator[str]:
    with click.Context(root, info_name="crmkit", obj=Run(no_plugins=True).crm) as ctx:
        yield from _command(root, "$ crmkit")
        for name in root.list_commands(ctx):
            command = root.get_command(ctx, name)
            if command is not None:
                yield from _command(command, f"$ crmkit {name}")


def _command(command: click.Command, path: str) -> Iterator[str]:
    arguments = [one.human_readable_name.upper() for one in command.params if isinstance(one, click.Argument)]
    yield " ".join([path, *arguments])
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            needed = " needed" if option.required else ""
            flag = "" if option.is_flag else f" {option.type.name.upper()}"
            yield f"{path} {'|'.join((*option.opts, *option.secondary_opts))}{flag}{needed}"
    if isinstance(command, click.Group) and command is not root:
        for name, inner in sorted(command.commands.items()):
            yield from _command(inner, f"{path} {name}")


def _settings() -> Iterator[str]:
    from crmkit.settings import project_schema

    for key, schema in project_schema({})["properties"].items():
        yield f"crmkit.toml: {key}: {schema['type']}"


def _options() -> Iterator[str]:
    """What `CRM.open` takes as keywords."""
    from crmkit.crm.opening import Options

    yield from (line.replace("Options.", "CRM.open: ") for line in _fields("Options", Options))


def _formats() -> Iterator[str]:
    from crmkit._plugins.manifest import FILE as MANIFEST
    from crmkit._plugins.manifest import FORMAT

    yield f"file {MANIFEST}: crmkit_manifest = {FORMAT}"


# --- renewing -----------------------------------------------------------------------------------------------------------
def difference(old: Collection[str], new: Collection[str]) -> list[str]:
    """Return what went (``- ``) and what came (``+ ``), a line each."""
    return [f"- {line}" for line in sorted(set(old) - set(new))] + [f"+ {line}" for line in sorted(set(new) - set(old))]


def subject(line: str) -> str:
    """Return what a line of a difference is about, as people name it: the last word of its path, a command or an option."""
    path = _path(line)
    if path.startswith("$ "):
        return path.partition("|")[0].split(" ")[-1 if " -" not in path else path.split(" ").index(_option(path))]
    said = path.partition(": ")[2] if path.startswith(("CRM.open: ", "crmkit.toml: ")) else path
    return said.partition(":")[0].rpartition(".")[2]


def _path(line: str) -> str:
    return re.split(r"\(| = | is a | has ", line[2:])[0]


def _option(path: str) -> str:
    return next(word for word in path.split(" ") if word.startswith("-"))


def unannounced(changes: Collection[str], news: Mapping[str, str]) -> list[str]:
    """Return why a difference may not be kept yet.

    Args:
        news: file name of a fragment -> its text. What is new takes any fragment; what changed is named in one, in backticks;
            what went is named in one of another kind than ``added``.
    """
    if changes and not news:
        return ["Nothing announces it: name the fragment in newsfragments/ that does."]
    there = {_path(line) for line in changes if line.startswith("+ ")}
    lines = {subject(line): _path(line) in there for line in changes if line.startswith("- ")}
    return [
        f"`{word}` {'changed: name it in a fragment' if stays else 'went: name it in a fragment (changed, deprecated, removed or fixed)'}."
        for word, stays in lines.items()
        if not _is_named(word, [text for name, text in news.items() if stays or ".added." not in name])
    ]


def _is_named(word: str, texts: Iterable[str]) -> bool:
    words = " ".join(re.findall(r"`([^`\n]+)`", "\n".join(texts)))
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", words) is not None


def main(arguments: Sequence[str]) -> int:
    """Print the difference; write it where the fragments that are named announce it."""
    changes = difference(kept(), lines())
    news = {Path(one).name: (NEWS / Path(one).name).read_text("utf-8") for one in arguments}
    problems = unannounced(changes, news)
    print(*changes, *problems, sep="\n")
    if not problems:
        FILE.write_text("\n".join(lines()) + "\n", "utf-8")
    return 1 if problems else 0


def kept() -> list[str]:
    """Return the lines that are in the file."""
    return FILE.read_text("utf-8").splitlines() if FILE.exists() else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
