"""A plugin says what it is: what can not be is told where it is written."""

from __future__ import annotations

import pytest

from crmkit import InvalidError, Plugin


@pytest.mark.parametrize("name", ["", "two words", "a/b", "loyalty:card"])
def test_a_name_that_can_not_be_is_refused(name: str):
    with pytest.raises(InvalidError, match="no name for a plugin"):
        Plugin(name)


@pytest.mark.parametrize("key", ["capabilities", "before", "after", "requires"])
def test_a_text_is_no_list_of_names(key: str):
    """Type checkers take a text for a list of its letters, and so would we."""
    with pytest.raises(InvalidError, match=r"'cases' stands where a plugin lists names: write \['cases'\]\."):
        Plugin("mine", **{key: "cases"})  # type: ignore[arg-type]  # the mistake


def test_names_may_come_from_anywhere():
    assert Plugin("mine", requires=iter(["cases"]), capabilities={"network"}).requires == ("cases",)
