"""Survey types: how answers of one kind are checked, shown, scored and measured.

A scale is a whole type in three lines::

    trust = Scale("trust", lo=1, hi=7, top=6, bottom=2, items=(Item("honest"), Item("hides-things", reverse=True)))

What no scale can say is a class of its own: ``class Choice(SurveyType)`` with ``check``.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, Literal, cast

import attrs

from ..errors import DeclarationError
from ..query import Tallied, count, each, squares, total
from ..records import Answer, LocalText
from .kpi import AdjustedWald, Better, Formula, IntervalMethod, Kpi, MeanInterval, Unit, Wilson, kpi, titled
from .lifetime import since

Headline = Literal["share", "mean", "net"]
PLACES: Final = Decimal("0.0001")
"""A score keeps four decimals, as ``Answer.score`` does."""
_DIGITS: Final = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
_WHOLE: Final = re.compile(r"[-\u2212]?[0-9]{1,9}", re.ASCII)


@attrs.frozen(kw_only=True)
class Given:
    """One answer as it will be kept; ``item`` is empty for the question itself."""

    item: str = ""
    raw: Decimal | None = None
    """What was given, on the scale as asked."""
    score: Decimal | None = None
    """What counts: reversed items turned round, several items averaged."""
    code: str = ""
    text: str = ""


@attrs.frozen(kw_only=True)
class Answers:
    """What a survey type made of a raw answer: one row for the question, and one per answered item."""

    whole: Given = attrs.field(factory=Given)
    items: tuple[Given, ...] = ()

    @property
    def score(self) -> Decimal | None:
        """The question's score; None where too few items were answered, or the type has no score."""
        return self.whole.score

    @property
    def rows(self) -> tuple[Given, ...]:
        """All rows to keep, the question's first."""
        return (self.whole, *self.items)


_PROBLEMS: Final[Mapping[str, str]] = {
    "missing": "There is no answer.",
    "shape": "This question has items: give an answer for each, by its name.",
    "unknown_item": "{item!r} is no item of this question: there are {known}.",
    "no_whole_number": "{value!r} is no whole number.",
    "out_of_range": "{value} is not between {lo} and {hi}.",
    "too_long": "The text is longer than {most} characters.",
    "no_text": "Words are asked for, and this is {value}.",
}


@attrs.frozen
class Problem:
    """Why a raw answer can not be taken; faces make their own text of ``code``, ``item`` and ``params``."""

    code: str
    item: str = ""
    params: Mapping[str, Any] = attrs.field(factory=dict[str, Any])

    def __str__(self) -> str:
        return _PROBLEMS.get(self.code, self.code).format(**{"item": self.item, **self.params})


@since("1.0")
class SurveyType(ABC):
    """A kind of question. A class of one's own gives ``name`` and ``check``; the rest has honest defaults."""

    name: str

    @abstractmethod
    def check(self, raw: object) -> Answers | Problem:
        """Return what to keep of a raw answer (as a form, a file or a program gave it), or what is wrong with it."""

    def schema(self, *languages: str) -> Mapping[str, Any]:
        """Return a JSON Schema of what a form should send, with texts in the first of these languages that has one."""
        return {}

    def kpis(self) -> tuple[Kpi, ...]:
        """Return the KPIs that follow from the type; they are offered with it."""
        return ()


@attrs.frozen
class Item:
    """One statement of a scale of several. ``reverse``: agreeing with it is bad, so its score is turned round."""

    name: str
    reverse: bool = attrs.field(default=False, kw_only=True)
    text: LocalText = attrs.field(default=LocalText(), kw_only=True)


def _shown(raw: object) -> object:
    """Return what a message shows of a value: plain ones as they are, texts cut, others by their kind."""
    if isinstance(raw, str):
        return raw[:20]
    return raw if isinstance(raw, bool | int | float) and len(repr(raw)) <= 20 else type(raw).__name__


def _tuple(items: Iterable[Item]) -> tuple[Item, ...]:
    return tuple(items)


@since("1.0")
@attrs.frozen
class Scale(SurveyType):
    """Whole numbers from ``lo`` to ``hi``: one question, or several items whose mean is the score.

    Raw values are ints or texts of digits (Western, Arabic-Indic or Persian). From the scale follow validation, the form's
    schema and three KPIs over the answers' scores, ``NAME`` (the headline) and two of ``NAME-share``, ``NAME-mean``,
    ``NAME-net``:

    - share: the favourable answers among all answers, 0..1, Wilson interval;
    - mean: the mean score, Student's interval;
    - net: favourable less unfavourable, per hundred answers, -100..100, adjusted Wald interval.

    Args:
        top, bottom: scores from ``top`` and up to ``bottom`` are the ends of the scale that count.
        better: whether the top or the bottom is favourable.
        min_answered: the score is the mean of the answered items, and there is none if fewer than this are answered;
            by default all must be.
        headline: which KPI has the plain name.
        latest_per_customer: only the last answer of a customer in a period counts (a relationship survey); else every one.
        question: what is asked where a survey words it no other way.
        labels: names of values, at least of the ends.
    """

    name: str
    lo: int = attrs.field(kw_only=True)
    hi: int = attrs.field(kw_only=True)
    top: int = attrs.field(kw_only=True)
    bottom: int = attrs.field(kw_only=True)
    better: Better = attrs.field(default="higher", kw_only=True)
    items: tuple[Item, ...] = attrs.field(default=(), converter=_tuple, kw_only=True)
    min_answered: int | None = attrs.field(default=None, kw_only=True)
    headline: Headline = attrs.field(default="share", kw_only=True)
    latest_per_customer: bool = attrs.field(default=False, kw_only=True)
    title: str = attrs.field(default="", kw_only=True)
    question: LocalText = attrs.field(default=LocalText(), kw_only=True)
    labels: Mapping[int, LocalText] = attrs.field(factory=dict[int, LocalText], kw_only=True)

    def __attrs_post_init__(self) -> None:
        if problems := _problems(self):
            raise DeclarationError(f"Scale {self.name!r}", problems)

    def check(self, raw: object) -> Answers | Problem:
        """Return the answer, with raw values and scores, or the first problem."""
        if not self.items:
            value = self._value(raw)
            return value if isinstance(value, Problem) else Answers(whole=Given(raw=value, score=value))
        if not isinstance(raw, Mapping):
            return Problem("shape")
        return self._of_items(cast("Mapping[Any, object]", raw))

    def _of_items(self, raw: Mapping[Any, object]) -> Answers | Problem:
        known = {item.name: item for item in self.items}
        given: list[Given] = []
        for name in raw:
            if name not in known:
                return Problem("unknown_item", str(name), {"known": ", ".join(known)})
        for name, item in known.items():
            value = None if raw.get(name) in (None, "") else self._value(raw[name], name)
            if isinstance(value, Problem):
                return value
            if value is not None:
                given.append(Given(item=name, raw=value, score=self.lo + self.hi - value if item.reverse else value))
        return Answers(whole=Given(score=self._mean(given)), items=tuple(given)) if given else Problem("missing")

    def _mean(self, given: list[Given]) -> Decimal | None:
        least = len(self.items) if self.min_answered is None else self.min_answered
        scores = [one.score for one in given if one.score is not None]
        return (sum(scores, Decimal(0)) / len(scores)).quantize(PLACES) if len(scores) >= least else None

    def _value(self, raw: object, item: str = "") -> Decimal | Problem:
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            return Problem("missing", item)
        text = raw.strip().translate(_DIGITS) if isinstance(raw, str) else str(raw) if type(raw) is int else ""
        if not _WHOLE.fullmatch(text):
            return Problem("no_whole_number", item, {"value": _shown(raw)})
        value = int(text.replace("\u2212", "-"))
        if not self.lo <= value <= self.hi:
            return Problem("out_of_range", item, {"value": value, "lo": self.lo, "hi": self.hi})
        return Decimal(value)

    def schema(self, *languages: str) -> Mapping[str, Any]:
        """Return a JSON Schema: a whole number, or an object with one per item; ``x-labels`` name values."""
        value: dict[str, Any] = {"type": "integer", "minimum": self.lo, "maximum": self.hi}
        labels = {str(number): text.into(*languages) for number, text in self.labels.items()}
        title = {"title": question} if (question := self.question.into(*languages)) else {}
        if not self.items:
            return {**title, **value, "x-labels": labels}
        properties = {item.name: {"title": item.text.into(*languages) or item.name, **value} for item in self.items}
        return {
            **title, "type": "object", "properties": properties, "additionalProperties": False, "minProperties": 1,
            "x-labels": labels,
        }  # fmt: skip

    def kpis(self) -> tuple[Kpi, ...]:
        """Return the headline, then the other two."""
        rest = [stat for stat in _STATS if stat != self.headline]
        return tuple(_STATS[stat](self) for stat in (self.headline, *rest))


# --- what is measured ---
def _share(scale: Scale) -> Kpi:
    return _of_scale(scale, "share", "share", "higher", Wilson("good"))


def _mean(scale: Scale) -> Kpi:
    return _of_scale(scale, "mean", "number", scale.better, MeanInterval())


def _net(scale: Scale) -> Kpi:
    return _of_scale(scale, "net", "points", "higher", AdjustedWald("good", "bad"))


_STATS: Final = {"share": _share, "mean": _mean, "net": _net}


def _share_of(t: Tallied) -> float | None:
    return t.good / t.n if t.n else None


def _mean_of(t: Tallied) -> float | None:
    return float(t.total) / t.n if t.n else None


def _net_of(t: Tallied) -> float | None:
    return 100 * (t.good - t.bad) / t.n if t.n else None


_FORMULAS: Final[Mapping[Headline, Formula]] = {"share": _share_of, "mean": _mean_of, "net": _net_of}


def _of_scale(scale: Scale, stat: Headline, unit: Unit, better: Better, interval: IntervalMethod) -> Kpi:
    a = each(Answer)
    high, low = a.score >= scale.top, a.score <= scale.bottom
    good, bad = (high, low) if scale.better == "higher" else (low, high)
    is_headline = stat == scale.headline
    made = kpi(
        of=Answer, at=a.answered_at, one_per=a.customer if scale.latest_per_customer else None,
        where=(a.survey_type == scale.name) & (a.item == "") & (a.state == "answered") & ~a.score.is_missing,
        count={
            "n": count(), "good": count(good), "bad": count(bad), "total": total(a.score), "squares": squares(a.score),
        },
        unit=unit, better=better, interval=interval, area="satisfaction",
        name=scale.name if is_headline else f"{scale.name}-{stat}",
        title=f"{scale.title or titled(scale.name)}{'' if is_headline else ', ' + stat}",
        nothing=f"nobody answered {scale.title or scale.name}",
    )(_FORMULAS[stat])  # fmt: skip
    return attrs.evolve(made, explanation=_explained(scale, stat))


def _explained(scale: Scale, stat: Headline) -> str:
    good, bad = f"{scale.top} to {scale.hi}", f"{scale.lo} to {scale.bottom}"
    if scale.better == "lower":
        good, bad = bad, good
    last = " Of several answers of one customer in a period, the last counts." if scale.latest_per_customer else ""
    first = {
        "share": f"Share of the answers {good} among all answers on the scale {scale.lo} to {scale.hi}.",
        "mean": f"Mean score on the scale {scale.lo} to {scale.hi}; {scale.better} is better.",
        "net": f"Answers {good} less answers {bad}, per hundred answers, on the scale {scale.lo} to {scale.hi}.",
    }[stat]
    return first + last


def _problems(scale: Scale) -> list[str]:
    names = [item.name for item in scale.items]
    problems = [f"Item {name!r} stands twice." for name in sorted({n for n in names if names.count(n) > 1})]
    if not scale.lo <= scale.bottom < scale.top <= scale.hi:
        problems.append(
            f"lo, bottom, top and hi must ascend, but are {scale.lo}, {scale.bottom}, {scale.top}, {scale.hi}."
        )
    if scale.min_answered is not None and not 1 <= scale.min_answered <= max(len(names), 1):
        problems.append(f"min_answered is {scale.min_answered}, of {len(names)} items.")
    return problems
