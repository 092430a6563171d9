"""Records made past ``__init__`` are what ``__init__`` would have made, and as firm."""

from abc import ABC
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from crmkit.records import Customer, Interaction, Record, new_id
from crmkit.records.building import builder, row_builder, stamper
from crmkit.records.declaration import declaration_of, with_unique

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@attrs.frozen(kw_only=True, slots=False)
class Loose(Record, name="loose_for_building"):
    """A record type whose instances have a dictionary."""

    title: str
    tags: frozenset[str] = frozenset()


TOLD: list[type] = []


class Telling:
    """What asks to be told of its subclasses."""

    __slots__ = ()

    def __init_subclass__(cls, **more):
        super().__init_subclass__(**more)
        TOLD.append(cls)


@attrs.frozen(kw_only=True)
class Told(Telling, Record, shared=True, name="told_for_building"):
    title: str


@attrs.frozen(kw_only=True)
class Asking(Record, shared=True, name="asking_for_building"):
    """A record type whose subclasses have to say something."""

    title: str

    def __init_subclass__(cls, *, level, **more):
        super().__init_subclass__(**more)


class Registering(type):
    def __new__(cls, called, bases, body, /, **more):
        made = super().__new__(cls, called, bases, body, **more)
        TOLD.append(made)
        return made


@attrs.frozen(kw_only=True, slots=False)
class Registered(Record, shared=True, metaclass=Registering):
    title: str


@attrs.frozen(kw_only=True)
class Abstract(Record, ABC, shared=True, name="abstract_for_building"):
    title: str


def values_of(record):
    return {attribute.alias: getattr(record, attribute.name) for attribute in attrs.fields(type(record))}


@pytest.fixture(params=["slots", "dictionary"])
def record(request):
    if request.param == "slots":
        who = new_id()
        return Interaction(channel="phone", customer=who, customer_id=who, occurred_at=NOW, custom={"a": [1]})
    return Loose(title="A", version=3)


def assert_same(made, record):
    assert type(made) is type(record)
    assert made == record
    assert repr(made) == repr(record)
    assert hash(made) == hash(record)
    assert attrs.evolve(made, version=7) == attrs.evolve(record, version=7)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        made.version = 9


def test_a_record_is_built_of_its_values(record):
    values = values_of(record)
    assert_same(builder(type(record), tuple(values))(tuple(values.values())), record)


def test_a_name_may_stand_twice_and_the_rest_has_defaults():
    who = new_id()
    made = builder(Customer, ("id", "name", "id"))((new_id(), "Ada", who))
    assert made == Customer(id=who, name="Ada")


def test_rows_become_records_in_their_order(record):
    values = values_of(record)
    others = [attrs.evolve(record, id=new_id(), version=n) for n in range(3)]
    rows = [(*values_of(other).values(), "behind") for other in others]
    build = row_builder(
        type(record),
        {name: f"row[{n}]" if name != "version" else "number + zero" for n, name in enumerate(values)},
        {"count": lambda rows: range(len(rows))},
        once=["zero = 0"],
        each={"number": "count(rows)"},
    )
    made = build(rows)
    assert len(made) == 3
    for one, other in zip(made, others, strict=True):
        assert_same(one, other)
    assert build([]) == []


def test_a_stamp_changes_nothing_else(record):
    who, later = new_id(), NOW + timedelta(hours=1)
    made = stamper(type(record))(record, 4, NOW, later, who)
    assert_same(made, attrs.evolve(record, version=4, created_at=NOW, updated_at=later, customer_id=who))
    assert record.version != 4


@pytest.mark.parametrize("of", [Told, Asking, Registered, Abstract])
def test_no_author_is_told_of_a_class_that_is_none_of_his(of):
    """A class may want to know its subclasses, ask them for something, or allow none."""
    record, told = of(title="A"), list(TOLD)
    values = values_of(record)
    assert_same(builder(of, tuple(values))(tuple(values.values())), record)
    keyed = with_unique(of, [("title",)])
    assert declaration_of(keyed).unique == (("title",),)
    assert type(builder(keyed, tuple(values))(tuple(values.values()))) is keyed
    assert told == TOLD
    assert isinstance(record, of)
    assert not issubclass(int, of)


def test_an_abstract_class_and_the_one_made_of_it_answer_for_themselves():
    """What one was asked about a class is not what the other answers."""

    class Below(Abstract, shared=True, name="below_for_building"):
        pass

    assert not issubclass(Below, with_unique(Abstract, [("title",)]))
    assert issubclass(Below, Abstract)
