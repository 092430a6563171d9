"""The database's ledger says what to blank and remove: a plugin that is gone, failed, older or newer than its records forgets nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import attrs
import pytest

from crmkit import CRM
from crmkit.ports.plugin import Plugin
from crmkit.ports.work import check
from crmkit.query import each
from crmkit.records import Code, Customer, Id, LogEntry, Owner, Personal, Record
from tests.services.erasing.world import CANARY, Fitting, Pass, Stamp, Wish, canaries, fitting_path, plugin, told


@check(Fitting)
def checked(change: Any) -> None:
    """Let everything through."""


checking = Plugin("fittings", offers=[*plugin.offers, checked])


def opened(path: Path, *plugins: Any, **options: Any) -> CRM:
    return CRM.open(f"sqlite:///{path}", plugins=plugins, discover=False, environ={}, secret="s", **options)  # a test's


def kept(crm: CRM) -> Customer:
    return next(one for one in crm.find(Customer) if CANARY in one.name)


class TestAPluginThatIsNotThere:
    @pytest.mark.parametrize("how", ["gone", "disabled", "failed", "one that checks is gone"])
    def test_its_records_are_erased(self, tmp_path: Path, how: str):
        path = tmp_path / "crm.db"
        with opened(path, checking if how == "one that checks is gone" else plugin) as crm:
            told(crm)
        broken = "tests.services.erasing.no_such_module:plugin"
        plugins = {"failed": [broken], "disabled": [plugin]}.get(how, [])
        with opened(path, *plugins, disabled=["fittings"] if how == "disabled" else []) as crm:
            assert any(CANARY in where for where in canaries(crm) if where.startswith("fitting"))
            done = crm.customers.erase(kept(crm))
            assert canaries(crm) == []
            assert (done.removed["pass"], done.removed["stamp"], done.blanked["fitting"]) == (1, 1, 2)
        with opened(path, plugin) as crm:
            assert canaries(crm) == []
            assert not crm.find(Pass)
            assert crm.find(Fitting, each(Fitting).frame == "steel")


@attrs.frozen(kw_only=True)
class Note(Record, name="note_of_them"):
    """What a plugin kept first."""

    customer: Annotated[Id[Customer] | None, Owner(on_erase="keep")] = None
    text: Annotated[str, Personal()] = ""


@attrs.frozen(kw_only=True)
class LongNote(Record, name="note_of_them"):
    """What a newer version of the plugin keeps."""

    customer: Annotated[Id[Customer] | None, Owner(on_erase="keep")] = None
    text: Annotated[str, Personal()] = ""
    more: Annotated[str | None, Personal()] = None
    kind: Code = ""


OLD, NEW = Plugin("notes", offers=[Note]), Plugin("notes", offers=[LongNote])


class TestAPluginOfAnotherVersion:
    def test_columns_that_only_the_newer_one_knows_are_blanked(self, tmp_path: Path):
        path = tmp_path / "crm.db"
        with opened(path, NEW) as crm:
            anna = crm.customers.add(name=f"{CANARY} Anna")
            crm.add(LongNote(customer=anna.id, text=f"{CANARY} text", more=f"{CANARY} more", kind="long"))
        with opened(path, OLD) as crm:
            crm.customers.erase(kept(crm))
        assert CANARY.encode() not in path.read_bytes()
        with opened(path, NEW) as crm:
            (note,) = crm.find(LongNote)
            assert (note.text, note.more, note.kind) == ("", None, "long")

    def test_before_the_upgrade_to_the_newer_one(self, tmp_path: Path):
        path = tmp_path / "crm.db"
        with opened(path, OLD) as crm:
            anna = crm.customers.add(name=f"{CANARY} Anna")
            crm.add(Note(customer=anna.id, text=f"{CANARY} text"))
        with opened(path, NEW) as crm:
            assert crm.status().behind
            crm.customers.erase(kept(crm))
            crm.upgrade()
            assert canaries(crm) == []
            assert crm.find(LongNote)

    def test_a_type_that_is_not_kept_yet_is_passed_over(self, tmp_path: Path):
        path = tmp_path / "crm.db"
        with opened(path) as crm:
            crm.customers.add(name=f"{CANARY} Anna")
        with opened(path, NEW) as crm:
            crm.customers.erase(kept(crm))
            assert [entry.name for entry in crm.find(LogEntry)][-1] == "customer.erased"


def test_all_of_the_plugin_is_tried():
    assert {Fitting, Pass, Stamp, Wish, fitting_path} <= set(plugin.offers)
