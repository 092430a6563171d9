"""Settings of a plugin: types, layers, all problems at once, secrets by reference."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest

from crmkit.errors import DeclarationError
from crmkit.ports.secret import Secret
from crmkit.settings import plugin_settings, settings_told, variable_of


@attrs.frozen
class Settings:
    """One of each kind."""

    sender: str
    token: Secret | None = None
    url: str = "https://api.example/v1"
    timeout_s: float = 10
    attempts: int = 3
    is_live: bool = False
    price: Decimal = Decimal("0.07")
    languages: tuple[str, ...] = ("en",)
    folder: Path = Path()
    mode: Literal["fast", "safe"] = "safe"
    routes: dict[str, Any] = attrs.field(factory=dict)


def made(
    table: dict[str, Any] | None = None, environ: dict[str, str] | None = None, code: Any = None, **more: Any
) -> Settings:
    return plugin_settings(Settings, {"sender": "+31", **(table or {})}, environ, code, plugin="ringo-sms", **more)


def problems(table: dict[str, Any], environ: dict[str, str] | None = None, code: Any = None) -> tuple[str, ...]:
    with pytest.raises(DeclarationError) as caught:
        made(table, environ, code)
    return caught.value.problems


@pytest.mark.parametrize(
    ("key", "given", "kept"),
    [
        ("timeout_s", 5, 5.0),
        ("price", "0.10", Decimal("0.10")),
        ("price", 2, Decimal(2)),
        ("languages", ["nl", "fa"], ("nl", "fa")),
        ("folder", "logs", Path("logs")),
        ("mode", "fast", "fast"),
        ("routes", {"NL": "a"}, {"NL": "a"}),
        ("is_live", True, True),
    ],
)
def test_a_value_of_the_file_becomes_what_the_type_says(key: str, given: object, kept: object):
    found = getattr(made({key: given}), key)
    assert (found, type(found)) == (kept, type(kept))


@pytest.mark.parametrize(
    ("key", "text", "kept"),
    [
        ("timeout_s", "2.5", 2.5),
        ("attempts", "7", 7),
        ("is_live", "yes", True),
        ("is_live", "0", False),
        ("price", "1.20", Decimal("1.20")),
        ("languages", "nl, fa", ("nl", "fa")),
        ("mode", "fast", "fast"),
    ],
)
def test_text_of_the_environment_is_read_by_type(key: str, text: str, kept: object):
    assert getattr(made(environ={variable_of("ringo-sms", key): text}), key) == kept


def test_the_environment_goes_before_the_file_and_code_before_both():
    variable = {"CRMKIT_RINGO_SMS__ATTEMPTS": "5"}
    assert made({"attempts": 4}).attempts == 4
    assert made({"attempts": 4}, variable).attempts == 5
    assert made({"attempts": 4}, variable, {"attempts": 6}).attempts == 6
    assert made({"attempts": 4}, variable, Settings("+32")) == Settings("+32")


def test_a_secret_is_taken_by_reference_and_never_shown(tmp_path: Path):
    (tmp_path / "token.txt").write_text("s3cr3t\n", "utf-8")
    from_file = made({"token": "file:token.txt"}, folder=tmp_path)
    from_environment = made({"token": "env:RINGO"}, {"RINGO": "s3cr3t"})
    assert from_file.token == from_environment.token
    assert from_file.token is not None
    assert from_file.token.reveal() == "s3cr3t"
    assert "s3cr3t" not in f"{from_file} {from_file!r} {from_file.token}"


def test_plain_text_may_be_a_reference_too():
    told = settings_told(Settings, {"sender": "env:FROM"}, {"FROM": "+3161"}, plugin="ringo-sms")
    assert told.settings.sender == "+3161"
    assert told.redacted("sent from +3161") == "sent from ***"


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"timeout_s": "soon"}, "settings.ringo-sms.timeout_s: 'soon' is no number."),
        ({"timeout_s": True}, "settings.ringo-sms.timeout_s: True is no number."),
        ({"attempts": 1.5}, "settings.ringo-sms.attempts: 1.5 is no whole number."),
        ({"is_live": "maybe"}, "settings.ringo-sms.is_live: 'maybe' is neither true nor false."),
        ({"is_live": 1}, "settings.ringo-sms.is_live: 1 is neither true nor false."),
        ({"price": "NaN"}, "settings.ringo-sms.price: 'NaN' is no number."),
        ({"url": 5}, "settings.ringo-sms.url: 5 is no text: put it in quotes."),
        ({"languages": 5}, "settings.ringo-sms.languages: 5 is no list."),
        ({"languages": ["nl", 5]}, "settings.ringo-sms.languages: 5 is no text: put it in quotes."),
        ({"mode": "wild"}, "settings.ringo-sms.mode: 'wild' is none of 'fast', 'safe'."),
        ({"routes": 5}, "settings.ringo-sms.routes: 5 is no table."),
        ({"token": "s3cr3t"}, "settings.ringo-sms.token is a secret: say where it is, as 'env:NAME' or 'file:PATH'."),
        ({"token": "env:GONE"}, "settings.ringo-sms.token: the environment has no GONE: set it."),
        (
            {"token": "file:/no/such"},
            "settings.ringo-sms.token: the file '/no/such' can not be read (No such file or directory).",
        ),
        ({"urll": "x"}, "settings.ringo-sms.urll is no setting of ringo-sms. Did you mean 'url'?"),
    ],
)
def test_a_wrong_setting_is_told_with_its_key_path(table: dict[str, Any], told: str):
    assert problems(table) == (told,)


def test_a_wrong_variable_and_a_wrong_argument_are_told_too():
    assert problems({}, {"CRMKIT_RINGO_SMS__URLL": "x"}) == (
        "CRMKIT_RINGO_SMS__URLL is no setting of ringo-sms. Did you mean 'CRMKIT_RINGO_SMS__URL'?",
    )
    assert problems({}, None, {"urll": "x"}) == (
        "settings['ringo-sms']['urll'] is no setting of ringo-sms. Did you mean 'url'?",
    )


def test_another_plugins_variables_are_not_ours():
    assert made(environ={"CRMKIT_RINGO__URLL": "x", "CRMKIT_RINGO_SMS_2__URLL": "x"}) == Settings("+31")


def test_all_problems_come_at_once_and_what_is_missing_says_where_to_set_it():
    with pytest.raises(DeclarationError) as caught:
        plugin_settings(Settings, {"attempts": "x", "urll": 1}, {}, plugin="ringo-sms")
    assert len(caught.value.problems) == 3
    assert "sender is missing: set it under [settings.ringo-sms], or CRMKIT_RINGO_SMS__SENDER." in caught.value.problems


def test_what_a_validator_raises_is_told_without_secrets():
    def refuse(_: object, __: object, value: Secret) -> None:
        raise ValueError(f"bad token {value.reveal()}")

    of = attrs.make_class("Strict", {"token": attrs.field(type=Secret, validator=refuse)})
    with pytest.raises(DeclarationError, match=r"ValueError: bad token \*\*\*"):
        plugin_settings(of, {"token": "env:T"}, {"T": "s3cr3t"}, plugin="strict")


def test_an_instance_of_another_class_is_refused():
    with pytest.raises(DeclarationError, match="give one of Settings"):
        made(code=object())


def test_a_class_that_is_none_of_attrs_is_refused():
    with pytest.raises(DeclarationError, match="is no attrs class"):
        plugin_settings(dict, {}, {}, plugin="plain")


@attrs.frozen
class Places:
    default: Path = Path("mail")
    given: Path = Path()
    by_program: Path = Path()
    absolute: Path = Path("/var/mail")


def test_a_relative_path_is_meant_beside_the_projects_file(tmp_path: Path):
    found = plugin_settings(Places, {"given": "here"}, code={"by_program": "there"}, plugin="p", folder=tmp_path)
    assert found == Places(tmp_path / "mail", tmp_path / "here", Path("there"), Path("/var/mail"))
    assert plugin_settings(Places, {"given": "here"}, plugin="p") == Places(given=Path("here"))
