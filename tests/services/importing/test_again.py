"""The same file again: nothing is added, and nothing that was done since is undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmkit import CRM, ContactPoint
from crmkit.query import each
from tests.services.importing.test_importing import counts
from tests.services.importing.test_special_kinds import run

pytestmark = pytest.mark.crm(stores="all")


def test_addresses_are_known_by_their_normal_form(crm: CRM, tmp_path: Path) -> None:
    crm.customers.add(name="Anna")
    crm.customers.add(name="Bert")
    text = "customer,kind,value\nAnna,email,Anna@Home.example\nBert,email,b@x.example\nAnna,email,a@work.example\nBert,email,no\n"
    assert counts(run(crm, tmp_path, text, "contact-points")) == (3, 0, 0, 1)
    assert counts(run(crm, tmp_path, text, "contact-points")) == (0, 0, 3, 1)
    p = each(ContactPoint)
    assert [one.key for one in crm.find(ContactPoint, order=[p.key])] == [
        "a@work.example",
        "anna@home.example",
        "b@x.example",
    ]


def test_all_rows_rejected_can_be_mended_and_fed_again(crm: CRM, tmp_path: Path) -> None:
    text = "external_id,name,email\ns:1,Anna,a@x.example\ns:2,,b@x.example\n"
    for _ in range(2):
        rejects = run(crm, tmp_path, text, "customers").reject_file
        assert rejects is not None
        assert rejects.read_text(encoding="utf-8").startswith("crmkit:line,")
    rejects.write_text(rejects.read_text(encoding="utf-8").replace("s:2,,", "s:2,Bert,"), encoding="utf-8")
    assert counts(crm.imports.run(rejects, "customers")) == (1, 0, 0, 0)
