"""Records of any declared type to try plugins with: always the same ones, in many scripts, at the ends of every range, with gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import attrs

from ..errors import ConflictError, CRMError, InvalidError
from ..records import (
    AnyRef,
    Customer,
    Digest,
    Field,
    LocalText,
    Money,
    PartialDate,
    Record,
    WallTime,
    declaration_of,
    new_id,
)
from ..records.fields import Kind
from ..records.values import frozen

TEXTS: Final = (
    "Anna Jansen", "דוד כהן", "فاطمة الزهراء", "سارا می‌روم", "山田太郎", "José Muñoz-Ärger", "👩‍👩‍👧 & Co", "O'Brien \"%_\\\" <b>&amp;",
    "two\nlines", "x" * 500,
)  # fmt: skip
"""Names and sentences in many scripts, and what breaks careless programs."""
_VALUES: Final[Mapping[Kind, tuple[Any, ...]]] = {
    "text": TEXTS,
    "code": ("anna", "b-2", "C_3", "דוד", "فا", "山田", "x.y", "a b", "0", "é"),
    "int": (0, 1, -1, 42, 2**63 - 1, -(2**63)),
    "decimal": (0, 1, -1, 12345, 10**12, -(10**12)),
    "money": (Money("1249.50", "EUR"), Money("0", "EUR"), Money("-3.10", "USD"), Money("1000", "JPY"), Money("1.234", "KWD")),
    "bool": (True, False),
    "date": (date(2026, 2, 28), date(2024, 2, 29), date(1900, 1, 1), date(9999, 12, 31)),
    "partial_date": (PartialDate(1990, 5, 17), PartialDate(1990), PartialDate(None, 2, 29), PartialDate(1990, 5)),
    "instant": (
        datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC), datetime(2026, 10, 25, 1, tzinfo=UTC),
        datetime(2011, 12, 30, 10, tzinfo=UTC),
    ),
    "wall_time": (WallTime(datetime(2026, 3, 29, 2, 30), "Europe/Amsterdam"), WallTime(datetime(2026, 1, 5, 9), "UTC")),  # noqa: DTZ001  # a wall's clock has no zone
    "local_text": (LocalText.of("Sold", nl="Verkocht", fa="فروخته شد"), LocalText.of("Sold"), LocalText()),
    "codes": (frozenset({"vip", "nl"}), frozenset[str](), frozenset({"دوست"})),
    "json": (frozen({"a": [1, 2.5, None, "é"], "b": {"c": True}}), frozen({}), frozen({"س": "سلام"})),
    "digest": (Digest(b"\x00\xff" * 16), Digest(b"d" * 32)),
}  # fmt: skip
_SETS: Final = max(map(len, _VALUES.values()))


@attrs.define(eq=False)
class Samples:
    """Records of one type, and around them the records that they refer to.

    Attributes:
        records: with every field filled, each time otherwise; then with what is required only; then with every gap.
        given: what each of them was made of, by its id.
        around: what the records refer to, each after what it refers to itself; the first one is a customer.
        faults: what the class raised where it takes no such values.
    """

    of: type[Record]
    customer: Customer = attrs.field(factory=lambda: Customer(name="Anna Jansen"))
    records: list[Record] = attrs.field(factory=list[Record])
    given: dict[UUID, dict[str, Any]] = attrs.field(factory=dict[UUID, dict[str, Any]])
    around: list[Record] = attrs.field(factory=list[Record])
    faults: list[Exception] = attrs.field(factory=list[Exception])
    _doing: set[type[Record]] = attrs.field(factory=set[type[Record]])

    def __attrs_post_init__(self) -> None:
        self.around.append(self.customer)
        for values in _rows(self.of, self.refer):
            try:
                made = self.of(**values)
                self.records.append(made)
                self.given[made.id] = values
            except Exception as error:  # noqa: BLE001  # a type may take no such values, and says so in its own way
                self.faults.append(error)
        self.records = list(_without_taken_keys(self.records))

    def refer(self, target: Any) -> UUID:
        """Return the id of a record of a type, made where there is none yet."""
        if target is self.of:
            return self.records[0].id if self.records else new_id()
        if not isinstance(target, type) or target is Record or target in self._doing:
            return new_id()
        found = next((record for record in self.around if type(record) is target), None)
        return (found or self._made(target)).id

    def _made(self, target: type[Record]) -> Record:
        self._doing.add(target)
        try:
            owner = declaration_of(target).owner
            mine = {} if owner is None else {owner.name: _value(owner, 0, self.refer)}
            made = target(**{**_required(target, self.refer), **mine})
        finally:
            self._doing.discard(target)
        self.around.append(made)
        return made

    def kept_around(self, crm: Any) -> None:
        """Keep in a CRM what the samples refer to; what it does not take stays away."""
        for record in self.around:
            _try(crm, record)


def _try(crm: Any, record: Record) -> Record | None:
    try:
        kept: Record = crm.add(record)
    except CRMError:
        return None
    return kept


def kept(crm: Any, samples: Samples) -> tuple[list[Record], list[CRMError]]:
    """Keep what the samples refer to, and then every sample: what was kept, and why others were not.

    A key that another record has taken is no fault, and is not told.
    """
    samples.kept_around(crm)
    found: list[Record] = []
    refused: list[CRMError] = []
    for record in samples.records:
        try:
            found.append(crm.add(record))
        except ConflictError:
            continue
        except CRMError as error:
            refused.append(error)
    return found, refused


Refer = Callable[[Any], UUID]


def _rows(of: type[Record], refer: Refer) -> Iterator[dict[str, Any]]:
    given = {attribute.alias for attribute in attrs.fields(of) if attribute.init}
    fields = [field for field in declaration_of(of).own_fields if field.name in given and not _follows(of, field)]
    keys = {name for key in declaration_of(of).unique for name in key}
    for n in range(_SETS):
        made = {field.name: _value(field, n + place, refer) for place, field in enumerate(fields)}
        yield {name: _apart(value, n) if name in keys else value for name, value in made.items()}
    bare = _required(of, refer)
    yield {name: _apart(value, _SETS) if name in keys else value for name, value in bare.items()}
    gaps = {field.name: None for field in fields if field.optional}
    yield {name: _apart(value, _SETS + 1) if name in keys else value for name, value in {**bare, **gaps}.items()}


def _follows(of: type[Record], field: Field) -> bool:
    """Whether a field's value is not the author's to choose: where a record stands on its path."""
    return declaration_of(of).staged and field.name in ("pipeline", "stage", "state")


def _required(of: type[Record], refer: Refer) -> dict[str, Any]:
    return {field.name: _value(field, 0, refer) for field in declaration_of(of).own_fields if field.required}


def _apart(value: Any, n: int) -> Any:
    """Return a value that is not the same in two records, where a unique key has it."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return f"{value}-{n}"
    return n if isinstance(value, int) else value


def _value(field: Field, n: int, refer: Refer) -> Any:
    if field.choices:
        return field.choices[n % len(field.choices)]
    if field.zone_name:
        return ("Europe/Amsterdam", "UTC", "Asia/Tehran")[n % 3]
    if field.kind == "ref":
        return refer(field.target)
    if field.kind == "any_ref":
        return AnyRef("customer", refer(Customer))
    values: tuple[Any, ...] = _VALUES[field.kind]
    value: Any = values[n % len(values)]
    if field.kind == "decimal":
        return Decimal(value).scaleb(-field.places)
    return " ".join(value.split()) if field.identity else value


def _without_taken_keys(records: Sequence[Record]) -> Iterator[Record]:
    taken: set[Any] = set()
    for record in records:
        keys = [(key, tuple(getattr(record, name) for name in key)) for key in declaration_of(type(record)).unique]
        claims = {claim for claim in keys if None not in claim[1]}
        if not claims & taken:
            taken |= claims
            yield record


def told(error: Exception) -> str:
    """Return an error for a message of a contract."""
    field = f" ({error.field})" if isinstance(error, InvalidError) and error.field else ""
    return f"{type(error).__name__}{field}: {error}"
