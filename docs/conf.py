"""Sphinx: furo and MyST; every warning is an error (tox -e docs)."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

project = "crmkit"
author = "The crmkit developers"
copyright = "The crmkit developers"  # noqa: A001 - Sphinx reads it by this name
version = release = version_of("crmkit")

sys.path.insert(0, str(Path(__file__).parent))  # for `generated`, which reads the reference out of the code
extensions = ["myst_parser", "generated"]
exclude_patterns = ["_build", "examples/*/out"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

nitpicky = True

html_theme = "furo"
html_title = "crmkit"
