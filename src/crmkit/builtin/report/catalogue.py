"""Reads the label files: one language is one file beside this module."""

import tomllib
from collections.abc import Mapping
from datetime import date
from importlib import resources
from typing import Any

from crmkit.builtin.report.numerals import Numerals
from crmkit.builtin.report.reader import Dates, Reader
from crmkit.builtin.report.view import Direction
from crmkit.errors import InvalidError

_DEFAULT = "en"


def languages() -> tuple[str, ...]:
    """The languages that the report can be read in, as two-letter codes."""
    files = (entry.name for entry in _folder().iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in files if name.endswith(".toml")))


def known_language(language: str) -> str:
    """The two-letter code of a language tag.

    Raises:
        InvalidError: the report can not be read in it.
    """
    code = _code(language)
    if code not in languages():
        raise InvalidError(
            f"The report can not be read in {language!r}: its languages are {', '.join(languages())}.",
            code="unknown_language",
        )
    return code


def kpi_titles(language: str) -> Mapping[str, str]:
    """The names of KPIs in a language; one that is not here keeps its author's."""
    titles: dict[str, str] = _table(_known(language)).get("kpis", {})
    return titles


def channel_names(language: str) -> Mapping[str, str]:
    """The names of channels in a language, by key; one that is not here keeps its key."""
    names: dict[str, str] = _table(_known(language)).get("channels", {})
    return names


def word(language: str, key: str) -> str:
    """A text without slots, plain, for whoever fills a view."""
    found: str = {**_table(_DEFAULT)["words"], **_table(_known(language))["words"]}[key]
    return found


def noun_of(record_type: str, language: str) -> str:
    """What many records of a type are called; a plugin's are called after its name."""
    words: dict[str, str] = {**_table(_DEFAULT)["words"], **_table(_known(language))["words"]}
    return words.get(f"noun_{record_type}") or f"{record_type}s".replace("_", " ")


def reader_of(language: str, today: date, direction: Direction | None = None) -> Reader:
    """The reader of a language tag; an unknown language is read in English.

    ``fa-IR`` is read as ``fa``. A direction overrides the language's own.
    Near ``today`` periods are named without their year.
    """
    known = _known(language)
    default, own = _table(_DEFAULT), _table(known)
    return Reader(
        language=known,
        direction=direction or own["language"]["direction"],
        plural=own["language"]["plural"],
        words={**default["words"], **own["words"]},
        numerals=_numerals(default["numbers"], own["numbers"]),
        dates=_dates({**default["dates"], **own["dates"]}),
        today=today,
    )


def _code(language: str) -> str:
    return language.replace("_", "-").partition("-")[0].lower()


def _known(language: str) -> str:
    code = _code(language)
    return code if code in languages() else _DEFAULT


def _folder() -> Any:  # importlib.resources.abc.Traversable, whose place differs between 3.11 and 3.14
    return resources.files("crmkit.builtin.report") / "labels"


def _table(code: str) -> dict[str, Any]:  # Any: what tomllib gives
    return tomllib.loads((_folder() / f"{code}.toml").read_text("utf-8"))


def _numerals(default: Mapping[str, Any], own: Mapping[str, Any]) -> Numerals:
    signs = {key: own[key] for key in ("digits", "group", "decimal", "minus", "percent", "money") if key in own}
    symbols = {**default["symbols"], **own.get("symbols", {})}
    return Numerals(**signs, symbols=symbols, places={**default["places"], **own.get("places", {})})


def _dates(table: Mapping[str, Any]) -> Dates:
    names = ("months", "short", "hijri_months")
    return Dates(
        months=tuple(table["months"]),
        short=tuple(table["short"]),
        hijri_months=tuple(table.get("hijri_months", ())),
        patterns={key: value for key, value in table.items() if key not in names},
    )
