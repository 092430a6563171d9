"""Nothing that a plugin author needs is without its page."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from crmkit import AccessRule, Change, Context, Refusal, hookspecs
from crmkit.cli.hooks import ALL as KINDS_THAT_ARE_CALLED
from docs import signatures

pytestmark = pytest.mark.once


ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"

PAGE_OF = {
    "crmkit_offers": "offers",
    "crmkit_adjust": "adjust",
    "crmkit_check": "check",
    "crmkit_check_batch": "check",
    "crmkit_subscribe": "subscriber",
}
HOOKS = [name for name, hook in vars(hookspecs).items() if name.startswith("crmkit_") and inspect.isfunction(hook)]


def example_in(text: str) -> bool:
    return "```python\n" in text


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_page_with_an_example(hook: str):
    page = REFERENCE / "hooks" / f"{PAGE_OF.get(hook, hook)}.md"
    assert page.exists(), (
        f"{hook}: write {page.relative_to(ROOT)} (and name it in PAGE_OF where it is called otherwise)"
    )
    text = page.read_text("utf-8")
    assert example_in(text)
    assert "**Called**" in text
    assert "**When it fails**" in text


@pytest.mark.parametrize("hook", HOOKS)
def test_the_page_of_a_hook_has_its_exact_signature(hook: str):
    """Of the specification, of the decorator, and of what that takes."""
    page = (REFERENCE / "hooks" / f"{PAGE_OF[hook]}.md").read_text("utf-8")
    assert lines_missing(signatures.of_hook(hook), page) == [], "Write them there: python -m docs.signatures"


def lines_missing(lines: Iterable[str], page: str) -> list[str]:
    there = set(page.splitlines())
    return [line for line in lines if line not in there]


def test_another_signature_would_be_seen():
    """The control: a hook with one argument more, or another result, is not on the page."""

    def crmkit_check(change: Change[Any], context: Context[Any], more: int) -> Refusal | None: ...

    page = (REFERENCE / "hooks" / "check.md").read_text("utf-8")
    planted = signatures.specification("crmkit_check", crmkit_check)
    assert lines_missing([planted], page) == [planted]
    assert lines_missing(["    Callable[[Change[R]], bool]"], page)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_says_when_it_is_called_and_what_its_failure_does(hook: str):
    told = inspect.getdoc(getattr(hookspecs, hook)) or ""
    assert len(told.split()) >= 10
    assert re.search(r"\braises\b|\bas ``?crmkit_check``? does\b", told)


@pytest.mark.parametrize("kind", KINDS_THAT_ARE_CALLED)
def test_all_that_is_called_has_a_page_that_runs(kind: str):
    """As `crmkit hooks order` tells of it: access rules too, which no specification stands for."""
    text = (REFERENCE / "hooks" / f"{kind}.md").read_text("utf-8")
    assert example_in(text)
    assert all(word in text for word in ("**Called**", "**When it fails**"))
    assert kind in (REFERENCE / "hooks" / "index.md").read_text("utf-8").splitlines()


def test_the_page_of_access_rules_has_their_exact_signature():
    told = str(inspect.signature(AccessRule)).removesuffix(" -> None").replace("'", "")
    assert f"AccessRule{told}" in (REFERENCE / "hooks" / "access.md").read_text("utf-8").splitlines()


def test_the_pages_name_no_hook_that_is_not_there():
    assert set(PAGE_OF) <= set(HOOKS)


# --- ports: one page each, for every module of crmkit.ports that an author writes against ------------------------------
PARTS = {
    "folder": "part of snapshot",
    "hook": "told on the pages of the hooks",
    "kpi_source": "part of kpi",
    "kpi_spans": "part of kpi",
    "kpis": "part of kpi",
    "lifetime": "told on the page of versions and deprecations",
}
PORTS = sorted(path.stem for path in (ROOT / "src/crmkit/ports").glob("*.py") if path.stem not in {"__init__", *PARTS})


@pytest.mark.parametrize("port", PORTS)
def test_every_port_has_a_page_with_an_example(port: str):
    page = REFERENCE / "ports" / f"{port}.md"
    assert page.exists(), f"crmkit.ports.{port}: write {page.relative_to(ROOT)}, or say in PARTS which page tells of it"
    text = page.read_text("utf-8")
    assert example_in(text)
    assert "**Called**" in text
    assert "**When it fails**" in text


@pytest.mark.parametrize("port", PORTS)
def test_the_page_of_a_port_has_the_exact_signatures_of_all_that_is_in_it(port: str):
    """They are generated from the code; what is not named on the page would be missing there."""
    page = (REFERENCE / "ports" / f"{port}.md").read_text("utf-8")
    assert names_missing(importlib.import_module(f"crmkit.ports.{port}"), page) == []


OURS = {
    "kpi.titled": "for the shortcuts in crmkit.kpis",
    "kpi.kpi_over": "for the shortcuts in crmkit.kpis",
    "kpi.made": "for the shortcuts in crmkit.kpis",
    "kpi.More": "the keywords of kpi, which tells of them",
    "kpi.record_words": "for crmkit's own explanations",
}
"""What is in a port's module and is nothing for an author to write or call."""


def names_missing(module: ModuleType, page: str) -> list[str]:
    """Return the classes and functions of a port whose signatures are not on its page."""
    told = {
        name
        for names in re.findall(rf"{{crmkit-members}} {re.escape(module.__name__)} (.*)", page)
        for name in names.split()
    }
    port = module.__name__.rpartition(".")[2]
    own = (
        name
        for name, thing in vars(module).items()
        if getattr(thing, "__module__", "") == module.__name__ and (inspect.isclass(thing) or inspect.isfunction(thing))
    )
    return [name for name in own if not name.startswith("_") and name not in told and f"{port}.{name}" not in OURS]


def test_a_class_that_is_not_on_the_page_would_be_seen():
    """The control: one more class in a port, and one less on its page."""
    module = ModuleType("crmkit.ports.secret")
    module.Planted = type("Planted", (), {"__module__": module.__name__})  # type: ignore[attr-defined]  # planted
    page = (REFERENCE / "ports" / "secret.md").read_text("utf-8")
    assert names_missing(module, page) == ["Planted"]
    real = importlib.import_module("crmkit.ports.secret")
    assert names_missing(real, page.replace("crmkit.ports.secret Secret", "crmkit.ports.secret")) == ["Secret"]


def test_what_is_ours_is_there():
    assert all(
        hasattr(importlib.import_module(f"crmkit.ports.{o.partition('.')[0]}"), o.partition(".")[2]) for o in OURS
    )


# --- tests: every hook and every port has some ------------------------------------------------------------------------
CALLED_AS = {
    "crmkit_offers": r"\boffers=\[|crmkit_offers",
    "crmkit_adjust": r"@adjust\(|crmkit_adjust",
    "crmkit_check": r"@check\(|crmkit_check\b",
    "crmkit_check_batch": r"batch=True|crmkit_check_batch",
    "crmkit_subscribe": r"@subscriber\(|crmkit_subscribe",
}
TESTS = {
    path: path.read_text("utf-8")
    for folder in ("tests", "plugins")
    for path in (ROOT / folder).rglob("test_*.py")
    if path != Path(__file__)
}


def used_in(pattern: str) -> list[str]:
    """Return the test files in which a hook or port is used and something is asserted."""
    return [path.name for path, text in TESTS.items() if re.search(pattern, text) and "assert" in text]


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_test(hook: str):
    assert used_in(CALLED_AS[hook]), f"{hook}: write a test of it in tests/hooks"


@pytest.mark.parametrize("port", PORTS)
def test_every_port_has_a_test(port: str):
    own = [path for path in TESTS if path.parent.name == "ports" and path.stem == f"test_{port}"]
    assert own or used_in(rf"crmkit\.ports\.{port}\b"), f"crmkit.ports.{port}: write a test of it in tests/ports"


def test_what_no_test_uses_would_be_seen():
    """The control."""
    assert not used_in(r"crmkit\.ports\.pla" + "nted")


def test_the_parts_of_ports_are_there():
    assert all((ROOT / "src/crmkit/ports" / f"{part}.py").exists() for part in PARTS)
