"""The strategies: what they make is what the border lets through, and adversarial."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from crmkit.query import Binding, Has, LatestStep, Not, Or, bind, bind_tally
from crmkit.records import CORE_TYPES, Customer, Record, declaration_of
from crmkit.records.border import normaliser
from crmkit.testing.specimens import SPECIMENS, Fact, Specimen, custom_fields
from crmkit.testing.store.opened import BINDING
from crmkit.testing.strategies import conditions, instants, ints, pool_of, questions, records, tallies, texts, worlds

TYPES = (*CORE_TYPES, Specimen, Fact)
BRIEF = settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("of", TYPES, ids=[declaration_of(of).name for of in TYPES])
def test_every_record_passes_the_border_as_it_is(of: type[Record]) -> None:
    """Stores see what the border let through: a strategy that made more would blame them wrongly."""
    border = normaliser(of)

    @BRIEF
    @given(records(of))
    def passes(record: Record) -> None:
        assert border(record, "EUR") == record
        direct = declaration_of(of).owner if declaration_of(of).direct else None
        assert direct is None or record.customer_id == getattr(record, direct.name)

    passes()


@pytest.mark.parametrize(
    ("strategy", "seen"),
    [
        (texts(), lambda text: any("\u0590" <= c <= "\u05ff" for c in text)),
        (texts(), lambda text: any(unicodedata.combining(c) for c in text)),
        (texts(), lambda text: any(unicodedata.category(c) == "Co" for c in text)),
        (texts(), lambda text: any(c > "\uffff" for c in text)),
        (ints(), lambda number: number == -(2**63)),
        (instants(), lambda at: at.year == 1),
        (instants(), lambda at: at == datetime.max.replace(tzinfo=UTC)),
        (records(Specimen), lambda record: record.price is not None and record.price.currency == "KWD"),
        (records(Specimen), lambda record: record.day is None and record.at is not None),
        (worlds((Customer, Specimen)), lambda world: any(getattr(r, "customer", None) in {o.id for o in world} for r in world)),
        (conditions(Customer, SPECIMENS), lambda c: isinstance(c, Has) and c.at_least > 1),
        (conditions(Customer, SPECIMENS), lambda c: isinstance(c, Not) and isinstance(c.part, Or)),
        (conditions(Customer, SPECIMENS), lambda c: any(isinstance(p._steps[0], LatestStep) for p in c.paths)),
        (conditions(Specimen, SPECIMENS), lambda c: any(len(p._steps) == 2 for p in c.paths)),
        (questions(Specimen, SPECIMENS), lambda q: q.limit is not None and any(key.descending for key in q.order)),
        (tallies(Specimen, SPECIMENS), lambda t: t.one_per is not None and len(t.by) == 2),
    ],
)  # fmt: skip
def test_the_traps_are_among_them(strategy: st.SearchStrategy[Any], seen: Callable[[Any], bool]) -> None:
    """What stores have been wrong about is drawn within a few thousand examples."""
    quick = settings(
        max_examples=5000,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    assert seen(find(strategy, seen, settings=quick))


def test_what_is_asked_can_be_bound() -> None:
    more: Any = {"custom": custom_fields, "pool": pool_of(SPECIMENS)}
    bound: Binding = BINDING

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
    @given(questions(Customer, SPECIMENS, **more), tallies(Customer, SPECIMENS, **more))
    def holds(question: Any, tally: Any) -> None:
        bind(question, bound)
        bind_tally(tally, bound, lambda path: None)

    holds()


def test_unique_keys_hold_in_a_world() -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(worlds(SPECIMENS))
    def holds(world: tuple[Record, ...]) -> None:
        claims = [
            (type(record), key, tuple(getattr(record, name) for name in key))
            for record in world
            for key in declaration_of(type(record)).unique
        ]
        whole = [claim for claim in claims if None not in claim[2]]
        assert len(whole) == len(set(whole))

    holds()
