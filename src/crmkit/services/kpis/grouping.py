"""By what a KPI is grouped and narrowed: a path, a name that the KPI gives to one, or a to-one path in words (``customer.country``)."""

from __future__ import annotations

from collections.abc import Sequence

from crmkit.errors import InvalidError
from crmkit.ports.kpi import Computed, Kpi
from crmkit.query import Condition, Path, count, each
from crmkit.query.tallies import Tally, check_tally


def group_path(kpi: Kpi, group: Path | str) -> Path:
    """Return the path to group by.

    Raises:
        InvalidError: the KPI counts several record types or is computed, the record type has no such field, or the field
            has no one value per record (a set such as tags would count a record twice).
    """
    of = kpi.of
    if any(source.of is not of or isinstance(source, Computed) for source in kpi.sources):
        raise InvalidError(f"KPI {kpi.name!r} is made of several sources: it can not be grouped.", code="not_grouped")
    path = kpi.groups.get(group) if isinstance(group, str) else group
    found = _walked(kpi, group) if path is None and isinstance(group, str) else path
    assert found is not None
    check_tally(Tally(of=of, by=(found,), components={"n": count()}))
    return found


def _walked(kpi: Kpi, name: str) -> Path:
    first, *rest = name.split(".")
    if not all(part.isidentifier() and not part.startswith("_") for part in (first, *rest)):
        names = ", ".join(kpi.groups)
        raise InvalidError(
            f"{name!r} is nothing to group by: write a field of {kpi.of.__name__}, such as {names or 'customer.country'}.",
            code="group",
        )
    path = getattr(each(kpi.of), first)
    for part in rest:
        path = getattr(path, part)
    assert isinstance(path, Path)
    return path


def related(kpi: Kpi, where: Sequence[Condition]) -> tuple[Condition, ...]:
    """Return the conditions, each about a record type that the KPI counts.

    Raises:
        InvalidError: one is about another.
    """
    counted = {source.of for source in kpi.sources}
    for condition in where:
        if condition.root not in counted:
            names = ", ".join(sorted(of.__name__ for of in counted))
            raise InvalidError(
                f"KPI {kpi.name!r} counts {names}, the condition is about {condition.root.__name__}.", code="other_type"
            )
    return tuple(where)
