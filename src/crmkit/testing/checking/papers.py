"""What of a plugin can be read: its names, its documentation, and whether somebody minds it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from .distribution import Distribution
from .findings import Finding, Rung

_CHANGES: Final = re.compile(r"^(CHANGELOG|CHANGES|HISTORY|NEWS)(\.\w+)?$", re.IGNORECASE)
_LICENCE: Final = re.compile(r"^(LICEN[SC]E|COPYING)", re.IGNORECASE)
_FEW_WORDS: Final = 50
_TOLD: Final = ("channel", "survey type", "kpi", "record type", "commands", "store")
"""Kinds of offers that people use by name: the README says of each that it is there."""
_ENOUGH: Final = 4
"""So many letters make two words of one stem."""


def judge_names(distribution: Distribution, name: str, facts: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with names: whoever reads one should know whose it is."""
    manifest: Mapping[str, Any] = facts.get("manifest", {})
    own = str(manifest.get("name", name))
    told = (
        ""
        if own == name
        else f"Its entry point is called {name!r}, but the plugin calls itself {own!r}: give both one name."
    )
    yield _found("entry point", "works", told)
    made_for = str(facts.get("made_for", ""))
    is_other = bool(made_for and distribution.version) and made_for != distribution.version
    other = f"Its manifest was made for version {made_for}, and it is {distribution.version}: write it anew by crmkit plugins manifest."
    yield _found("version of the manifest", "works", other if is_other else "")
    plain = _plain(distribution.name)
    is_ours = plain.startswith("crmkit-") or "crmkit" in plain
    yield _found(
        "distribution",
        "maintained",
        "" if is_ours else f"{distribution.name!r} does not say what it is for: call it crmkit-{name}.",
    )
    strange = [
        f"{kind} {one}" for kind, one in _ids(manifest) if not _is_akin(one, f"{name} {plain.removeprefix('crmkit-')}")
    ]
    yield _found(
        "ids", "maintained",
        f"{', '.join(strange)}: a name that does not begin like the plugin's may be another plugin's too: put {name}- before it." if strange else "",
    )  # fmt: skip


def _ids(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    offers: Mapping[str, list[str]] = manifest.get("offers", {})
    for kind in ("record type", "channel", "survey type", "kpi", "commands", "store"):
        for name in offers.get(kind, ()):
            yield kind, name


def _is_akin(one: str, name: str) -> bool:
    """Whether a word of an id has the stem of a word of the plugin's name: ``case-duration`` and ``cases``."""
    stems = [word[:_ENOUGH] for word in re.split(r"[^a-z0-9]+", name.lower()) if word]
    words = re.split(r"[^a-z0-9]+", one.lower())
    return any(
        word.startswith(stem) or (len(word) >= _ENOUGH and stem.startswith(word[:_ENOUGH]))
        for word in words
        for stem in stems
    )


def judge_papers(distribution: Distribution, facts: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is missing for people who read before they use."""
    words = len(distribution.readme.split())
    few = (
        f"Its README has {words} words: say what it does, how it is installed, set and used."
        if words < _FEW_WORDS
        else ""
    )
    yield _found("readme", "documented", few)
    manifest: Mapping[str, Any] = facts.get("manifest", {})
    silent = sorted(set(_unmentioned(distribution.readme, manifest)))
    yield _found(
        "readme names all", "documented", f"Its README does not name {', '.join(silent)}." if silent and not few else ""
    )
    bare = facts.get("undocumented", ())
    yield _found("docstrings", "documented", f"Without a docstring: {', '.join(bare)}." if bare else "")
    lacks = (
        "" if any(_LICENCE.match(name) for name in distribution.files) else "It has no licence: add the file LICENSE."
    )
    yield _found("licence", "documented", lacks)
    if not distribution.is_wheel:
        lacks = (
            ""
            if any(_CHANGES.match(name) for name in distribution.files)
            else "It does not say what changed: add CHANGELOG.md."
        )
        yield _found("changelog", "documented", lacks)


def _unmentioned(readme: str, manifest: Mapping[str, Any]) -> Iterator[str]:
    offers: Mapping[str, list[str]] = manifest.get("offers", {})
    text = readme.lower().replace("_", "-")
    for kind, names in offers.items():
        if kind in _TOLD:
            yield from (f"the {kind} {name}" for name in names if name.lower().replace("_", "-") not in text)
    settings: Mapping[str, Any] = manifest.get("settings") or {}
    yield from (
        f"the setting {key}" for key in settings.get("required", ()) if key.lower().replace("_", "-") not in text
    )


def judge_upkeep(distribution: Distribution, facts: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is missing for those who rely on it next year too."""
    ours = next((one for one in distribution.requires if re.match(r"crmkit\b(?![-_.])", one)), "")
    told = (
        "" if re.search(r"[><=~]", ours) else "Its requirements do not say which crmkit it was written for: crmkit>=..."
    )
    yield _found("crmkit", "maintained", told)
    yield _found(
        "python",
        "maintained",
        "" if distribution.requires_python else "It does not say which Pythons it runs on: requires-python.",
    )
    yield _found(
        "version",
        "maintained",
        "" if distribution.version else "It has no version that can be read: set version in pyproject.toml.",
    )
    if distribution.is_wheel:
        urls = (
            ""
            if distribution.urls
            else "Its metadata say nowhere where it is kept: [project.urls]. (A wheel shows no tests: check its source.)"
        )
        yield _found("home", "maintained", urls)
        return
    has_tests = any(name.startswith("tests/") for name in distribution.files)
    yield _found(
        "tests",
        "maintained",
        "" if has_tests else "It has no tests: its own examples and the contracts in tests/test_*.py.",
    )
    has_runs = any(
        name.startswith((".github/workflows/", ".gitlab-ci", "tox.ini", "noxfile.py")) for name in distribution.files
    )
    yield _found("runs", "maintained", "" if has_runs else "Nothing runs its tests: add tox.ini or a CI file.")
    yield _found("changes", "maintained", _unlisted(distribution))


def _unlisted(distribution: Distribution) -> str:
    """Return what is wrong with the changelog: the version that is there now is not in it."""
    if distribution.root is None or not distribution.version:
        return ""
    for name in distribution.files:
        if _CHANGES.match(name) and distribution.version in (distribution.root / name).read_text("utf-8", "replace"):
            return ""
    return f"No changelog tells of version {distribution.version}."


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _found(check: str, rung: Rung, problem: str) -> Finding:
    return Finding(check=check, rung=rung, problem=problem)
