"""Argument types: what people type, turned into records, money and instants where it is typed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import click

from ..errors import CRMError
from ..records import Money, Record, declaration_of
from ..services.naming import Naming
from .state import current_run

R = TypeVar("R", bound=Record)
if TYPE_CHECKING:
    _Type: TypeAlias = click.ParamType[Any]
else:  # before click 8.4 it takes no argument
    _Type = click.ParamType


class _RecordType(_Type, Generic[R]):
    """A record, named by its short id, ``source:external-id``, or (a customer) by e-mail, phone or exact name."""

    def __init__(self, of: type[R]) -> None:
        self.of = of
        self.name = declaration_of(of).name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> R:
        if isinstance(value, self.of):
            return value
        found: R = current_run().opened().service(Naming).named(self.of, value)
        return found


class _MoneyType(_Type):
    name = "money"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Money:
        if isinstance(value, Money):
            return value
        currency, _, amount = str(value).strip().rpartition(" ")
        try:
            return Money(Decimal(amount.replace(",", "")), currency.upper())
        except (InvalidOperation, CRMError):
            self.fail(f"{value!r} is no amount of money: write 48.50, or 'EUR 48.50'.", param, ctx)


class _InstantType(_Type):
    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no time: write 2026-11-24, 2026-11-24T10:00, or with an offset.", param, ctx)
        return found.replace(tzinfo=found.tzinfo or current_run().opened().house.zone).astimezone(UTC)


class _DayType(_Type):
    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            return value if isinstance(value, date) else date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no day: write 2026-11-24.", param, ctx)


def record(of: type[R]) -> click.ParamType[Any]:
    """An argument that names a record; ambiguity lists the candidates."""
    return _RecordType(of)


def money() -> click.ParamType[Any]:
    """An amount of money: ``48.50`` (in the CRM's currency) or ``EUR 48.50``."""
    return _MoneyType()


def instant() -> click.ParamType[Any]:
    """An instant in ISO 8601; without an offset, in the CRM's time zone."""
    return _InstantType()


def day() -> click.ParamType[Any]:
    """A day: ``2026-11-24``."""
    return _DayType()
