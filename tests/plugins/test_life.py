"""The life of a plugin's data, with wheels that are really installed, upgraded and uninstalled: nothing is lost on the way."""

from __future__ import annotations

import csv
import io
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.test_orphans import Machine, new_machine, packed

pytestmark = pytest.mark.once


HEAD = """
from typing import Annotated
import attrs
from crmkit import Code, Customer, Drop, Id, NotPersonal, Owner, Plugin, Record, step

@attrs.frozen(kw_only=True)
class Bicycle(Record):
    customer: Annotated[Id[Customer], Owner(on_erase="keep")]
"""
FIRST = f"""{HEAD}
    title: Annotated[str, NotPersonal()]

plugin = Plugin("bicycles", offers=(Bicycle,))
"""
SECOND = f"""{HEAD}
    title: Annotated[str, NotPersonal()] = ""
    maker: Code = ""
    seen: int = 0

@step(Bicycle, to=1)
def tell_maker(bicycle: Bicycle) -> Bicycle:
    return attrs.evolve(bicycle, maker=bicycle.title.partition(" ")[0], seen=bicycle.seen + 1)

plugin = Plugin("bicycles", offers=(Bicycle, tell_maker))
"""
THIRD = f"""{HEAD}
    maker: Code = ""
    seen: int = 0

@step(Bicycle, to=2)
def fail(bicycle: Bicycle) -> Bicycle:
    raise LookupError(bicycle.maker)

plugin = Plugin("bicycles", offers=(Bicycle, fail))
"""
KEEP = """
from crmkit import CRM
from crmkit_bicycles import Bicycle
with CRM.project() as crm:
    anna = next(iter(crm.customers.find("anna")), None) or crm.customers.add(name="Anna")
    crm.add(Bicycle(customer=anna.id, title={title!r}))
"""


class Bicycles:
    """A machine on which releases of the plugin come and go."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def install(self, version: str, source: str) -> None:
        info = f"crmkit_bicycles-{version}.dist-info"
        content = {
            "crmkit_bicycles.py": source.encode(),
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: crmkit-bicycles\nVersion: {version}\n".encode(),
            f"{info}/entry_points.txt": b"[crmkit1]\nbicycles = crmkit_bicycles:plugin\n",
        }
        wheel = packed(f"crmkit_bicycles-{version}", content, self.machine.folder)
        self.machine.pip("install", "--no-index", "--no-deps", "--force-reinstall", str(wheel))

    def keep(self, title: str) -> str:
        """Keep one more; return what was said against it."""
        return self.machine.python("-c", KEEP.format(title=title)).stderr

    def rows(self, column: str) -> list[str]:
        rows = csv.DictReader(io.StringIO(self.machine.crmkit("export", "bicycles")))
        return sorted(row.get(column, "") for row in rows)

    def line(self) -> Any:
        return next((one for one in self.machine.told("db", "status")["lines"] if one["name"] == "bicycles"), None)


def forget_types(file: Path, *names: str) -> None:
    """Make the database one of an older core, which knew these record types not."""
    with closing(sqlite3.connect(file)) as connection:
        for name in names:
            connection.execute(f"DROP TABLE {name}")
            connection.execute("DELETE FROM ledger WHERE key = ?", (f"type:{name}",))
        connection.commit()


def test_install_upgrade_disable_core_upgrade_enable_uninstall_reinstall(tmp_path: Path) -> None:
    """Each step by the command line, as a person does it; every row is there at each of them."""
    bicycles = Bicycles(new_machine(tmp_path))
    crmkit = bicycles.machine.crmkit
    bicycles.install("1.0", FIRST)
    assert bicycles.keep("Gazelle 1") == bicycles.keep("Batavus 2") == ""

    bicycles.install("2.0", SECOND)
    assert bicycles.line()["steps"] == ["bicycles 1: tell maker (bicycles)"]
    assert "UpgradeNeeded" in bicycles.keep("too early")
    assert "ADD COLUMN maker" in crmkit("db", "upgrade", "--dry-run")
    assert bicycles.line()["at"] == 0
    assert "bicycles 1: tell maker (2 bicycles)" in crmkit("db", "upgrade")
    assert (bicycles.rows("maker"), bicycles.line()["at"]) == (["Batavus", "Gazelle"], 1)

    crmkit("plugins", "disable", "bicycles")
    assert bicycles.rows("title") == ["Batavus 2", "Gazelle 1"]
    forget_types(tmp_path / "crm.db", "rate", "cost")
    assert "CREATE TABLE cost" in crmkit("db", "upgrade")
    crmkit("plugins", "enable", "bicycles")
    assert bicycles.keep("Koga 3") == ""
    assert crmkit("db", "upgrade").strip() == "There was nothing to do."

    bicycles.machine.pip("uninstall", "--yes", "crmkit-bicycles")
    assert bicycles.rows("title") == ["Batavus 2", "Gazelle 1", "Koga 3"]
    crmkit("db", "upgrade")
    assert (bicycles.line()["at"], bicycles.line()["knows"]) == (1, None)

    bicycles.install("1.0", FIRST)
    assert bicycles.keep("Sparta 4") == ""
    bicycles.install("2.0", SECOND)
    crmkit("db", "upgrade")
    assert bicycles.rows("seen") == ["0", "0", "1", "1"]

    bicycles.install("3.0", THIRD)
    crmkit("db", "upgrade", code=7)
    assert "fail failed at bicycle" in crmkit("db", "status")
    assert "The data of bicycles is not upgraded: fail failed at" in crmkit("plugins", "doctor", code=7)
    assert len(bicycles.rows("maker")) == 4
    assert crmkit("customers", "add", "Bert")
