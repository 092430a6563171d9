"""Ranges of versions."""

from __future__ import annotations

import pytest

from crmkit._plugins.ranges import is_in, version_of, wanted_of_us


@pytest.mark.parametrize(
    ("version", "wanted", "fits"),
    [
        ((1, 0), "", True),
        ((1, 0), ">=1.0,<2", True),
        ((1, 0), ">=1", True),
        ((1, 2), ">=1.10", False),
        ((2, 0), ">=1.0, <2", False),
        ((1, 4, 2), "~=1.4", True),
        ((1, 3), "~=1.4", False),
        ((2, 0), "~=1.4", False),
        ((1, 4, 9), "~=1.4.2", True),
        ((1, 5), "~=1.4.2", False),
        ((1, 4), "==1.4.*", True),
        ((1, 5), "==1.4.*", False),
        ((1, 4), "!=1.4.*", False),
        ((1, 5), "!=1.4.*", True),
        ((1, 0), "==1.0.0", True),
        ((1, 0), "!=1", False),
        ((1, 1), ">1,<=1.1", True),
    ],
)
def test_a_version_is_in_a_range_or_not(version: tuple[int, ...], wanted: str, fits: bool):
    assert is_in(version, wanted) is fits


@pytest.mark.parametrize("wanted", ["new", "1.0", "=>1", ">="])
def test_what_is_no_range_is_refused(wanted: str):
    with pytest.raises(ValueError, match="is no range of versions"):
        is_in((1, 0), wanted)


def test_only_the_numbers_of_a_version_count():
    assert version_of("1.2rc1") == (1, 2)
    assert version_of("v2.0.dev3+g12") == (2, 0)
    assert version_of("unknown") == (0,)


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ([], ""),
        (["httpx>=1", "crmkit-cases>=3"], ""),
        (["httpx", "crmkit>=1.0,<2"], ">=1.0,<2"),
        (["crmkit[rich] (>=1.0) ; python_version > '3'"], ">=1.0"),
        (["crmkit>=9; extra == 'test'"], ""),
    ],
)
def test_what_a_distribution_wants_of_us(lines: list[str], wanted: str):
    assert wanted_of_us(lines) == wanted
