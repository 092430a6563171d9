"""Hooks: both checkers know a hook's subject, its context and its result."""

from collections.abc import Sequence
from typing import assert_type

import attrs

from crmkit.query import Page
from crmkit import Change, Context, Event, Refusal, adjust, check, subscriber
from crmkit import Customer, Deal, Money


@attrs.frozen
class Settings:
    chat_url: str = ""


# --- right ------------------------------------------------------------------------------------------------------------
@check(Deal)
def won_needs_amount(change: Change[Deal]) -> Refusal | None:
    assert_type(change.after, Deal)
    assert_type(change.before, Deal | None)
    return Refusal("Set the amount first.", field="amount") if change.after.amount is None else None


@check(Deal)
def with_context(change: Change[Deal], context: Context[Settings]) -> Refusal | None:
    assert_type(context.settings, Settings)
    assert_type(context.crm.find(Customer), Page[Customer])
    return None


@check(Deal, batch=True)
def whole_batch(changes: Sequence[Change[Deal]]) -> Sequence[Refusal | None]:
    return [None for _ in changes]


@adjust(Customer)
def tidy(change: Change[Customer]) -> Customer:
    return attrs.evolve(change.after, name=change.after.name.strip())


@subscriber(Deal, "won")
def tell(event: Event[Deal], context: Context[Settings]) -> None:
    assert_type(event.record.amount, Money | None)


def stays_callable(deal: Deal, change: Change[Deal]) -> None:
    assert_type(won_needs_amount(change), Refusal | None)
    won_needs_amount(deal)  # error: mypy pyright


# --- another subject --------------------------------------------------------------------------------------------------
@check(Deal)  # error: mypy pyright
def of_customers(change: Change[Customer]) -> Refusal | None:
    raise NotImplementedError


@adjust(Customer)  # error: mypy pyright
def of_deals(change: Change[Deal]) -> Deal:
    raise NotImplementedError


@subscriber(Deal)  # error: mypy pyright
def told_of_customers(event: Event[Customer]) -> None: ...


@subscriber(Deal)  # error: mypy pyright
def told_of_a_change(change: Change[Deal]) -> None: ...


# --- another result ---------------------------------------------------------------------------------------------------
@check(Deal)  # error: mypy pyright
def says_yes(change: Change[Deal]) -> bool:
    raise NotImplementedError


@adjust(Customer)  # error: mypy pyright
def returns_nothing(change: Change[Customer]) -> None: ...


@check(Deal, batch=True)  # error: mypy pyright
def one_answer_for_all(changes: Sequence[Change[Deal]]) -> Refusal | None:
    raise NotImplementedError


@subscriber(Deal)  # error: mypy pyright
async def later(event: Event[Deal]) -> None: ...


# --- missing and extra arguments --------------------------------------------------------------------------------------
@check(Deal)  # error: mypy pyright
def of_nothing() -> Refusal | None:
    raise NotImplementedError


@check(Deal)  # error: mypy pyright
def of_too_much(change: Change[Deal], context: Context[Settings], more: int) -> Refusal | None:
    raise NotImplementedError


@check(Deal)  # error: mypy pyright
def single_in_a_batch(change: Sequence[Change[Deal]]) -> Refusal | None:
    raise NotImplementedError


# --- inside a hook ----------------------------------------------------------------------------------------------------
@check(Deal)
def reads_what_is_not_there(change: Change[Deal], context: Context[Settings]) -> Refusal | None:
    change.after.colour  # error: mypy pyright
    context.settings.chat_token  # error: mypy pyright
    change.before.title  # error: mypy pyright
    return None


@check(str)  # error: mypy pyright
def of_no_record(change: Change[Deal]) -> Refusal | None:
    raise NotImplementedError
