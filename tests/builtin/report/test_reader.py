"""Words, numbers, days: as readers of each language write them."""

import string
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib import resources
from typing import Any

import pytest

from crmkit.builtin.report.calendars import solar_hijri, whole_span
from crmkit.builtin.report.catalogue import languages, reader_of
from crmkit.builtin.report.markup import Markup, figures, isolated, plain
from crmkit.builtin.report.numerals import Numerals
from crmkit.builtin.report.plurals import plural_form
from crmkit.builtin.report.reader import Reader

TODAY = date(2026, 11, 24)
DAY = timedelta(days=1)


def reader(language: str = "en") -> Reader:
    return reader_of(language, TODAY)


def words(code: str) -> Mapping[str, Any]:
    source = resources.files("crmkit.builtin.report") / "labels" / f"{code}.toml"
    return tomllib.loads(source.read_text("utf-8"))


def seen(source: Markup) -> str:
    return str(plain(source)).translate(dict.fromkeys(map(ord, "\u2066\u2067\u2068\u2069")))


def slots(phrase: str | Mapping[str, str]) -> set[str]:
    forms = [phrase] if isinstance(phrase, str) else phrase.values()
    return {slot for form in forms for _, slot, _, _ in string.Formatter().parse(form) if slot}


@pytest.mark.parametrize(
    ("value", "places", "written"),
    [
        (1234567, 0, "1,234,567"),
        (-1234.5, 1, "-1,234.5"),
        (0.5, 0, "0"),
        (1.5, 0, "2"),
        (2.5, 0, "2"),
        (-0.4, 0, "0"),
        (Decimal("123456789012.345"), 2, "123,456,789,012.34"),
        (10**24, 0, "1,000,000,000,000,000,000,000,000"),
    ],
)
def test_numbers_are_rounded_half_even_once(value: float, places: int, written: str) -> None:
    """Half goes to the even digit, and there is no negative zero."""
    assert Numerals().write(value, places) == written


@pytest.mark.parametrize(
    ("language", "number", "share", "money"),
    [
        ("en", "1,234.5", "12%", "€1,249.00"),
        ("nl", "1.234,5", "12%", "€ 1.249,00"),
        ("he", "1,234.5", "12%", "€ 1,249.00"),
        ("fa", "۱٬۲۳۴٫۵", "٪۱۲", "€ ۱٬۲۴۹٫۰۰"),
        ("ar", "١٬٢٣٤٫٥", "٪١٢", "€ ١٬٢٤٩٫٠٠"),
        ("hu", "1 234,5", "12%", "1 249,00 €"),
    ],
)
def test_numbers_are_written_as_the_reader_does(language: str, number: str, share: str, money: str) -> None:
    """Digits, separators and signs are the language's."""
    numerals = reader(language).numerals
    written = (numerals.write(1234.5, 1), numerals.write_percent(0.12), numerals.write_money(1249, "EUR"))
    assert tuple(text.replace("\u00a0", " ") for text in written) == (number, share, money)


def test_currencies_have_their_own_places() -> None:
    """Minor units differ; a currency without a sign shows its code, signs stand before all."""
    numerals = reader().numerals
    assert numerals.write_money(1500, "JPY") == "JPY\u00a01,500"
    assert numerals.write_money(Decimal("1.5"), "KWD") == "KWD\u00a01.500"
    assert numerals.write_money(-3, "USD") == "-$3.00"
    assert reader("hu").numerals.write_money(5, "CHF", 0) == "5\u00a0CHF"
    assert reader("nl").numerals.write_money(5, "CHF", 0) == "CHF 5"


@pytest.mark.parametrize(
    ("rule", "forms"),
    [
        ("one-other", {0: "other", 1: "one", 2: "other", 1.5: "other"}),
        ("zero-one-other", {0: "one", 0.4: "one", 1: "one", 2: "other"}),
        ("hebrew", {0: "other", 1: "one", 2: "two", 2.5: "other", 20: "other"}),
        (
            "arabic",
            {
                0: "zero",
                1: "one",
                2: "two",
                3: "few",
                10: "few",
                11: "many",
                99: "many",
                100: "other",
                103: "few",
                4.6: "other",
            },
        ),
    ],
)
def test_plural_forms(rule: str, forms: dict[float, str]) -> None:
    """The forms of CLDR."""
    assert {count: plural_form(rule, count) for count in forms} == forms


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2021, 3, 20), (1399, 12, 30)),
        (date(2021, 3, 21), (1400, 1, 1)),
        (date(2024, 3, 20), (1403, 1, 1)),
        (date(2025, 3, 20), (1403, 12, 30)),
        (date(2030, 3, 20), (1408, 12, 30)),
        (date(1979, 2, 11), (1357, 11, 22)),
        (date(2026, 9, 22), (1405, 6, 31)),
        (date(2026, 9, 23), (1405, 7, 1)),
    ],
)
def test_solar_hijri_days(day: date, expected: tuple[int, int, int]) -> None:
    """Known days, the 30th of Esfand of leap years among them."""
    assert solar_hijri(day) == expected


def test_solar_hijri_days_follow_each_other() -> None:
    """Every day of two centuries is the day after the one before."""
    day, before = date(1880, 1, 1), solar_hijri(date(1879, 12, 31))
    while day < date(2090, 1, 1):
        now = solar_hijri(day)
        assert now == (before[0], before[1], before[2] + 1) or now in {
            (before[0], before[1] + 1, 1),
            (before[0] + 1, 1, 1),
        }
        day, before = day + DAY, now


def test_periods_have_names() -> None:
    """Months, quarters, years, weeks, days and what is none of them."""
    english = reader()
    named = {
        (date(2026, 5, 1), date(2026, 6, 1)): ("May 2026", "May"),
        (date(2026, 4, 1), date(2026, 7, 1)): ("Q2 2026", "Q2"),
        (date(2026, 1, 1), date(2027, 1, 1)): ("2026", "2026"),
        (date(2026, 5, 4), date(2026, 5, 11)): ("week of 4 May 2026", "week of 4 May"),
        (date(2026, 5, 4), date(2026, 5, 5)): ("4 May 2026", "4 May"),
        (date(2026, 5, 4), date(2026, 5, 7)): ("4 May 2026 to 6 May 2026", "4 May to 6 May"),
        (date(2024, 5, 1), date(2024, 6, 1)): ("May 2024", "May 2024"),
        (date(2025, 11, 1), date(2025, 12, 1)): ("November 2025", "November 2025"),
    }
    assert {ends: (english.period(*ends), english.period(*ends, brief=True)) for ends in named} == named


def test_persian_reader_has_two_calendars() -> None:
    """Months of the Solar Hijri year have its names, Gregorian ones theirs."""
    persian = reader("fa")
    assert persian.period(date(2026, 10, 23), date(2026, 11, 22)) == "آبان ۱۴۰۵"
    assert persian.period(date(2026, 10, 1), date(2026, 11, 1)) == "اکتبر ۲۰۲۶"
    assert persian.period(date(2026, 3, 21), date(2027, 3, 21)) == "۱۴۰۵"
    assert persian.moment(datetime(2026, 11, 24, 9, 5)) == "۳ آذر ۱۴۰۵، ۰۹:۰۵"  # noqa: DTZ001 - only how it is written


def test_whole_spans_are_whole() -> None:
    """A month from the second to the second is no month; a year from July is none."""
    assert whole_span(date(2026, 5, 2), date(2026, 6, 2), lambda day: (day.year, day.month, day.day)) is None
    assert whole_span(date(2026, 7, 1), date(2027, 7, 1), lambda day: (day.year, day.month, day.day)) is None


def test_durations_take_their_largest_unit() -> None:
    """Two days are days, less are hours, less than two hours are minutes."""
    english = reader()
    written = [seen(english.lasting(timedelta(hours=hours))) for hours in (49, 48, 47, 2, 1, -3)]
    assert written == ["2 days", "2 days", "47 hours", "2 hours", "60 minutes", "0 minutes"]


def test_lists_read_as_sentences() -> None:
    """One, two and three items."""
    items = [Markup("a"), Markup("b"), Markup("c")]
    assert [reader().listed(items[:count]) for count in (1, 2, 3)] == ["a", "a and b", "a, b and c"]


def test_names_in_sentences_are_isolated_and_escaped() -> None:
    """What is put into a sentence can not change it."""
    said = reader().say("wait_longest", finding="<b>", duration=Markup("<i>x</i>"))
    assert said == "<bdi>&lt;b&gt;</bdi>, the longest for <i>x</i>"
    assert plain(reader().say("lowest", kpi="{n}", group="a", value="b")).startswith("\u2068{n}\u2069 is lowest")


def test_names_without_letters_run_from_left_to_right() -> None:
    """A telephone number keeps its plus sign in front in a right-to-left page."""
    assert isolated("+31 6 12") == figures("+31 6 12")
    assert isolated("דוד") == "<bdi>דוד</bdi>"


@pytest.mark.parametrize("code", languages())
def test_languages_fit_the_catalogue(code: str) -> None:
    """A language has only known texts with known slots, and the forms that its plural needs."""
    english, own = words("en"), words(code)
    assert own["words"].keys() <= english["words"].keys()
    strange = {key: slots(own["words"][key]) - slots(english["words"][key]) for key in own["words"]}
    assert not {key: found for key, found in strange.items() if found}
    assert all("other" in phrase for phrase in own["words"].values() if not isinstance(phrase, str))
    assert len(own["dates"]["months"]) == len(own["dates"]["short"]) == 12


@pytest.mark.parametrize("code", set(languages()) - {"en"})
def test_languages_lack_nothing_that_reads_as_english(code: str) -> None:
    """Only texts without a word of their own may be left to the English catalogue."""
    english, own = words("en")["words"], words(code)["words"]
    left = {key: english[key] for key in english.keys() - own.keys()}
    assert not {key: phrase for key, phrase in left.items() if any(char.isalpha() for char in _outside_slots(phrase))}


def _outside_slots(phrase: str | Mapping[str, str]) -> str:
    forms = [phrase] if isinstance(phrase, str) else phrase.values()
    return "".join(literal for form in forms for literal, *_ in string.Formatter().parse(form))


def test_tags_of_languages() -> None:
    """Region and case do not matter; what is not known is English."""
    assert [reader(tag).language for tag in ("nl-BE", "FA_ir", "he", "tlh", "")] == ["nl", "fa", "he", "en", "en"]
