"""What `crmkit db status` and `crmkit db upgrade` say where a new declaration and the records do not agree."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from crmkit import CRM
from crmkit.cli.running import outcome
from tests.cli.test_hooks import installed

RELEASE = """
import attrs
from crmkit import Code, Plugin, Record

@attrs.frozen(kw_only=True)
class Bike(Record, shared=True{more}):
    number: Code

plugin = Plugin("bikes", offers=(Bike,))
"""
LOOSE, STRICT = RELEASE.format(more=""), RELEASE.format(more=', unique=[("number",)]')
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command line with one release of a plugin."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = tmp_path.name.replace("-", "_")
    for name, written in (("loose", LOOSE), ("strict", STRICT)):
        (tmp_path / f"{name}_{folder}.py").write_text(written, "utf-8")

    def go(release: str, *words: str) -> tuple[int, str, str]:
        (tmp_path / "crmkit.toml").write_text(
            f'store = "sqlite:///crm.db"\nplugins = ["{release}_{folder}"]\ndisabled = {installed()}\n', "utf-8"
        )
        code = outcome(words)
        return code, *capfd.readouterr()

    return go


def test_a_key_that_stands_twice_is_told_beforehand(run: Run) -> None:
    """By the status, by a dry run and by the upgrade, with the records; no other thing is said to be next."""
    said = "known by its number, and 1 value stands in more than one bike: "
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CRMKIT_STORE", "sqlite:///crm.db")
        assert run("loose", "db", "upgrade")[0] == 0
    _twice()
    code, printed, _ = run("strict", "db", "status")
    assert (code, said in printed) == (0, True)
    assert printed.splitlines()[-1] == "Next: see to what is refused above, then crmkit db upgrade"
    code, printed, _ = run("strict", "db", "upgrade", "--dry-run")
    assert (code, said in printed) == (0, True)
    assert said in json.loads(run("strict", "db", "upgrade", "--dry-run", "--json")[1])["refused"]["bike"]
    code, _, told = run("strict", "db", "upgrade")
    assert (code, said in told) == (7, True)
    assert run("loose", "db", "status")[1].splitlines()[-1] == "The database is as the plugins declare it."


def _twice() -> None:
    """Keep two bikes with one number."""

    (module,) = tomllib.loads(Path("crmkit.toml").read_text("utf-8"))["plugins"]
    with CRM.open("sqlite:///crm.db", plugins=[module], discover=False) as crm:
        (bike,) = [of for of in crm.house.types if of.__name__ == "Bike"]
        crm.add([bike(number="A7"), bike(number="A7")])
