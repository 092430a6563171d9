"""Run as a program of its own, with another crmkit first on the path: says how a project's plugins stand there.

It uses public names alone, since the crmkit that it meets may be newer than this file; what that one does not tell is left out.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
import warnings
from typing import Any


def main(told: str) -> None:
    """Print one line of JSON: the version, the API, how each plugin stands, and what was warned of; or why nothing opens."""
    given = json.loads(told)
    sys.path[:0] = [given["folder"], *given["path"]]
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(sys.stderr):
        warnings.simplefilter("always")
        answer = _answer(given["project"])
    words = [str(one.message) for one in caught if one.category.__name__ == "PluginDeprecation"]
    print(json.dumps({**answer, "deprecated": words}))  # noqa: T201 - what is printed is the answer


def _answer(project: str | None) -> dict[str, Any]:
    crmkit: Any = importlib.import_module("crmkit")  # the other one, by the face that every version has
    plugin: Any = importlib.import_module("crmkit.ports.plugin")
    facts = {"crmkit": crmkit.__version__, "api": ".".join(map(str, plugin.API_VERSION)), "group": plugin.GROUP}
    try:
        with crmkit.CRM.project(project, store="memory:") as crm:
            return {**facts, "plugins": [_state(crm, state) for state in crm.plugins if not state.is_builtin]}
    except Exception as error:  # noqa: BLE001 - whatever keeps it from opening is the answer
        return {**facts, "problem": f"{type(error).__name__}: {error}"}


def _state(crm: Any, state: Any) -> dict[str, Any]:
    told = {name: getattr(state, name) for name in ("name", "distribution", "version", "state", "reason", "remedy")}
    uses = getattr(crm.house.loaded, "uses", {}).get(state.name)
    return told if uses is None else {**told, "uses": [use.what for use in uses]}


if __name__ == "__main__":
    main(sys.argv[1])
