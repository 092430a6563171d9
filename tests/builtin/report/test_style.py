"""Contrast, computed as WCAG 2.2 defines it, and directions in the sheet."""

import re

import pytest

from crmkit.builtin.report.style import DARK, LIGHT, MARKS_ON, TEXT_ON, stylesheet

_PHYSICAL = re.compile(
    r"[;{](?:margin|padding|border|inset)?-?(?:left|right)\b|text-align:(?:left|right)|[;{](?:width|height|top|bottom):"
)


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb``."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_wcag_does() -> None:
    """Known ratios: black on white, and the grey that just fails."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read(colours: dict[str, str]) -> None:
    """All text has at least 4.5:1 on every ground it stands on."""
    weak = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in TEXT_ON}
    assert not {pair: ratio for pair, ratio in weak.items() if ratio < 4.5}


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_marks_can_be_seen(colours: dict[str, str]) -> None:
    """Bars and lines have at least 3:1 on their ground."""
    weak = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in MARKS_ON}
    assert not {pair: ratio for pair, ratio in weak.items() if ratio < 3}


def test_both_themes_name_the_same_colours() -> None:
    """A colour that only one theme has would be missing in the other."""
    assert LIGHT.keys() == DARK.keys()
    assert set(re.findall(r"var\(--(\w+)\)", stylesheet())) <= LIGHT.keys()


def test_sheet_knows_no_left_and_right() -> None:
    """Only logical properties, so that right-to-left is a mirror."""
    sheet = stylesheet()
    assert _PHYSICAL.findall(sheet) == []
    four = re.findall(r"(?:padding|margin|inset):([^\s;}]+) ([^\s;}]+) ([^\s;}]+) ([^\s;}]+)[;}]", sheet)
    assert [values for values in four if values[1] != values[3]] == []
