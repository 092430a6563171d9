"""A key that becomes unique in a later release, on data that was kept before there was one."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import attrs
import pytest
from sqlalchemy import create_engine, text

import crmkit_jsonl
from crmkit import (
    CRM,
    Code,
    ConflictError,
    Customer,
    Drop,
    FieldDefinition,
    Id,
    Owner,
    Plugin,
    PluginError,
    Record,
    StoreError,
    UpgradeNeeded,
    step,
)  # fmt: skip
from crmkit.crm.upgrading import ledger
from crmkit.query import each
from crmkit.records import short_id

Opener = Callable[..., CRM]


@attrs.frozen(kw_only=True)
class Loose(Record, name="bike", plural="bikes"):
    """Release 1: two bikes may have one number."""

    customer: Annotated[Id[Customer], Owner(on_erase="keep")]
    number: Code | None = None


@attrs.frozen(kw_only=True)
class Strict(Record, name="bike", plural="bikes", unique=[("number",)]):
    """Release 2: they may not."""

    customer: Annotated[Id[Customer], Owner(on_erase="keep")]
    number: Code | None = None


@attrs.frozen(kw_only=True)
class Stamped(Record, name="bike", plural="bikes", unique=[("number", "stamp")]):
    """Another release 2, whose key holds a field that is new."""

    customer: Annotated[Id[Customer], Owner(on_erase="keep")]
    number: Code | None = None
    stamp: Code = ""


@attrs.frozen(kw_only=True)
class Coded(Record, name="bike", plural="bikes", unique=[("code",)]):
    """And one whose key is a new field alone."""

    customer: Annotated[Id[Customer], Owner(on_erase="keep")]
    number: Code | None = None
    code: Code = ""


LOOSE, STRICT, STAMPED = (Plugin("bikes", offers=(of,)) for of in (Loose, Strict, Stamped))
_DROP = {"postgresql": "DROP SCHEMA {} CASCADE", "mariadb": "DROP DATABASE {}"}
_DRIVERS = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql"}
SERVERS = [pytest.param(name, marks=getattr(pytest.mark, name)) for name in _DROP]


@pytest.fixture(params=["sqlite", "jsonl", *SERVERS])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens the CRM of one place, with other plugins each time."""
    yield from _opener(request, tmp_path)


@pytest.fixture(params=["sqlite", *SERVERS])
def tabled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """The same, in tables of a database."""
    yield from _opener(request, tmp_path)


def _opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'crm.db'}"
        yield lambda *plugins, **more: CRM.open(url, plugins=plugins, discover=False, **more)
        return
    if request.param == "jsonl":
        place, store = f"jsonl://{tmp_path}", crmkit_jsonl.plugin
        yield lambda *plugins, **more: CRM.open(place, plugins=(store, *plugins), discover=False, **more)
        return
    url, schema = request.getfixturevalue(f"{request.param}_url"), f"t{uuid.uuid4().hex[:12]}"
    yield lambda *plugins, **more: CRM.open(url, schema=schema, plugins=plugins, discover=False, **more)
    engine = create_engine(url.replace(f"{request.param}:", f"{_DRIVERS[request.param]}:"))
    with engine.begin() as connection:
        connection.execute(text(_DROP[request.param].format(schema)))
    engine.dispose()


def filled(opened: Opener, *numbers: str | None) -> list[Any]:
    """Keep bikes of release 1, with these numbers; return them."""
    with opened(LOOSE) as crm:
        anna = crm.customers.add(name="Anna Jansen")
        return crm.add([Loose(customer=anna.id, number=number) for number in numbers])


def never(seconds: float) -> None:
    raise AssertionError("nothing is to be tried again")


@pytest.mark.parametrize("newer", [STRICT, STAMPED])
def test_older_code_that_breaks_a_key_is_told_of_it_at_once(tabled, newer):
    """It does not know that a number stands once now; trying again would not help."""
    first, second = filled(tabled, "A7", "B8")
    with tabled(newer) as new:
        new.upgrade()
    with tabled(LOOSE, pause=never) as old:
        another = Loose(customer=first.customer, number="A7")
        with pytest.raises(ConflictError, match="There is a bike with number A7") as added:
            old.add(another)
        with pytest.raises(ConflictError, match="There is a bike with number A7") as changed:
            old.replace(attrs.evolve(second, number="A7"))
        key = ("number",) if newer is STRICT else ("number", "stamp")
        holder = first.id if newer is STRICT else None
        for caught in (added, changed):
            assert (caught.value.code, caught.value.field) == ("taken", "number")
            assert (caught.value.params["key"], caught.value.params["holder"]) == (key, holder)
        assert len(old.find(Loose, each(Loose).number == "A7")) == 1


@step(Strict, to=1)
def number_anew(bike: Strict, work: Any) -> Strict | None:
    """Give a number to one bike alone."""
    (first, *_) = work.find(Strict, each(Strict).number == bike.number, limit=1)
    return None if first.id == bike.id else attrs.evolve(bike, number=f"{bike.number}-{short_id(bike.id)}")


MENDED = Plugin("bikes", offers=(Strict, number_anew))


def test_a_key_that_can_not_be_made_names_the_records_and_changes_nothing(opened):
    """Who upgrades is told beforehand and by the upgrade; older code goes on, and is what they are changed with."""
    bikes = filled(opened, "A7", "B8", "A7", None, None, "C9", "C9", "C9")
    twice = {frozenset(str(bikes[n].id) for n in group) for group in ((0, 2), (5, 6, 7))}
    with opened(STRICT) as crm:
        said = crm.status().refused["bike"]
        assert "known by its number, and 2 values stand in more than one bike: " in said
        assert all(short_id(bikes[n].id) in said for n in (0, 2, 5, 6, 7))
        assert not any(short_id(bikes[n].id) in said for n in (1, 3, 4))
        with pytest.raises(PluginError, match="2 values stand in more than one bike") as caught:
            crm.upgrade()
        assert caught.value.code == "upgrade_failed"
        assert crm.store.status().pending
        with pytest.raises(StoreError) as found:
            crm.store.upgrade()
        assert (found.value.code, found.value.field, found.value.params["count"]) == ("doubles", "number", 2)
        assert {frozenset(ids) for ids in found.value.params["ids"]} == twice
        with pytest.raises(UpgradeNeeded):
            crm.add(Strict(customer=bikes[0].customer, number="D1"))
    with opened(LOOSE) as old:
        assert old.status().pending == ()
        old.replace([attrs.evolve(bikes[n], number=f"E{n}") for n in (2, 6, 7)])
    with opened(STRICT) as crm:
        assert crm.status().refused == {}
        crm.upgrade()
        with pytest.raises(ConflictError):
            crm.add(Strict(customer=bikes[0].customer, number="A7"))
        assert crm.upgrade() == () == crm.status().pending


def test_a_key_of_two_fields_stands_twice_where_both_do(opened):
    """One of them may; and a part that is missing, or that no record has yet, is the same as none other."""

    @attrs.frozen(kw_only=True)
    class Made(Record, name="bike", plural="bikes"):
        customer: Annotated[Id[Customer], Owner(on_erase="keep")]
        maker: Code = ""
        number: Code | None = None

    @attrs.frozen(kw_only=True)
    class Known(Made, name="bike", plural="bikes", unique=[("maker", "number"), ("maker", "stamp")]):
        stamp: Code | None = None

    made, known = (Plugin("bikes", offers=(of,)) for of in (Made, Known))
    pairs = (("x", "1"), ("x", "2"), ("y", "1"), ("x", None), ("x", None))
    with opened(made) as crm:
        anna = crm.customers.add(name="Anna Jansen")
        crm.add([Made(customer=anna.id, maker=maker, number=number) for maker, number in pairs])
    with opened(known) as crm:
        assert crm.status().refused == {}
    with opened(made) as crm:
        twice = crm.add([Made(customer=anna.id, maker="x", number=number) for number in ("3", "3", "5", "5")])
    with opened(known) as crm:
        with pytest.raises(StoreError) as found:
            crm.store.upgrade()
        assert (found.value.params["key"], found.value.params["count"]) == (("maker", "number"), 2)
        groups = {frozenset(ids) for ids in found.value.params["ids"]}
        assert groups == {frozenset(str(one.id) for one in pair) for pair in (twice[:2], twice[2:])}
    with opened(made) as crm:
        crm.replace([attrs.evolve(twice[n], number=f"4{n}") for n in (1, 3)])
    with opened(known) as crm:
        crm.upgrade()
        assert crm.upgrade() == () == crm.status().pending


def test_one_record_is_in_the_way_of_no_new_key(opened):
    """Its default stands there once."""
    filled(opened, "A7")
    with opened(Plugin("bikes", offers=(Coded,))) as crm:
        assert crm.status().refused == {}
        crm.upgrade()
        assert crm.upgrade() == () == crm.status().pending


def test_a_step_may_change_what_stands_twice_before_the_key_is_made(opened):
    """It runs without the key; then the key is made, in the same upgrade."""
    bikes = filled(opened, "A7", "B8", "A7", None, "A7")
    with opened(MENDED) as crm:
        found = crm.status()
        assert found.refused == {}
        (note,) = [note for note in found.notes if "number" in note]
        assert note.endswith("A step runs first: bikes 1: Give a number to one bike alone.")
        done = crm.upgrade()
        assert "bikes 1: Give a number to one bike alone (2 bikes)" in done
        numbers = sorted(str(bike.number) for bike in crm.find(Strict))
        assert numbers == sorted(["A7", "B8", "None", f"A7-{short_id(bikes[2].id)}", f"A7-{short_id(bikes[4].id)}"])
        with pytest.raises(ConflictError):
            crm.add(Strict(customer=bikes[0].customer, number="A7"))
        assert crm.upgrade() == () == crm.status().pending
        assert crm.store.check() == ()


def test_a_new_field_may_be_a_key_where_a_step_fills_it(opened):
    """Its default would stand in each of the records that are there."""

    @step(Coded, to=1)
    def code(bike: Coded) -> Coded:
        return attrs.evolve(bike, code=short_id(bike.id))

    bikes = filled(opened, "A7", "B8")
    with opened(Plugin("bikes", offers=(Coded,))) as crm:
        assert "known by its code, and 1 value stands in more than one bike" in crm.status().refused["bike"]
        with pytest.raises(PluginError, match="known by its code, and 1 value stands"):
            crm.upgrade()
        assert "code" not in [
            field["name"] for field in ledger(crm.store)["type:bike"]["fields"]
        ]  # no step will fill it
    with opened(Plugin("bikes", offers=(Coded, code))) as crm:
        crm.upgrade()
        assert {bike.code for bike in crm.find(Coded)} == {short_id(bike.id) for bike in bikes}
        assert crm.store.check() == () == crm.status().pending


def test_what_a_step_leaves_twice_is_told_and_done_by_the_next_upgrade(opened):
    """Nothing of the step is lost, and it is not run again."""

    @step(Strict, to=1)
    def leave(bike: Strict) -> None:
        """Look away."""

    bikes = filled(opened, "A7", "A7")
    leaving = Plugin("bikes", offers=(Strict, leave))
    with opened(leaving) as crm:
        with pytest.raises(PluginError, match="1 value stands in more than one bike"):
            crm.upgrade()
        assert crm.status().refused.keys() == {"bike"}
        assert next(line for line in crm.status().lines if line.name == "bikes").failed
    with opened(LOOSE) as old:
        old.replace(attrs.evolve(bikes[1], number="B8"))
    with opened(leaving) as crm:
        crm.upgrade()
        assert not next(line for line in crm.status().lines if line.name == "bikes").failed


def test_what_a_step_leaves_twice_keeps_the_fields_that_are_to_be_dropped(tabled):
    """Whoever changes the records may need them."""

    @attrs.frozen(kw_only=True)
    class Painted(Record, name="bike", plural="bikes"):
        customer: Annotated[Id[Customer], Owner(on_erase="keep")]
        number: Code | None = None
        colour: Code = ""

    @step(Strict, to=1)
    def leave(bike: Strict) -> None:
        """Look away."""

    with tabled(Plugin("bikes", offers=(Painted,))) as crm:
        anna = crm.customers.add(name="Anna Jansen")
        crm.add([Painted(customer=anna.id, number="A7", colour=colour) for colour in ("red", "blue")])
    dropping = Plugin("bikes", offers=(Strict, leave, Drop(Strict, "colour", to=2)))
    with tabled(dropping) as crm, pytest.raises(PluginError, match="1 value stands in more than one bike"):
        crm.upgrade(contract=True)
    with tabled(Plugin("bikes", offers=(Painted,))) as crm:
        assert {bike.colour for bike in crm.find(Painted)} == {"red", "blue"}


def test_a_custom_field_that_is_to_have_an_index_is_named(tabled):
    """What the upgrade would do is what it does."""
    plain, indexed = (
        Plugin("frames", offers=(FieldDefinition(Customer, "frame", indexed=is_indexed),))
        for is_indexed in (False, True)
    )
    with tabled(plain) as crm:
        crm.customers.add(name="Anna", custom={"frame": "M"})
        assert crm.status().pending == ()
    with tabled(indexed) as crm:
        pending = crm.status().pending
        assert any("frame" in text and "INDEX" in text for text in pending)
        assert [text for text in crm.upgrade() if "definitions installed" not in text] == [*pending]
        assert crm.status().pending == ()
