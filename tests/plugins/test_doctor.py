"""``crmkit plugins doctor``: how plugins stand now, and how they would with another crmkit that is not installed."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import crmkit
from crmkit._plugins import Loaded, load
from crmkit._plugins.foreseeing import Foreseen, Foresight, foresee
from crmkit.errors import InvalidError
from tests.plugins.test_command_line import crmkit as run

FROZEN = Path(__file__).parents[1] / "frozen" / "1.0"
SETTINGS = '[settings.pigeons]\nsender = "tower"\ntoken = "env:PATH"\n'
Wheel = Callable[..., Path]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    """A wheel of this crmkit with some texts replaced: what a later one might be."""

    def made(version: str = "0.9.0", edits: Mapping[str, tuple[str, str]] | None = None) -> Path:
        root = Path(crmkit.__file__).parent
        changes = {"__init__.py": ('__version__ = "', f'__version__ = "{version}" or "'), **(edits or {})}
        path = tmp_path_factory.mktemp("wheels") / f"crmkit-{version}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(root.rglob("*")):
                name = file.relative_to(root).as_posix()
                if file.is_file() and "__pycache__" not in name:
                    old, new = changes.get(name, ("", ""))
                    content = file.read_bytes()
                    assert old.encode() in content, f"{old!r} is not in {name}"
                    archive.writestr(
                        f"crmkit/{name}", content.replace(old.encode(), new.encode(), 1) if old else content
                    )
            archive.writestr(
                f"crmkit-{version}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: crmkit\nVersion: {version}\n"
            )
        return path

    return made


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("project") / "crmkit.toml"
    file.write_text(f'store = "memory:"\n{SETTINGS}', "utf-8")
    return file


@pytest.fixture(scope="module")
def loaded() -> Iterator[Loaded]:
    """The frozen plugins, as installed."""
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FROZEN))
        patch.setattr(sys, "dont_write_bytecode", True)
        yield load(tables={"pigeons": {"sender": "tower", "token": "env:TOKEN"}}, environ={"TOKEN": "t"})
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(FROZEN)):
            del sys.modules[name]


@pytest.fixture(scope="module")
def broken(loaded: Loaded, wheel: Wheel, project: Path) -> dict[str, Foreseen]:
    """How they would stand with a crmkit in which much was changed without a word."""
    edits = {
        "hookspecs.py": ("def crmkit_subscribe(", "def crmkit_follow("),
        "_plugins/registering.py": ('"crmkit_subscribe": ', '"crmkit_follow": '),
        "ports/channel.py": ("def poll(", "def ask("),
        "ports/store.py": ('if name == "SnapshotStore"', 'if name == "FolderStore"'),
        "ports/survey_type.py": (
            '@since("1.0")\nclass SurveyType(ABC):',
            '@since("1.0", deprecated="1.1", removed_in="2.0", instead="Questionnaire")\nclass SurveyType(ABC):',
        ),
    }
    return told(foresee(str(wheel(edits=edits)), loaded, project))


def told(foresight: Foresight) -> dict[str, Foreseen]:
    assert not foresight.problem
    return {one.name: one for one in foresight.plugins}


# --- another crmkit, by its wheel -------------------------------------------------------------------------------------
def test_the_same_crmkit_breaks_nothing(loaded: Loaded, wheel: Wheel, project: Path):
    foresight = foresee(str(wheel()), loaded, project)
    assert (foresight.crmkit, foresight.api) == ("0.9.0", "1.0")
    assert {"cards", "house-rules", "plain-rules", "pigeons"} <= set(told(foresight))
    assert {name: one for name, one in told(foresight).items() if not one.is_good} == {}


def test_whom_nothing_concerns_is_left_alone(broken: dict[str, Foreseen]):
    bad = {name for name, one in broken.items() if not one.is_good}
    assert {"plain-rules", "pigeons", "cards"} <= bad <= {"plain-rules", "pigeons", "cards", "jsonl"}


def test_a_hook_that_is_gone_names_the_plugin_that_has_it(broken: dict[str, Foreseen]):
    found = broken["plain-rules"]
    assert found.state == "failed"
    assert found.reason.startswith("It implements a hook that does not exist: 'crmkit_subscribe'.")
    assert found.remedy


def test_a_member_of_a_port_that_is_gone(broken: dict[str, Foreseen]):
    """Nothing fails to load: what the plugin wrote would never be called."""
    assert (broken["pigeons"].state, broken["pigeons"].gone) == ("active", ("Channel.poll",))


def test_a_name_that_is_gone(broken: dict[str, Foreseen]):
    assert broken["cards"].reason.startswith("Its import raised ImportError: cannot import name 'SnapshotStore'")


def test_what_is_deprecated_there_is_told_and_is_no_harm(broken: dict[str, Foreseen]):
    assert broken["comfort"].is_good
    assert broken["comfort"].deprecated == (
        "Plugin comfort (crmkit-comfort 1.0) uses SurveyType, which is deprecated since API 1.1 and goes in 2.0: use Questionnaire.",
    )
    assert broken["house-rules"].deprecated == ()


def test_an_argument_that_is_gone(loaded: Loaded, wheel: Wheel, project: Path):
    gone = {"hookspecs.py": ("def crmkit_check(change: Change[Any], context: Context[Any])", "def crmkit_check(change: Change[Any])")}  # fmt: skip
    found = told(foresee(str(wheel(edits=gone)), loaded, project))
    assert "takes an argument 'context' that is not given" in found["plain-rules"].reason


@pytest.mark.parametrize("group", ["crmkit1", "crmkit2"])
def test_another_api(loaded: Loaded, wheel: Wheel, project: Path, group: str):
    """By the ranges that plugins name; where the group changes, by the group."""
    edits = {
        "ports/plugin.py": (
            'API_VERSION = (1, 0)\n"""The version of hooks and ports that this crmkit implements; the entry-point group is ``crmkit1``."""\nGROUP = "crmkit1"',
            f'API_VERSION = (2, 0)\nGROUP = "{group}"',
        )
    }
    foresight = foresee(str(wheel("2.0.0", edits)), loaded, project)
    found = told(foresight)
    assert (foresight.crmkit, foresight.api) == ("2.0.0", "2.0")
    assert found["loans"].state == "incompatible"
    assert "this crmkit has 2.0" in found["loans"].reason or "this would be 2.0" in found["loans"].reason
    assert (found["cards"].state == "incompatible") is (group == "crmkit2")  # it names no range


def test_a_plugin_that_ends_the_process_ends_that_one(site: Any, loaded: Loaded, wheel: Wheel, project: Path):
    site.install("deadly", "import os\nos._exit(13)\n")
    foresight = foresee(str(wheel()), loaded, project)
    assert foresight.problem.startswith("Loading the plugins there ended with exit code 13")
    assert foresight.plugins == ()


def test_what_plugins_print_is_no_answer(site: Any, loaded: Loaded, wheel: Wheel, project: Path):
    site.install("chatty", "from crmkit import Plugin\nprint('{}')\nplugin = Plugin('chatty')\n")
    assert not foresee(str(wheel()), loaded, project).problem


def test_a_project_that_it_can_not_open_is_told(loaded: Loaded, wheel: Wheel, project: Path):
    edits = {"settings/project.py": ('    "store": str,\n', '    "place": str,\n')}
    assert "'store' is nothing that can be set" in foresee(str(wheel(edits=edits)), loaded, project).problem


@pytest.mark.parametrize("content", [None, b"no archive", "other"])
def test_what_is_no_wheel_of_crmkit_is_refused(loaded: Loaded, tmp_path: Path, content: Any):
    path = tmp_path / "crmkit-1.0-py3-none-any.whl"
    if content == "other":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("other/__init__.py", "")
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidError, match=r"can not be read|is no wheel of crmkit"):
        foresee(str(path), loaded, None)


# --- by versions alone ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("against", ["newest", "", "1.0 beta", "api:", "api:two"])
def test_what_is_no_version_is_refused(against: str):
    with pytest.raises(InvalidError, match="is no version and no wheel"):
        foresee(against, Loaded(), None)


@pytest.mark.parametrize(("against", "state"), [("0.1.5", "active"), ("0.0.9", "incompatible")])
def test_a_version_is_judged_by_what_is_required(loaded: Loaded, against: str, state: str):
    foresight = foresee(against, loaded, None)
    assert told(foresight)["loans"].state == state
    assert "name the wheel" in foresight.note


@pytest.mark.parametrize(
    ("against", "loans", "cards"),
    [
        ("api:1.7", "active", "active"),
        ("api:2.0", "incompatible", "incompatible"),
        ("api:0.9", "incompatible", "incompatible"),
    ],
)
def test_an_api_is_judged_by_ranges(loaded: Loaded, against: str, loans: str, cards: str):
    found = told(foresee(against, loaded, None))
    assert (found["loans"].state, found["cards"].state) == (loans, cards)
    assert found["loans"].reason == (
        "" if loans == "active" else f"It needs the API >=1.0,<2; this would be {against[4:]}."
    )


def test_an_api_in_which_what_is_used_has_gone():
    from crmkit import Plugin
    from crmkit.ports.lifetime import PluginDeprecation, since

    @since("1.0", deprecated="1.0", removed_in="2.0", instead="Door")
    class OldDoor: ...

    with pytest.warns(PluginDeprecation):
        made = load([Plugin("worn", api=">=1.0,<3", offers=[OldDoor()])], discover=False, builtins=False)
    (now,) = foresee("api:1.5", made, None).plugins
    (then,) = foresee("api:2.0", made, None).plugins
    assert (now.is_good, now.gone, len(now.deprecated)) == (True, (), 1)
    assert (then.is_good, then.gone, then.deprecated) == (False, ("OldDoor",), ())


def test_who_is_switched_off_needs_no_hand(site: Any):
    site.install("old", more=", api='<2'")
    found = told(foresee("api:2.0", load(builtins=False, disabled=["old"]), None))["old"]
    assert (found.state, found.is_good) == ("disabled", True)


# --- the command ---------------------------------------------------------------------------------------------------------
def test_the_exit_code_says_whether_somebody_has_to_do_something(site: Any, tmp_path: Path, wheel: Wheel):
    (tmp_path / "crmkit.toml").write_text('store = "memory:"\n', "utf-8")
    site.install("fine", more=", api='<2'")
    assert run(site, tmp_path, "plugins", "doctor").returncode == 0
    same = run(site, tmp_path, "plugins", "doctor", "--against", str(wheel()))
    assert (same.returncode, same.stdout.splitlines()[0]) == (0, "With crmkit 0.9.0, API 1.0:")
    other = run(site, tmp_path, "plugins", "doctor", "--against", "api:2.0", "--json")
    assert other.returncode == 7
    answer = json.loads(other.stdout)
    (then,) = [one for one in answer["against"]["plugins"] if one["name"] == "fine"]
    assert (then["state"], answer["against"]["api"]) == ("incompatible", "2.0")
    assert [one for one in answer["hands"] if one.startswith("fine: incompatible. It needs the API <2")]
    assert run(site, tmp_path, "plugins", "doctor", "--against", "gone.whl").returncode == 2
    site.install("broken", "1 / 0")
    now = run(site, tmp_path, "plugins", "doctor", "--json")
    assert now.returncode == 7
    assert json.loads(now.stdout)["hands"][0].startswith("Plugin broken (crmkit-broken 1.0) is failed.")
