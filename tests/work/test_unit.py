"""Units of work: whole or not at all, joined in savepoints, versioned and logged."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import attrs
import pytest

from crmkit import (
    CRM,
    ConflictError,
    Customer,
    Deal,
    InvalidError,
    Money,
    NotFoundError,
    RefusedError,
    Span,
    StageChange,
    TryAgain,
    UnsupportedError,
)
from crmkit.query import each
from crmkit.records import LogEntry
from crmkit.testing import Clock
from tests.work.shop import PRICE, Damage, Loan, Shop

pytestmark = pytest.mark.crm(stores="all")


def names(crm: CRM) -> list[str]:
    return [customer.name for customer in crm.find(Customer, order=[each(Customer).name])]


def log(crm: CRM) -> list[tuple[str, object]]:
    kept = crm.find(LogEntry, order=[each(LogEntry).id])
    return [
        (entry.name, entry.values)
        for entry in kept
        if entry.record_type not in ("pipeline", "stage", "field_definition")
    ]


def test_a_verb_is_one_unit(crm: CRM) -> None:
    loan = crm.service(Shop).lend("Anna", "1")
    assert (loan.version, loan.customer_id, loan.created_at) == (1, loan.customer, crm.now)
    assert [name for name, _ in log(crm)] == ["customer.added", "loan.added"]


def test_a_verb_that_raises_leaves_nothing(crm: CRM) -> None:
    crm.service(Shop).lend("Anna", "1")
    with pytest.raises(ConflictError) as caught:
        crm.service(Shop).lend("Bert", "1")
    assert (caught.value.code, caught.value.field) == ("taken", "number")
    assert names(crm) == ["Anna"]


def test_a_joined_verb_that_raises_leaves_nothing_of_itself(crm: CRM) -> None:
    assert crm.service(Shop).lend_all("1", "2", "1", "3") == ["ConflictError"]
    assert names(crm) == ["Customer 1", "Customer 2", "Customer 3"]
    assert [name for name, _ in log(crm)] == ["customer.added", "loan.added"] * 3


def test_a_transaction_is_whole_or_not_at_all(crm: CRM) -> None:
    def fails(tx: CRM) -> None:
        tx.service(Shop).lend("Anna", "1")
        assert names(tx) == ["Anna"]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), crm.transaction() as tx:
        fails(tx)
    assert names(crm) == []
    with crm.transaction() as tx:
        tx.service(Shop).lend("Anna", "1")
        tx.service(Shop).lend_all("1")
    assert names(crm) == ["Anna"]


def test_a_unit_that_is_over_is_refused(crm: CRM) -> None:
    with crm.transaction() as tx:
        tx.add(Customer(name="Anna"))
    with pytest.raises(InvalidError, match="over"):
        tx.find(Customer)


def test_try_again_runs_the_whole_verb_again(crm: CRM) -> None:
    runs = []

    def work(tx: CRM) -> int:
        tx.add(Customer(name=f"run {len(runs)}"))
        runs.append(1)
        if len(runs) < 3:
            raise TryAgain("lost")
        return len(runs)

    assert crm.run(work) == 3
    assert names(crm) == ["run 2"]


def test_a_long_verb_has_units_of_its_own_and_is_refused_inside_one(crm: CRM) -> None:
    assert crm.service(Shop).slowly("Anna", "Bert") == 2
    assert names(crm) == ["Anna", "Bert"]
    with crm.transaction() as tx, pytest.raises(UnsupportedError, match="long"):
        tx.service(Shop).slowly("Carl")


def test_the_log_has_both_sides_of_what_changed(crm: CRM, clock: Clock) -> None:
    kept = crm.add(Customer(name="Anna"))
    clock.advance(days=1)
    changed = crm.acting_as("mina").replace(attrs.evolve(kept, name="Anna Jansen", status="customer"))
    assert (changed.version, changed.created_at, changed.updated_at) == (2, kept.created_at, clock.now)
    crm.remove(changed)
    (_, added), (name, values), (_, removed) = log(crm)
    assert added is None
    assert (name, values) == ("customer.changed", {"name": ("Anna", "Anna Jansen"), "status": ("prospect", "customer")})
    assert isinstance(removed, dict)
    assert removed["name"] == "Anna Jansen"


def test_what_does_not_differ_is_not_written(crm: CRM) -> None:
    kept = crm.add(Customer(name="Anna"))
    assert crm.replace(attrs.evolve(kept, name="Anna")).version == 1
    assert len(log(crm)) == 1


def test_a_lost_race_is_a_conflict(crm: CRM) -> None:
    kept = crm.add(Customer(name="Anna"))
    crm.replace(attrs.evolve(kept, name="Bert"))
    with pytest.raises(ConflictError, match="read it again"):
        crm.replace(attrs.evolve(kept, name="Carl"))
    assert names(crm) == ["Bert"]


def test_hooks_tidy_and_refuse(crm: CRM) -> None:
    assert crm.add(Customer(name="Anna   Jansen")).name == "Anna Jansen"
    deal = crm.move(crm.add(Deal(title="Gazelle")), "offer")
    with pytest.raises(RefusedError, match="shop") as caught:
        crm.move(deal, "sold")
    assert caught.value.field == "amount"


def test_custom_fields_are_checked(crm: CRM) -> None:
    assert crm.add(Customer(name="Anna", custom={"size": "M"})).custom == {"size": "M"}
    assert [c.name for c in crm.find(Customer, each(Customer).custom.size == "M")] == ["Anna"]
    with pytest.raises(InvalidError, match="Did you mean 'size'"):
        crm.add(Customer(name="Anna", custom={"siz": "M"}))
    with pytest.raises(InvalidError):
        crm.add(Customer(name="Anna", custom={"size": "XXL"}))


def test_a_whole_number_is_a_decimal_too(crm: CRM) -> None:
    """Custom decimals are kept scaled; what a person gives is never taken for that form, and what is kept is never scaled again."""
    kept = crm.customers.add(name="Anna", custom={"weight": 5})
    assert kept.custom == {"weight": 500}
    assert [c.name for c in crm.find(Customer, each(Customer).custom.weight == 5)] == ["Anna"]
    changed = crm.customers.change(kept, custom={"size": "M"})
    assert changed.custom == {"weight": 500, "size": "M"}
    assert crm.customers.change(changed, custom={"weight": Decimal("7.25")}).custom["weight"] == 725
    assert [c.name for c in crm.find(Customer, each(Customer).custom.weight == Decimal("7.25"))] == ["Anna"]


def test_moving_keeps_a_stage_change_and_spans(crm: CRM, clock: Clock) -> None:
    deal = crm.add(Deal(title="Gazelle", amount=PRICE))
    assert (deal.pipeline, deal.stage, deal.state) == ("selling", "asked", "open")
    clock.advance(days=2)
    deal = crm.move(deal, "offer")
    clock.advance(days=3)
    deal = crm.move(deal, "sold", note="cash")
    assert (deal.state, deal.closed_at) == ("won", clock.now)
    changes = crm.find(StageChange, order=[each(StageChange).at])
    assert [(c.from_stage, c.to_stage, c.to_state) for c in changes] == [
        ("asked", "offer", "open"),
        ("offer", "sold", "won"),
    ]
    spans = crm.find(Span, each(Span).field == "stage", order=[each(Span).entered_at])
    assert [(s.value, s.left_at and (s.left_at - s.entered_at).days) for s in spans] == [
        ("asked", 2),
        ("offer", 3),
        ("sold", None),
    ]
    assert [name for name, _ in log(crm) if name.startswith("deal.")] == ["deal.added", "deal.moved", "deal.won"]


def test_a_record_added_and_moved_in_one_unit_has_a_history(crm: CRM, clock: Clock) -> None:
    first, second = clock.now - timedelta(days=9), clock.now - timedelta(days=7)
    with crm.transaction() as tx:
        deals = tx.add([Deal(title="A", amount=PRICE), Deal(title="B", amount=PRICE)], at=[first, None])
        tx.move(deals[0], "offer", at=second)
    s = each(Span)
    spans = crm.find(Span, s.field == "stage", order=[s.entered_at])
    assert [(one.value, one.entered_at, one.left_at) for one in spans] == [
        ("asked", first, second),
        ("offer", second, None),
        ("asked", clock.now, None),
    ]


def test_a_move_that_is_told_late_splits_the_past(crm: CRM, clock: Clock) -> None:
    deal = crm.add(Deal(title="Gazelle", amount=PRICE))
    clock.advance(days=10)
    deal = crm.move(deal, "no-sale", reason="price")
    late = crm.move(deal, "offer", at=clock.now - timedelta(days=4))
    assert late.stage == "no-sale"
    spans = crm.find(Span, each(Span).field == "stage", order=[each(Span).entered_at])
    assert [(s.value, s.left_at and (s.left_at - s.entered_at).days) for s in spans] == [
        ("asked", 6),
        ("offer", 4),
        ("no-sale", None),
    ]


def test_a_pipeline_says_where_a_record_may_go(crm: CRM) -> None:
    deal = crm.add(Deal(title="Gazelle", amount=PRICE))
    with pytest.raises(InvalidError, match="Did you mean 'offer'"):
        crm.move(deal, "ofer")
    with pytest.raises(InvalidError, match="reached from offer"):
        crm.move(deal, "sold")
    with pytest.raises(InvalidError, match="price"):
        crm.move(deal, "no-sale", reason="weather")
    with pytest.raises(InvalidError, match="no stage"):
        crm.add(Deal(title="Gazelle", stage="sould"))


def test_an_owned_record_belongs_to_its_owners_customer_and_follows_it(crm: CRM) -> None:
    loan = crm.service(Shop).lend("Anna", "1")
    damage = crm.add(Damage(loan=loan.id, part="bell"))
    assert damage.customer_id == loan.customer
    other = crm.add(Customer(name="Bert"))
    crm.replace(attrs.evolve(loan, customer=other.id))
    assert crm.get(Damage, damage.id).customer_id == other.id


def test_access_narrows_reading_and_writing(crm: CRM) -> None:
    mine = crm.add(Deal(title="mine", source="mina", amount=PRICE))
    other = crm.add(Deal(title="other", source="otto", amount=PRICE))
    mina = crm.acting_as("mina")
    assert [deal.title for deal in mina.find(Deal)] == ["mine"]
    with pytest.raises(NotFoundError):
        mina.get(Deal, other.id)
    with pytest.raises(NotFoundError):
        mina.replace(attrs.evolve(other, title="stolen"))
    with pytest.raises(RefusedError):
        mina.replace(attrs.evolve(mine, source="otto"))
    with pytest.raises(RefusedError):
        mina.add(Deal(title="for otto", source="otto"))
    assert len(crm.find(Deal)) == 2


def test_money_without_a_currency_is_in_the_crms_own(crm: CRM) -> None:
    deal = crm.add(Deal(title="Gazelle", amount=Money("5")))
    assert deal.amount == Money("5", "EUR")
    assert len(crm.find(Deal, each(Deal).amount >= Money("5"))) == 1


def test_facts_are_never_changed(crm: CRM) -> None:
    deal = crm.move(crm.add(Deal(title="Gazelle")), "offer")
    change = crm.find(StageChange)[0]
    assert deal.stage == change.to_stage
    with pytest.raises(InvalidError, match="fact"):
        crm.replace(attrs.evolve(change, to_stage="sold"))


def test_a_batch_is_one_type(crm: CRM) -> None:
    assert crm.add([]) == []
    with pytest.raises(InvalidError, match="one type"):
        crm.add([Customer(name="Anna"), Loan(number="1")])


@pytest.mark.parametrize("wrong", ["Delft Cycles", 0, object(), [Customer(name="Delft Cycles"), "Utrecht Cycles"]])
@pytest.mark.parametrize("verb", ["add", "replace", "remove"])
def test_what_is_no_record_is_refused(crm: CRM, verb: str, wrong: object) -> None:
    with pytest.raises(InvalidError, match="no record: give one, or a list of them"):
        getattr(crm, verb)(wrong)
    assert not names(crm)
