"""What is read of a plugin: each finding is made where its fact is missing, and nowhere else; the rungs follow from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from crmkit.testing.checking import Counts, Finding, Judgement, Rung
from crmkit.testing.checking.distribution import Distribution
from crmkit.testing.checking.papers import judge_names, judge_papers, judge_upkeep

README = (
    "crmkit-cases keeps cases: the record type case, the commands cases, the KPI case-duration. " * 5 + "Set `token`."
)
FACTS: dict[str, Any] = {
    "manifest": {
        "name": "cases",
        "offers": {"record type": ["case"], "commands": ["cases"], "kpi": ["case-duration"]},
        "settings": {"required": ["token"]},
    },
    "undocumented": [],
}


@pytest.fixture
def whole(tmp_path: Path) -> Distribution:
    (tmp_path / "CHANGELOG.md").write_text("## 0.3\n", "utf-8")
    return Distribution(
        name="crmkit-cases", version="0.3", place=tmp_path, root=tmp_path, points={"cases": "crmkit_cases:plugin"}, readme=README,
        requires=("crmkit>=0.1",), requires_python=">=3.11", urls=("https://example.org",),
        files=("CHANGELOG.md", "LICENSE", "README.md", "tests/test_cases.py", "tox.ini"),
    )  # fmt: skip


def found(distribution: Distribution, facts: dict[str, Any]) -> set[str]:
    """The names of what is wrong."""
    every = [
        *judge_names(distribution, "cases", facts),
        *judge_papers(distribution, facts),
        *judge_upkeep(distribution, facts),
    ]
    return {one.check for one in every if one.problem}


def test_nothing_is_wrong_with_what_is_whole(whole: Distribution) -> None:
    assert found(whole, FACTS) == set()
    assert found(attrs.evolve(whole, root=None, files=("LICENSE",)), FACTS) == set()


def without(whole: Distribution, name: str) -> tuple[str, ...]:
    return tuple(file for file in whole.files if file != name)


@pytest.mark.parametrize(
    ("wrong", "check"),
    [
        ({"name": "cases-of-mine"}, "distribution"),
        ({"readme": "Cases."}, "readme"),
        ({"readme": README.replace("case-duration", "duration")}, "readme names all"),
        ({"readme": README.replace("token", "key")}, "readme names all"),
        ({"requires": ("crmkit",)}, "crmkit"),
        ({"requires": ("crmkit-smtp>=1",)}, "crmkit"),
        ({"requires_python": ""}, "python"),
        ({"version": ""}, "version"),
        ({"version": "0.4"}, "changes"),
        ({"urls": (), "root": None}, "home"),
        ({"files": "LICENSE"}, "licence"),
        ({"files": "tests/test_cases.py"}, "tests"),
        ({"files": "tox.ini"}, "runs"),
    ],
)
def test_what_is_missing_is_found(whole: Distribution, wrong: dict[str, Any], check: str) -> None:
    if "files" in wrong:
        wrong = {"files": without(whole, wrong["files"])}
    assert found(attrs.evolve(whole, **wrong), FACTS) == {check}


def test_a_changelog_that_is_missing_tells_of_no_version_either(whole: Distribution) -> None:
    assert found(attrs.evolve(whole, files=without(whole, "CHANGELOG.md")), FACTS) == {"changelog", "changes"}


@pytest.mark.parametrize(
    ("facts", "check"),
    [
        ({"undocumented": ["hook titled"]}, "docstrings"),
        ({"made_for": "0.2"}, "version of the manifest"),
        ({"manifest": {**FACTS["manifest"], "name": "case"}}, "entry point"),
        ({"manifest": {**FACTS["manifest"], "offers": {"kpi": ["case-duration", "revenue"]}}}, "ids"),
    ],
)
def test_what_is_wrong_with_its_offers_is_found(whole: Distribution, facts: dict[str, Any], check: str) -> None:
    assert check in found(attrs.evolve(whole, readme=f"{README} revenue"), {**FACTS, **facts})


@pytest.mark.parametrize(
    ("missing", "rung", "above"),
    [
        ((), "maintained", None),
        (("maintained",), "documented", "maintained"),
        (("documented",), "typed", "documented"),
        (("typed", "maintained"), "works", "typed"),
        (("works",), None, "works"),
    ],
)
def test_a_rung_is_reached_where_nothing_is_missing_below(
    missing: tuple[Rung, ...], rung: str | None, above: str | None
) -> None:
    findings = tuple(Finding(check="x", rung=one, problem="It is missing.") for one in missing)
    judgement = Judgement(
        distribution="x",
        version="1",
        plugins=(),
        counts=Counts(),
        findings=(Finding(check="y", rung="works"), *findings),
    )
    assert (judgement.rung, judgement.next_rung) == (rung, above)
