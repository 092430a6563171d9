"""A plugin of pytest's for the process in which a plugin is checked: it writes down what came of each check, and lets nothing out.

It is no prison: code that wants to do harm finds a way. It keeps an honest plugin from writing to its provider.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import pytest

REPORT: Final = "CRMKIT_CHECK_REPORT"
_LOOPBACK: Final = ("127.", "::1", "localhost")
_LONGEST: Final = 600


def pytest_configure(config: pytest.Config) -> None:
    """Refuse every connection that leaves this machine."""
    connect = socket.socket.connect

    def connect_here(self: socket.socket, address: Any, /) -> None:
        is_of_network = self.family in (socket.AF_INET, socket.AF_INET6)
        host = str(address[0]) if is_of_network else _LOOPBACK[0]
        if not host.startswith(_LOOPBACK):
            raise ConnectionRefusedError(f"A plugin that is checked reaches nobody: not {host!r}.")
        connect(self, address)

    socket.socket.connect = connect_here  # type: ignore[method-assign,assignment]  # this process is there for the checks alone


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note the outcome of one check."""
    report = yield
    is_told = report.when == "call" or report.outcome != "passed"
    if is_told:
        cls: Any = getattr(item, "cls", None)
        _write({
            "about": getattr(cls, "about", ""), "check": item.name, "outcome": report.outcome,
            "message": _message(report, call),
        })  # fmt: skip
    return report


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Note that the plugin could not be imported."""
    if report.failed:
        lines = str(report.longrepr).splitlines()
        _write({"about": "import", "check": "import", "outcome": "failed", "message": _last(lines)})


def _message(report: pytest.TestReport, call: pytest.CallInfo[None]) -> str:
    if report.outcome == "skipped":
        return str(report.longrepr[2]).removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else ""
    if call.excinfo is None:
        return ""
    error = call.excinfo.value
    text = " ".join(str(error).partition("\nassert ")[0].split()) or type(error).__name__
    return (text if isinstance(error, AssertionError) else f"{type(error).__name__}: {text}")[:_LONGEST]


def _last(lines: list[str]) -> str:
    errors = [line.removeprefix("E").strip() for line in lines if line.startswith("E ")]
    return (errors or lines or ["?"])[-1][:_LONGEST]


def write_facts(facts: dict[str, Any]) -> None:
    """Note what the plugin is."""
    _write({"facts": facts})


def _write(line: dict[str, Any]) -> None:
    with Path(os.environ[REPORT]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
