"""Upgrades of data: each step runs once, in batches, where it was broken off; what one plugin can not do costs no other."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import attrs
import pytest
from sqlalchemy import create_engine, text

from crmkit import CRM, Code, Customer, Id, Owner, Plugin, PluginError, Record, UpgradeNeeded, step, subscriber
from crmkit._work import stepping
from crmkit.builtin.sql.transaction import SqlTransaction
from crmkit.errors import DeclarationError
from crmkit.ports.step import Drop
from crmkit.query import each
from crmkit.records import LedgerEntry
from tests.crm.machines import FIRST, SEARCHED, SECOND, THIRD, First, Searched, Second, Third, splitting

COUNT = 7
Opener = Callable[..., CRM]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens the CRM of one place, with other plugins each time."""
    if request.param == "sqlite":
        yield lambda *plugins, **more: CRM.open(
            f"sqlite:///{tmp_path / 'crm.db'}", plugins=plugins, discover=False, **more
        )
        return
    url, schema = request.getfixturevalue("postgresql_url"), f"t{uuid.uuid4().hex[:12]}"
    yield lambda *plugins, **more: CRM.open(url, schema=schema, plugins=plugins, discover=False, **more)
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stepping, "BATCH", 2)


def filled(opened: Opener, *plugins: Plugin) -> None:
    """Keep some machines of release 1."""
    with opened(*plugins or (FIRST,)) as crm:
        anna = crm.customers.add(name="Anna Jansen")
        crm.add([First(customer=anna.id, title=f"Gazelle {n}") for n in range(COUNT)])


def line(crm: CRM, name: str = "machines") -> Any:
    return next(one for one in crm.status().lines if one.name == name)


def test_a_step_runs_once_over_all_records_in_batches(opened):
    """What it would do is told; what it did is logged; a second upgrade does nothing."""
    filled(opened)
    with opened(SECOND) as crm:
        assert line(crm).steps == ("machines 1: Tell maker and model apart (machines)",)
        told: list[tuple[str, int]] = []
        done = crm.upgrade(tell=lambda said, n: told.append((said, n)))
        assert done[-1] == "machines 1: Tell maker and model apart (7 machines)"
        assert [n for _, n in told] == [2, 4, 6, 7]
        machines = crm.find(Second)
        assert {(m.maker, m.splits, m.version) for m in machines} == {("Gazelle", 1, 2)}
        assert {m.model for m in machines} == {str(n) for n in range(COUNT)}
        assert (line(crm).at, line(crm).steps, line(crm).operation) == (1, (), None)
        (change, *_) = crm.history.of(machines[0])
        assert (change.origin, change.verb) == ("upgraded", "db.upgrade")
        assert crm.upgrade() == ()


def test_a_step_goes_on_where_it_was_broken_off(opened):
    """Nothing is done twice, and nothing is left out, wherever the process was stopped."""
    filled(opened)

    def stop(said: str, done: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with opened(SECOND) as crm, pytest.raises(KeyboardInterrupt):
        crm.upgrade(tell=stop)
    with opened(SECOND) as crm:
        assert (line(crm).at, line(crm).operation is None) == (0, False)
        assert len(crm.find(Second, each(Second).splits == 1)) == 4
        assert crm.upgrade()[-1] == "machines 1: Tell maker and model apart (7 machines)"
        assert {m.splits for m in crm.find(Second)} == {1}


def test_a_plugin_that_is_new_here_has_nothing_to_change(opened):
    """Its data begins at the version that it knows: a step is for what older releases have kept."""
    with opened(FIRST) as crm:
        assert crm.upgrade() == ()
    with opened(Plugin("others"), SECOND) as crm:
        assert line(crm).at == 0
    with opened() as crm:
        crm.upgrade()

    @step(Customer, to=3)
    def never(customer: Customer) -> None:
        raise AssertionError("nothing is older")

    with opened(Plugin("newcomer", offers=(never,))) as crm:
        crm.customers.add(name="Anna")
        crm.upgrade()
        assert line(crm, "newcomer").at == 3


def test_old_and_new_code_run_meanwhile_and_contract_is_a_persons_word(opened):
    """Expand, migrate, contract: until a person says so, older code reads and writes; then its data is dropped."""
    filled(opened)
    with opened(SECOND) as new:
        new.upgrade()
        with opened(FIRST) as old:
            (anna,) = old.customers.find("anna")
            late = old.add(First(customer=anna.id, title="Batavus late"))
            assert {m.title for m in old.find(First)} >= {"Gazelle 0", "Batavus late"}
        assert new.get(Second, Id(late.id)).maker == ""
    with opened(SECOND) as crm:
        assert crm.upgrade() == ("machines 1: Tell maker and model apart (1 machines)",)
        assert crm.get(Second, Id(late.id)).maker == "Batavus"
    with opened(FIRST) as old:
        late = old.add(First(customer=anna.id, title="Koga late"))
    with opened(THIRD) as crm:
        assert line(crm).waits == ("machines 2: Drop title (machines)",)
        with opened(SECOND) as old:
            assert "Batavus late" in {m.title for m in old.find(Second)}
        done = crm.upgrade(contract=True)
        assert any("DROP COLUMN title" in text for text in done)
        assert line(crm).waits == crm.upgrade(contract=True) == ()
        assert crm.get(Third, Id(late.id)).model == "late"
    with opened(SECOND) as old:
        assert len(old.find(Second)) == COUNT + 2
        with pytest.raises(UpgradeNeeded):
            old.add(Second(customer=anna.id, title="too late"))
        with pytest.raises(PluginError, match="this one knows 1: install a newer one"):
            old.upgrade()
        assert line(old).failed


def test_a_failing_step_costs_no_other_plugin(opened):
    """The core and the others are migrated; who failed is reported, with the reason, until it goes through."""
    filled(opened)

    @step(Second, to=1)
    def breaks(machine: Second) -> Second:
        """Divide by zero."""
        raise ZeroDivisionError(machine.title)

    @attrs.frozen(kw_only=True)
    class Bell(Record, shared=True):
        key: Code

    bells = Plugin("bells", offers=(Bell,))
    with opened(Plugin("machines", offers=(Second, breaks)), bells) as crm:
        with pytest.raises(PluginError, match="machines: Divide by zero failed at machine") as caught:
            crm.upgrade()
        assert (caught.value.code, caught.value.plugin) == ("upgrade_failed", "machines")
        assert "ZeroDivisionError" in line(crm).failed
        assert line(crm).at == 0
        crm.add(Bell(key="ding"))
        crm.customers.add(name="Bert")
    with opened(SECOND, bells) as crm:
        crm.upgrade()
        assert (line(crm).failed, line(crm).at) == ("", 1)


def test_a_failing_schema_costs_no_other_plugin(opened):
    """A field of another kind, and a required one without a default: that plugin's records stay as they are."""
    filled(opened)

    @attrs.frozen(kw_only=True)
    class Changed(Record, name="machine", plural="machines"):
        customer: Annotated[Id[Customer], Owner(on_erase="keep")]
        title: int = 0

    @attrs.frozen(kw_only=True)
    class Bell(Record, shared=True):
        key: Code

    with opened(Plugin("machines", offers=(Changed,)), Plugin("bells", offers=(Bell,))) as crm:
        with pytest.raises(PluginError, match="kept as text and declared as int"):
            crm.upgrade()
        assert crm.add(Bell(key="ding")).version == 1
        with pytest.raises(UpgradeNeeded, match="kept as text and declared as int"):
            crm.find(Changed)
        assert "machine" in crm.status().refused
    with opened(FIRST) as crm:
        assert len(crm.find(First)) == COUNT


def test_a_record_type_that_is_kept_for_another_plugin_is_refused(opened):
    """Two plugins, one after the other, call a record type the same: the second does not get the first one's rows."""
    filled(opened)
    with opened(Plugin("engines", offers=(Second, splitting(Second)))) as crm:
        with pytest.raises(PluginError, match="'machine' is kept here for machines") as caught:
            crm.upgrade()
        assert caught.value.plugin == "engines"
        assert "maker" not in {
            field["name"] for field in crm.store.status().unknown.get("machine", {"fields": ()})["fields"]
        }
    with opened(FIRST) as crm:
        assert len(crm.find(First)) == COUNT


def test_a_step_may_read_and_write_other_records_and_asks_no_hook(opened):
    """It gets the unit of work where it asks for it; subscribers hear nothing; the whole batch is one unit."""
    filled(opened)
    heard: list[str] = []

    @step(First, to=1)
    def note_owner(machine: First, work: Any) -> First:
        (owner,) = work.get_many(Customer, [machine.customer]).values()
        if machine.title == "Gazelle 0":
            work.add(First(customer=machine.customer, title="twin"))
        return attrs.evolve(machine, note=owner.name)

    @subscriber(First, "changed")
    def listen(event: Any) -> None:
        heard.append(event.name)

    with opened(Plugin("machines", offers=(First, note_owner, listen))) as crm:
        assert crm.upgrade()[-1] == "machines 1: note owner (8 machines)"
        assert {m.note for m in crm.find(First)} == {"Anna Jansen"}
        crm.work()
    assert heard == []


def test_a_step_that_returns_something_else_is_told(opened):
    filled(opened)

    @step(First, to=1)
    def swaps(machine: First) -> First:
        return First(customer=machine.customer, title="another")

    with (
        opened(Plugin("machines", offers=(First, swaps))) as crm,
        pytest.raises(PluginError, match="that it was given"),
    ):
        crm.upgrade()


@pytest.mark.parametrize("to", [0, -1, True, "1"])
def test_versions_count_from_one(to):
    with pytest.raises(DeclarationError, match="count from 1"):
        Drop(First, "old", to=to)
    with pytest.raises(DeclarationError, match="count from 1"):
        step(First, to=to)(lambda machine: machine)


def test_a_release_may_be_left_out(opened):
    """From the first to the third at once: the step reads what is no longer declared by a class of its own."""
    filled(opened)
    with opened(THIRD) as crm:
        done = crm.upgrade(contract=True)
        assert "machines 1: Tell maker and model apart (7 machines)" in done
        assert {(m.maker, m.splits) for m in crm.find(Third)} == {("Gazelle", 1)}
        assert line(crm).dropped == 2


def test_a_field_that_became_required_is_filled_first(opened):
    """Where it is missing it is told how often; with a step it goes through, and what older code leaves out is filled again."""

    @attrs.frozen(kw_only=True)
    class Loose(Record, name="machine", plural="machines"):
        customer: Annotated[Id[Customer], Owner(on_erase="keep")]
        serial: Code | None = None

    @attrs.frozen(kw_only=True)
    class Strict(Record, name="machine", plural="machines"):
        customer: Annotated[Id[Customer], Owner(on_erase="keep")]
        serial: Code

    @step(Loose, to=1, where=each(Loose).serial.is_missing)
    def number(machine: Loose) -> Loose:
        return attrs.evolve(machine, serial="unknown")

    loose, strict = Plugin("machines", offers=(Loose,)), Plugin("machines", offers=(Strict,))
    filled_in = Plugin("machines", offers=(Strict, number))
    with opened(loose) as crm:
        anna = crm.customers.add(name="Anna Jansen")
        crm.add([Loose(customer=anna.id), Loose(customer=anna.id, serial="7")])
    with opened(strict) as crm, pytest.raises(PluginError, match="1 machines have no serial, which is required now"):
        crm.upgrade()
    with opened(filled_in) as crm:
        assert crm.upgrade() == ("machines 1: number (1 machines)",)
        with opened(loose) as old:
            old.add(Loose(customer=anna.id))
        assert crm.upgrade() == ("machines 1: number (1 machines)",)
        assert sorted(m.serial for m in crm.find(Strict)) == ["7", "unknown", "unknown"]


def test_what_is_still_declared_is_not_dropped():
    with pytest.raises(DeclarationError, match="First still declares title"):
        Drop(First, "title", to=1)


def test_two_steps_to_one_version_are_refused():
    twice = Plugin("machines", offers=(Second, splitting(Second), Drop(Second, "old", to=1)))
    with CRM.open("memory:", plugins=[twice], discover=False) as crm:
        (state,) = [state for state in crm.plugins if state.name == "machines"]
        assert "two things as step '1'" in state.reason


def test_what_older_code_wrote_meanwhile_is_found_once_none_of_it_runs(opened):
    """It knows no search keys of a text that is searched in since an upgrade: the status says so, and contracting mends it."""
    filled(opened)
    s = each(Searched)

    def found(crm: CRM, word: str) -> list[str]:
        return sorted(one.title for one in crm.find(Searched, s.title.contains(word)))

    with opened(SEARCHED) as new:
        new.upgrade()
        assert len(found(new, "gazelle")) == COUNT
    with opened(FIRST) as old:
        one, *_ = old.find(First)
        old.add(First(customer=one.customer, title="Sparta late"))
        with old.transaction() as tx:
            tx.replace(attrs.evolve(one, title="Union"))
    with opened(SEARCHED) as new:
        assert (found(new, "sparta"), found(new, "union")) == ([], [])
        assert any("machine.title" in note and "--contract" in note for note in new.status().notes)
        assert "Fold machine.title anew." in new.upgrade(contract=True)
        assert (found(new, "sparta"), found(new, "union")) == (["Sparta late"], ["Union"])
        assert len(found(new, "gazelle")) == COUNT - 1
        assert not any("--contract" in note for note in new.status().notes)
        assert new.upgrade(contract=True) == ()


def test_the_memory_store_takes_steps_too():
    with CRM.open("memory:", plugins=[SECOND], discover=False) as crm:
        assert (line(crm).at, crm.upgrade()) == (1, ())


def test_a_plugin_more_does_not_let_an_opening_read_the_whole_ledger_once_more(opened, monkeypatch):
    """Each plugin has a line of its own in it, and that one is asked for."""
    read: list[Any] = []
    find = SqlTransaction.find
    monkeypatch.setattr(SqlTransaction, "find", lambda self, asked: (read.append(asked), find(self, asked))[1])
    counts = []
    for more in ([], [Plugin(f"quiet{n}") for n in range(5)]):
        read.clear()
        with opened(*more, prefix=f"p{len(more)}_") as crm:
            assert {line.name for line in crm.status().lines} == {"", *(plugin.name for plugin in more)}
            counts.append(sum(asked.of is LedgerEntry and asked.where is None for asked in read))
    assert counts[0] == counts[1]


def test_an_upgrade_waits_for_no_table_for_long(postgresql_url, monkeypatch):
    """Who waits for a table makes all others wait behind it: it gives up, lets them through, and tries again."""
    monkeypatch.setattr("crmkit.builtin.sql.postgresql._LOCK_TIMEOUT_S", 0.1)
    engine = create_engine(postgresql_url.replace("postgresql:", "postgresql+psycopg:"))
    with CRM.open(postgresql_url, schema="waiting", plugins=[FIRST], discover=False) as crm:
        anna = crm.customers.add(name="Anna")
        crm.add(First(customer=anna.id, title="Gazelle 0"))
    reader = engine.connect()
    reader.execute(text("SELECT count(*) FROM waiting.machine"))
    gave_up: list[float] = []

    def pause(seconds: float) -> None:
        gave_up.append(seconds)
        with engine.connect() as other:  # nobody waits behind an upgrade that is gone
            other.execute(text("SET LOCAL lock_timeout = '1s'"))
            assert other.execute(text("SELECT title FROM waiting.machine")).scalar() == "Gazelle 0"
        if len(gave_up) == 2:
            reader.rollback()

    with CRM.open(postgresql_url, schema="waiting", plugins=[SECOND], discover=False, pause=pause) as crm:
        assert any("ADD COLUMN maker" in step for step in crm.upgrade())
        assert [m.maker for m in crm.find(Second)] == ["Gazelle"]
    assert len(gave_up) == 2
    reader.close()
    engine.dispose()
