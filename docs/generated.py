"""A Sphinx extension: reference tables that are read from the code, so that they can not go stale.

Each directive makes reStructuredText from what crmkit itself knows, and lets Sphinx parse it.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any

import attrs
from docutils import nodes
from lifetimes import deprecated  # beside this file: Sphinx loads both by their bare names
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from crmkit import errors, hookspecs
from crmkit.ports.lifetime import lives
from crmkit.records import CORE_TYPES, Declaration, Field, Record, declaration_of

WIDTH = 100
SECTIONS = {"Args": "Arguments"}
FROM_RECORD = {field.name for field in declaration_of(CORE_TYPES[0]).fields if field.system}


class Generated(SphinxDirective):
    """Parses what `lines` yields."""

    has_content = False

    def run(self) -> list[nodes.Node]:
        text = "\n".join(self.lines())
        return self.parse_text_to_nodes(text, offset=0, allow_section_headings=True)

    def lines(self) -> Iterator[str]:
        """Yield the lines of Markdown."""
        raise NotImplementedError


def first_sentence(thing: object) -> str:
    return (inspect.getdoc(thing) or "").split("\n\n", 1)[0].replace("\n", " ").replace("``", "`")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield a table of Markdown."""
    head = list(head)
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
    yield ""


class Errors(Generated):
    """Every error: what it says to the caller, its code, the exit code of the command line, the HTTP status."""

    def lines(self) -> Iterator[str]:
        kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.CRMError)]
        kinds.sort(key=lambda kind: inspect.getsourcelines(kind)[1])
        rows = (
            (f"`{k.__name__}`", first_sentence(k), f"`{k.default_code}`", str(k.exit_code), str(k.http_status))
            for k in kinds
        )
        yield from table(("error", "what it means, and what to do", "code", "exit", "HTTP"), rows)


class Records(Generated):
    """Every core record type with its fields, as its declaration says them."""

    def lines(self) -> Iterator[str]:
        for of in sorted(CORE_TYPES, key=lambda of: declaration_of(of).mode == "operational"):
            yield from _record(of)


def _record(of: type[Record]) -> Iterator[str]:
    declaration = declaration_of(of)
    yield f"## {of.__name__}"
    yield ""
    yield first_sentence(of)
    yield ""
    yield f"*{_facts(declaration)}*"
    yield ""
    fields = [field for field in declaration.fields if field.name not in FROM_RECORD]
    yield from table(("field", "kind", "says"), (_field(field) for field in fields))


def _facts(declaration: Declaration) -> str:
    facts = [f"`{declaration.name}`", f"on the command line `{declaration.plural}`", declaration.mode.replace("_", "-")]
    facts.append({"shared": "shared", "itself": "stands for itself"}.get(declaration.belongs, _owner(declaration)))
    facts += [f"unique ({', '.join(key)})" for key in declaration.unique]
    return "; ".join(facts)


def _owner(declaration: Declaration) -> str:
    if declaration.owner is None:
        return "belongs to itself"
    return f"belongs by {declaration.owner.name} (at an erasure: {declaration.on_erase})"


def _field(field: Field) -> tuple[str, str, str]:
    kind = field.kind.replace("_", " ")
    if field.kind == "ref":
        kind = f"reference to {getattr(field.target, '__name__', field.target)}"
    if field.optional:
        kind += ", may be missing"
    says = [word for word in ("searchable", "indexed", "history", "identity", "required") if getattr(field, word)]
    if field.personal:
        says.append("personal")
    if field.places:
        says.append(f"{field.places} places")
    if field.choices:
        says.append("one of " + ", ".join(f"`{choice}`" if choice else "nothing" for choice in field.choices))
    return f"`{field.name}`", kind, ", ".join(says)


class Hooks(Generated):
    """Every hook as it is specified for pluggy."""

    def lines(self) -> Iterator[str]:
        for name, hook in specified():
            yield f"## {name}"
            yield ""
            yield from _lifetime(hook)
            yield from _function(name, hook)


class Members(Generated):
    """Classes, each with its public methods: `{crmkit-members} crmkit.ports.store Store Transaction`."""

    required_arguments = 2
    optional_arguments = 20

    def lines(self) -> Iterator[str]:
        module = importlib.import_module(self.arguments[0])
        for name in self.arguments[1:]:
            of = getattr(module, name)
            yield f"## {name}"
            yield ""
            yield from _lifetime(of)
            if inspect.isfunction(of):
                yield from _function(name, of)
                continue
            yield from _constructor(of)
            yield from written(of)
            for member, function in vars(of).items():
                yield from _member(member, function)


def _lifetime(thing: object) -> Iterator[str]:
    found = lives(thing)
    if found:
        yield f"*{found.whole.told()}*"
        yield ""
        for name, lifetime in found.parts.items():
            yield f"- `{name}`: {lifetime.told()}"
        yield ""


class Deprecations(Generated):
    """What will go."""

    def lines(self) -> Iterator[str]:
        rows = [
            (f"`{path.removeprefix('crmkit.')}`", lifetime.deprecated, lifetime.removed_in, f"`{lifetime.instead}`")
            for path, lifetime in deprecated()
        ]
        if rows:
            yield from table(("what", "deprecated since API", "goes in", "use"), rows)
        else:
            yield "Nothing is deprecated."


def _constructor(of: type[Any]) -> Iterator[str]:
    """How an instance is made, where the class says so itself."""
    if "__init__" in vars(of) and not getattr(of, "_is_protocol", False):
        yield from _definition(
            f"class {of.__name__}", inspect.signature(of).replace(return_annotation=inspect.Signature.empty)
        )


def _member(name: str, member: Any) -> Iterator[str]:
    function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
    if name.startswith("_") or not inspect.isfunction(function):
        return
    yield from _lifetime(function)
    yield from _function(name, function, "@property" if isinstance(member, property) else "")


def _function(name: str, function: Any, above: str = "") -> Iterator[str]:
    yield from _definition(f"def {name}", inspect.signature(function), above)
    yield from written(function)


def _definition(begin: str, signature: inspect.Signature, above: str = "") -> Iterator[str]:
    parts = [_shown(one) for one in signature.parameters.values()]
    whole = str(signature.replace(parameters=parts, return_annotation=_written(signature.return_annotation)))
    definition = f"{begin}{whole}: ..."
    if len(definition) > WIDTH:
        inside = "\n".join(f"    {one}," for one in _with_star(parts))
        definition = f"{begin}(\n{inside}\n){whole.rpartition(')')[2]}: ..."
    yield "```python"
    if above:
        yield above
    yield definition
    yield "```"
    yield ""


def _with_star(parts: Iterable[inspect.Parameter]) -> Iterator[str]:
    """Yield parameters, with the star before those that are given by name."""
    before = None
    for one in parts:
        if one.kind is one.KEYWORD_ONLY and before not in (one.KEYWORD_ONLY, one.VAR_POSITIONAL):
            yield "*"
        yield str(one)
        before = one.kind


def _shown(one: inspect.Parameter) -> inspect.Parameter:
    """A parameter as the code has it; a default that is nothing to be read (a long one, an object) as three dots."""
    default = one.default
    is_plain = default is one.empty or not (
        "<" in repr(default) or len(repr(default)) > 40 or default in (attrs.NOTHING, ...)
    )
    return one.replace(annotation=_written(one.annotation), default=default if is_plain else _Text("..."))


def _written(annotation: Any) -> Any:
    """Return an annotation that is shown as it stands in the code: it is text there, which a signature would quote."""
    return _Text(annotation) if isinstance(annotation, str) else annotation


class _Text(str):
    """Text without its quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def written(thing: object) -> Iterator[str]:
    """Yield a docstring as Markdown: its Google sections as lists."""
    section = False
    for line in (inspect.getdoc(thing) or "").replace("``", "`").splitlines():
        heading = re.fullmatch(r"(Args|Attributes|Raises|Returns|Yields|Class facts|Class keywords):", line)
        if heading:
            section = True
            yield ""
            yield f"*{SECTIONS.get(heading[1], heading[1])}*"
            yield ""
        elif section and (entry := re.fullmatch(r" {4}([\w, *`]+): (.*)", line)):
            yield f"- `{entry[1].strip('`')}`: {entry[2]}"
        elif section and line.startswith("    "):
            yield f"  {line.strip()}"
        else:
            section = section and not line.strip()
            yield line
    yield ""


def specified() -> list[tuple[str, Any]]:
    """Return the hooks, in the order in which they stand in `hookspecs`."""
    hooks = [(n, h) for n, h in vars(hookspecs).items() if n.startswith("crmkit_") and inspect.isfunction(h)]
    return sorted(hooks, key=lambda hook: inspect.getsourcelines(hook[1])[1])


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("crmkit-errors", Errors)
    app.add_directive("crmkit-records", Records)
    app.add_directive("crmkit-hooks", Hooks)
    app.add_directive("crmkit-members", Members)
    app.add_directive("crmkit-deprecations", Deprecations)
    return {"parallel_read_safe": True, "version": "1"}
