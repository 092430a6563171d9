"""News fragments: each names its kind, and is a sentence for somebody who uses crmkit."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.once


ROOT = Path(__file__).parents[2]
FRAGMENTS = sorted((ROOT / "newsfragments").iterdir())
TOWNCRIER = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["towncrier"]
KINDS = "|".join(kind["directory"] for kind in TOWNCRIER["type"])


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda path: path.name)
def test_a_fragment_is_named_by_its_kind_and_is_a_sentence(fragment: Path):
    assert re.fullmatch(rf"(\+[a-z0-9-]+|\d+)\.({KINDS})\.md", fragment.name)
    text = fragment.read_text("utf-8").strip()
    assert text
    assert text.endswith(".")
    assert "\n" not in text


def test_the_change_log_has_the_place_where_news_go():
    assert TOWNCRIER["start_string"] in (ROOT / TOWNCRIER["filename"]).read_text("utf-8")
