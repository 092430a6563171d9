"""Sphinx: furo and MyST; every warning is an error (tox -e docs)."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

project = "crmkit"
author = "The crmkit developers"
copyright = "The crmkit developers"  # noqa: A001 - Sphinx reads it by this name
version = release = version_of("crmkit")

sys.path.insert(0, str(Path(__file__).parent))  # for `generated`, which reads the reference out of the code
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "generated"]
exclude_patterns = ["_build", "examples/*/out"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_typehints = "description"
autodoc_member_order = "bysource"
napoleon_google_docstring = True
napoleon_numpy_docstring = False

nitpicky = True
nitpick_ignore_regex = [
    # The documentation is built without a network, so what other projects document can not be looked up.
    (r"py:.*", r"(?!crmkit).*"),
]

html_theme = "furo"
html_title = "crmkit"
