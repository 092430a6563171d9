"""Any record, exported and imported, is the record it was: a property, for record types without references."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from crmkit import CRM, Cost, Touchpoint
from crmkit.errors import CRMError
from crmkit.records import Agent, Rate, Record, Segment, Survey, Template, declaration_of
from crmkit.testing.strategies import records

OF: tuple[type[Record], ...] = (Agent, Cost, Rate, Segment, Survey, Template, Touchpoint)
STAMPS = ("version", "created_at", "updated_at", "customer_id", "custom")


def bare(record: Record) -> dict[str, Any]:
    """A record's own values; an empty cell says nothing, so that what is empty comes back as the default."""
    defaults = {a.alias: a.default for a in attrs.fields(type(record)) if a.default is not attrs.NOTHING}
    empty = ("", None, frozenset())
    found = {f.name: getattr(record, f.name) for f in declaration_of(type(record)).own_fields}
    return {n: defaults.get(n, v) if v in empty else v for n, v in found.items()} | {"id": record.id}


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@pytest.mark.parametrize("of", OF)
@settings(max_examples=6, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_record_comes_back(of: type[Record], suffix: str, tmp_path: Path, data: st.DataObject) -> None:
    made = data.draw(records(of))
    needed = [field.name for field in declaration_of(of).own_fields if field.required]
    assume(all(getattr(made, name) != "" for name in needed))  # an empty cell is no value
    codes = [f.name for f in declaration_of(of).own_fields if f.kind == "code"]
    assume(
        all(getattr(made, n) in (None, str(getattr(made, n)).strip()) for n in codes)
    )  # spaces around a code say nothing
    path = tmp_path / f"records{suffix}"
    with CRM.open("memory:", discover=False) as one, CRM.open("memory:", discover=False) as other:
        try:
            kept = one.add(attrs.evolve(made, **dict.fromkeys(STAMPS[1:4]), version=0, custom={}))
        except CRMError:
            return  # it is none that a CRM keeps
        plural = declaration_of(of).plural
        one.exports.run(plural, path)
        assert one.imports.run(path, plural).unchanged == 1
        result = other.imports.run(path, plural)
        assert result.added == 1, result.reasons
        assert [bare(record) for record in other.find(of)] == [bare(kept)]
