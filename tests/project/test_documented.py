"""Nothing that a plugin author needs is without its page."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from crmkit import hookspecs

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
def test_every_hook_says_when_it_is_called_and_what_its_failure_does(hook: str):
    told = inspect.getdoc(getattr(hookspecs, hook)) or ""
    assert len(told.split()) >= 10
    assert re.search(r"\braises\b|\bas ``?crmkit_check``? does\b", told)


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


def test_the_parts_of_ports_are_there():
    assert all((ROOT / "src/crmkit/ports" / f"{part}.py").exists() for part in PARTS)
