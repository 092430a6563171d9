"""Hosts of plugins: how each is installed and started, and how a plugin for it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

TRACE = """
import os, pathlib
def is_here(name):
    pathlib.Path(os.environ["TORTURE_TRACES"], name).touch()
"""
"""How a good plugin says that its hook was really called."""


@attrs.frozen(kw_only=True)
class Host:
    """One host.

    Attributes:
        requires: what is installed.
        group: the entry-point group of its plugins.
        hook: a hook implementation that runs early, with ``{body}``; ``misspelt`` and ``wrong_arguments`` are bad ones.
        head: what stands above a plugin's hooks.
        set_up: a hook in which a plugin is set up, with ``{body}``.
        core_name: the name of a plugin that is the host's own.
        files: what stands in the working folder.
        command: what is run there.
    """

    name: str
    requires: Sequence[str]
    group: str
    head: str
    hook: str
    set_up: str = ""
    misspelt: str
    wrong_arguments: str
    core_name: str
    files: Mapping[str, str] = {}
    command: Sequence[str]


PLUGGY = Host(
    name="pluggy",
    requires=("pluggy",),
    group="floor",
    head="import pluggy\nhookimpl = pluggy.HookimplMarker('floor')\n",
    hook="@hookimpl\ndef floor_set_up(name):\n    {body}\n",
    misspelt="@hookimpl\ndef floor_set_upp(name):\n    pass\n",
    wrong_arguments="@hookimpl\ndef floor_set_up(nmae):\n    pass\n",
    core_name="core",
    files={
        "host.py": """\
import sys
import pluggy

hookspec = pluggy.HookspecMarker("floor")


class Specs:
    @hookspec
    def floor_set_up(self, name):
        '''Set a plugin up.'''


class Core:
    pass


manager = pluggy.PluginManager("floor")
manager.add_hookspecs(Specs)
manager.register(Core(), "core")
manager.load_setuptools_entrypoints("floor")
manager.hook.floor_set_up(name="host")
print("plugins:", ", ".join(name for name, _ in manager.list_name_plugin()))
"""
    },
    command=("python", "host.py"),
)

PYTEST = Host(
    name="pytest",
    requires=("pytest",),
    group="pytest11",
    head="import pytest\n",
    hook="def pytest_configure(config):\n    {body}\n",
    misspelt="def pytest_configre(config):\n    pass\n",
    wrong_arguments="def pytest_configure(cnofig):\n    pass\n",
    core_name="terminal",
    files={"test_one.py": "def test_one():\n    pass\n"},
    command=("pytest", "-q", "test_one.py"),
)

TOX = Host(
    name="tox",
    requires=("tox",),
    group="tox",
    head="from tox.plugin import impl\n",
    hook="@impl\ndef tox_add_option(parser):\n    {body}\n",
    misspelt="@impl\ndef tox_add_optoin(parser):\n    pass\n",
    wrong_arguments="@impl\ndef tox_add_option(praser):\n    pass\n",
    core_name="tox.tox_env.python.runner",
    files={"tox.ini": "[tox]\nenv_list = one\n\n[testenv]\nskip_install = true\ncommands = python -c 'pass'\n"},
    command=("tox", "list"),
)

DATASETTE = Host(
    name="datasette",
    requires=("datasette", "setuptools<81"),
    group="datasette",
    head="from datasette import hookimpl\n",
    hook="@hookimpl\ndef prepare_jinja2_environment(env):\n    {body}\n",
    set_up="@hookimpl\ndef startup(datasette):\n    {body}\n",
    misspelt="@hookimpl\ndef startpu(datasette):\n    pass\n",
    wrong_arguments="@hookimpl\ndef startup(dtasette):\n    pass\n",
    core_name="datasette.facets",
    command=("datasette", "--memory", "--get", "/-/versions.json"),
)

CRMKIT = Host(
    name="crmkit",
    requires=(),
    group="crmkit1",
    head="from crmkit import Deal, Plugin, Record, hookimpl\nimport attrs\n",
    hook="@hookimpl\ndef crmkit_offers():\n    {body}\n    return []\n",
    misspelt="@hookimpl\ndef crmkit_offfers():\n    return []\n",
    wrong_arguments="@hookimpl\ndef crmkit_adjust(chnage):\n    return None\n",
    core_name="memory",
    command=("crmkit", "customers", "add", "Anna"),
)

HOSTS: Final = (CRMKIT, PLUGGY, PYTEST, TOX, DATASETTE)
