"""KPI tiles: name, value, change in words, a small series, what it rests on."""

from crmkit.builtin.report.findings import change_words, headline_reading, is_better, is_clear, period_name
from crmkit.builtin.report.markup import Markup, element, isolated, join, text_of
from crmkit.builtin.report.measures import Measure, measure_of
from crmkit.builtin.report.reader import Reader
from crmkit.builtin.report.series import running_words, sparkline
from crmkit.builtin.report.view import KpiView, Number, Reading

# A value longer than this is set smaller, so that twelve digits fit a tile.
_LONG_VALUE = 9
_LONGER_VALUE = 14


def tile(reader: Reader, kpi: KpiView) -> Markup:
    """One tile; without a value it says why there is none."""
    reading = headline_reading(kpi)
    measure = measure_of(reader, kpi.unit, kpi.readings)
    if reading is None or reading.value is None:
        body = _empty(reader, reading)
    else:
        body = [_top(reader, measure, kpi, reading), _change(reader, measure, kpi, reading)]
    return element(
        "article",
        element("h3", isolated(kpi.title)),
        *body,
        sparkline(reader, kpi, measure),
        _facts(reader, measure, kpi, reading),
        class_="tile",
    )


def _empty(reader: Reader, reading: Reading | None) -> list[Markup]:
    reason = isolated(reading.reason) if reading and reading.reason else reader.say("no_reason")
    return [
        element("p", reader.say("no_data"), class_="value none"),
        element("p", reason, class_="change"),
    ]


def _value(measure: Measure, value: Number) -> Markup:
    number = measure.write(value)
    length = len(text_of(number))
    size = "longer" if length > _LONGER_VALUE else "long" if length > _LONG_VALUE else ""
    noun = measure.noun_head
    unit = element("span", noun, class_="unit") if noun else None
    return element("p", join([number, unit], " "), class_=f"value {size}".strip())


def _top(reader: Reader, measure: Measure, kpi: KpiView, reading: Reading) -> Markup:
    """The value, and whether it went the good way."""
    return element("div", _value(measure, reading.value or 0), _verdict(reader, kpi, reading), class_="top")


def _verdict(reader: Reader, kpi: KpiView, reading: Reading) -> Markup | None:
    change = reading.change
    if not change or not reading.clear or reading.partial:
        return None
    better = is_better(kpi, change)
    arrow = element("span", "\u25b2" if change > 0 else "\u25bc", class_="arrow", aria_hidden="true")
    words = None if better is None else reader.say("better" if better else "worse")
    kind = {True: "good", False: "bad", None: "moved"}[better]
    return element("p", join((part for part in (arrow, words) if part), " "), class_=f"verdict {kind}")


def _change(reader: Reader, measure: Measure, kpi: KpiView, reading: Reading) -> Markup:
    if reading.partial:
        return element("p", reader.say("unfinished"), class_="change level")
    is_moved = is_clear(reading)
    words = change_words(reader, measure, kpi, reading)
    return element("p", words, class_="change" if is_moved else "change level")


def _facts(reader: Reader, measure: Measure, kpi: KpiView, reading: Reading | None) -> Markup | None:
    if reading is None:
        return None
    facts = [
        isolated(period_name(reader, reading)),
        _sample(reader, kpi, reading),
        _interval(reader, measure, reading),
        _target(reader, measure, kpi, reading),
        running_words(reader, kpi, measure),
    ]
    return element("ul", *(element("li", fact) for fact in facts if fact), class_="facts")


def _sample(reader: Reader, kpi: KpiView, reading: Reading) -> Markup | None:
    if reading.n is None:
        return None
    return reader.say("sample", reading.n, noun=kpi.counted) if kpi.counted else reader.say("sample_plain", reading.n)


def _interval(reader: Reader, measure: Measure, reading: Reading) -> Markup | None:
    if reading.low is None or reading.high is None:
        return None
    return reader.say("interval", low=measure.write(reading.low), high=measure.write(reading.high))


def _target(reader: Reader, measure: Measure, kpi: KpiView, reading: Reading) -> Markup | None:
    if kpi.target is None:
        return None
    return reader.say(_target_state(kpi, kpi.target, reading), target=measure.full(kpi.target))


def _target_state(kpi: KpiView, target: Number, reading: Reading) -> str:
    if reading.value is None or reading.partial or not kpi.better:
        return "target"
    if reading.low is not None and reading.high is not None and reading.low <= target <= reading.high:
        return "target_near"
    reached = reading.value >= target if kpi.better == "higher" else reading.value <= target
    return "target_reached" if reached else "target_missed"
