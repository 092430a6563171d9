"""A field that is defined while programs run: each sees it with its next unit of work, and none sees what was not kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmkit import CRM, Customer, InvalidError, Plugin, Service, verb
from crmkit.records import KeptField


class Fields(Service):
    """Fields that a person defines."""

    @verb
    def define(self, key: str, *, fails: bool = False) -> None:
        """Define a custom field of customers, and use it."""
        self.add(KeptField(of="customer", key=key, plugin=""))
        self.add(Customer(name="Anna", custom={key: "x"}))
        if fails:
            raise InvalidError("No.", code="no")


PLUGIN = Plugin("defining", offers=(Fields,))


def test_another_process_sees_a_field_with_its_next_unit(tmp_path: Path) -> None:
    """Both have read the definitions before."""
    url = f"sqlite:///{tmp_path / 'crm.db'}"
    with (
        CRM.open(url, plugins=[PLUGIN], discover=False) as one,
        CRM.open(url, plugins=[PLUGIN], discover=False) as other,
    ):
        for crm in (one, other):
            with pytest.raises(InvalidError, match="no custom field"):
                crm.customers.add(name="Bo", custom={"tier": "gold"})
        one.service(Fields).define("tier")
        assert other.customers.add(name="Bo", custom={"tier": "gold"}).custom["tier"] == "gold"


def test_a_field_that_was_not_kept_is_seen_by_nobody(tmp_path: Path) -> None:
    """Neither after its unit, nor after its savepoint, nor when another field takes the same number of the epoch."""
    with CRM.open(f"sqlite:///{tmp_path / 'crm.db'}", plugins=[PLUGIN], discover=False) as crm:
        with pytest.raises(InvalidError, match=r"No\."):
            crm.service(Fields).define("tier", fails=True)
        with crm.transaction() as tx:
            with pytest.raises(InvalidError, match=r"No\."):
                tx.service(Fields).define("tier", fails=True)
            with pytest.raises(InvalidError, match="no custom field"):
                tx.customers.add(name="Bo", custom={"tier": "gold"})
        crm.service(Fields).define("size")
        with pytest.raises(InvalidError, match="no custom field"):
            crm.customers.add(name="Bo", custom={"tier": "gold"})
        assert crm.customers.add(name="Bo", custom={"size": "56"}).custom["size"] == "56"
