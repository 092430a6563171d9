"""The sentences: what a chart says, in words that respect the interval.

A change is called one only where its interval leaves out zero; otherwise the
page says that there is no clear change, however the line looks.
"""

from collections.abc import Sequence

from crmkit.builtin.report.markup import Markup
from crmkit.builtin.report.measures import Measure, measure_of
from crmkit.builtin.report.reader import Reader
from crmkit.builtin.report.view import Comparison, Group, KpiView, Number, Reading, ReportView

_NOTEWORTHY = 0.1


def headline_reading(kpi: KpiView) -> Reading | None:
    """The reading that a tile shows: the last whole period, else the running one."""
    whole = [reading for reading in kpi.readings if not reading.partial]
    return whole[-1] if whole else next(iter(kpi.readings), None)


def running_reading(kpi: KpiView) -> Reading | None:
    """The period that is not over yet, where a whole one is shown beside it."""
    last = kpi.readings[-1] if kpi.readings else None
    return last if last and last.partial and len(kpi.readings) > 1 else None


def is_clear(reading: Reading) -> bool:
    """Whether a change may be called one: it is more than chance, or both values are exact."""
    is_exact = reading.clear is None and reading.low is None
    return bool(reading.change) and (reading.clear is True or is_exact)


def is_better(kpi: KpiView, change: Number) -> bool | None:
    """Whether a change goes the good way; None where no way is better."""
    return (change > 0) == (kpi.better == "higher") if kpi.better else None


def period_name(reader: Reader, reading: Reading, brief: bool = False) -> str:
    """The name of a reading's period; brief: in a sentence, see `Reader.period`."""
    return reading.label or reader.period(reading.start, reading.end, brief)


def when(reader: Reader, reading: Reading) -> Markup:
    """The period in a sentence: "in October", "on 22 November"."""
    is_day = (reading.end - reading.start).days == 1 and not reading.label
    return reader.say("during_day" if is_day else "during", period=period_name(reader, reading, brief=True))


def change_words(reader: Reader, measure: Measure, kpi: KpiView, reading: Reading) -> Markup:
    """The change in words, such as "up 4 points since April" or "no clear change since April"."""
    before = _previous(kpi, reading)
    since = period_name(reader, before, brief=True) if before else ""
    if reading.change is None:
        return reader.say("no_comparison")
    if not is_clear(reading):
        return _unmoved(reader, measure, reading, since)
    way = "up" if reading.change > 0 else "down"
    return reader.say(way if since else f"{way}_now", by=measure.change(reading.change), period=since)


def _unmoved(reader: Reader, measure: Measure, reading: Reading, since: str) -> Markup:
    if reading.clear is None and reading.value is not None and reading.low is not None:
        earlier = float(reading.value) - float(reading.change or 0)
        return reader.say("before", value=measure.full(earlier), period=since)
    return reader.say("no_clear_change" if reading.change or reading.clear is False else "unchanged", period=since)


def _previous(kpi: KpiView, reading: Reading) -> Reading | None:
    earlier = [one for one in kpi.readings if one.end <= reading.start]
    return earlier[-1] if earlier else None


def kpi_finding(reader: Reader, kpi: KpiView) -> Markup:
    """What the series of a KPI says."""
    reading = headline_reading(kpi)
    if reading is None:
        return reader.say("none_yet", kpi=kpi.title)
    if reading.value is None:
        return reader.say("none_in", kpi=kpi.title, when=when(reader, reading))
    measure = measure_of(reader, kpi.unit, kpi.readings)
    by = measure.change(reading.change) if reading.change else None
    return reader.say(
        _verb(reading), kpi=kpi.title, when=when(reader, reading), value=measure.full(reading.value), by=by
    )


def _verb(reading: Reading) -> str:
    if reading.change is None:
        return "stands"
    if is_clear(reading):
        return "rose" if reading.change > 0 else "fell"
    if reading.clear is None and reading.low is not None:
        return "stands"
    return "level" if reading.change or reading.clear is False else "same"


def comparison_finding(reader: Reader, kpi: KpiView, comparison: Comparison, measure: Measure) -> Markup:
    """What a comparison of groups says: the group that clearly stands out."""
    total = headline_reading(kpi)
    apart = _apart(comparison.groups, total.value if total else None)
    group = apart[0] if kpi.better != "lower" else apart[-1]
    if group is None:
        group = apart[1] if kpi.better != "lower" else apart[0]
    if group is None or group.value is None:
        return reader.say("alike", kpi=kpi.title, by=comparison.by)
    key = "lowest" if group is apart[0] else "highest"
    return reader.say(key, kpi=kpi.title, group=group.label, value=measure.full(group.value))


def _apart(groups: Sequence[Group], total: Number | None) -> tuple[Group | None, Group | None]:
    """The lowest and the highest group, where its interval leaves out the total."""
    known = sorted((group for group in groups if group.value is not None), key=lambda group: float(group.value or 0))
    if total is None or len(known) < 2:
        return None, None
    low, high = known[0], known[-1]
    return (
        low if _edge(low.high, low.value) < float(total) else None,
        high if _edge(high.low, high.value) > float(total) else None,
    )


def _edge(edge: Number | None, value: Number | None) -> float:
    return float(edge if edge is not None else value or 0)


def headline(reader: Reader, view: ReportView) -> Markup:
    """The sentence that the page opens with.

    It tells of the change that matters most: a clear one before one of exact
    values, one for the worse before one for the better, the largest for its
    interval first.
    """
    if view.sentence:
        return reader.say("given", sentence=view.sentence)
    moved = sorted(_moved(view), key=_weight, reverse=True)
    if moved:
        kpi, reading = moved[0]
        return reader.say("sentence", finding=_movement(reader, kpi, reading))
    return _standstill(reader, view)


def _moved(view: ReportView) -> list[tuple[KpiView, Reading]]:
    latest = [(kpi, reading) for kpi in view.kpis if (reading := headline_reading(kpi)) and not reading.partial]
    return [(kpi, one) for kpi, one in latest if one.value is not None and _is_noteworthy(one)]


def _is_noteworthy(reading: Reading) -> bool:
    """Whether a change is clear, or, where values are exact, a tenth of what was before."""
    if is_clear(reading) and reading.clear is None:
        change = float(reading.change or 0)
        return abs(change) >= _NOTEWORTHY * abs(float(reading.value or 0) - change)
    return is_clear(reading)


def _weight(moved: tuple[KpiView, Reading]) -> tuple[bool, int, float]:
    kpi, reading = moved
    change = float(reading.change or 0)
    better = is_better(kpi, change)
    rank = {False: 2, True: 1, None: 0}[better]
    half = (float(reading.high) - float(reading.low)) / 2 if reading.high is not None and reading.low is not None else 0
    size = abs(change) / (half or abs(float(reading.value or 0)) or 1)
    return reading.clear is True, rank, size


def _movement(reader: Reader, kpi: KpiView, reading: Reading) -> Markup:
    way = "first_rose" if (reading.change or 0) > 0 else "first_fell"
    finding = reader.say(way, kpi=kpi.title, when=when(reader, reading))
    group = _driver(kpi, reading)
    return reader.say("mostly", finding=finding, group=group.label) if group else finding


def _driver(kpi: KpiView, reading: Reading) -> Group | None:
    """The group that made at least half of the change, if its own change is clear."""
    sign = 1 if (reading.change or 0) > 0 else -1
    for comparison in kpi.comparisons:
        pushes = [
            (sign * float(group.change or 0) * (group.n or 0), index) for index, group in enumerate(comparison.groups)
        ]
        forward = sum(push for push, _ in pushes if push > 0)
        push, index = max(pushes, default=(0.0, 0))
        if forward and push >= forward / 2 and len(pushes) > 1 and comparison.groups[index].clear is not False:
            return comparison.groups[index]
    return None


def _standstill(reader: Reader, view: ReportView) -> Markup:
    whole = [one for kpi in view.kpis if (one := headline_reading(kpi)) and one.value is not None and not one.partial]
    if not whole:
        return reader.say("nothing")
    return reader.say("all_level", when=when(reader, whole[0]))
