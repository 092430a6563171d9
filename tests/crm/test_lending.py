"""The face that a hook is lent: nothing can be put into it, and it can not be closed."""

from __future__ import annotations

import pytest

from crmkit import CRM, UnsupportedError


def test_nothing_can_be_put_into_a_face():
    """What one plugin could put in, the next one would call. Every base class says ``__slots__ = ()``."""
    with CRM.open("memory:", discover=False) as crm:
        for name in ("find", "add", "whatever"):
            with pytest.raises(AttributeError):
                setattr(crm, name, print)
    assert [base.__name__ for base in CRM.__mro__[1:] if "__dict__" in vars(base)] == []


def test_who_was_only_lent_a_crm_does_not_close_it():
    with CRM.open("memory:", discover=False) as crm:
        with crm.transaction() as tx, pytest.raises(UnsupportedError, match="who opened it closes it"):
            tx.close()
        crm.acting_as("anna").close()
