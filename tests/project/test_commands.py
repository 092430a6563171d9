"""The page about the command line follows from the commands."""

from __future__ import annotations

import pytest

from docs import commands

pytestmark = pytest.mark.once


def test_the_page_about_the_command_line_is_current():
    made = commands.PAGE.read_text("utf-8").partition(commands.BEGIN)[2].strip()
    assert made == commands.generated().strip(), "write it anew: python -m docs.commands"
