"""Answers to surveys: the NPS bar, scales that diverge, choices as bars."""

from collections.abc import Sequence

from crmkit.builtin.report.markup import Child, Markup, element, isolated, join, plain
from crmkit.builtin.report.measures import measure_of
from crmkit.builtin.report.reader import Reader
from crmkit.builtin.report.scales import bar_axis
from crmkit.builtin.report.svg import Across, picture, swatch
from crmkit.builtin.report.tables import Row, bar_table, folded, longest, note, number_table
from crmkit.builtin.report.view import AnswerCount, QuestionView, SurveyView, Unit

_NPS_HEIGHT = 30
_HEIGHT = 24
_MOST_CHOICES = 12
_NPS_NAMES = {"negative": "detractors", "neutral": "passives", "positive": "promoters"}


def survey_section(reader: Reader, survey: SurveyView) -> Markup:
    """All questions of one survey, scales together on one axis."""
    scales = [question for question in survey.questions if question.form == "scale" and not question.reason]
    figures = [_nps(reader, one) for one in survey.questions if one.form == "nps" and not one.reason]
    if scales:
        figures.append(_scales(reader, scales))
    figures += [_choice(reader, one) for one in survey.questions if one.form == "choice" and not one.reason]
    figures += [_hidden(reader, one) for one in survey.questions if one.reason]
    return element(
        "section",
        element("h3", isolated(survey.title)),
        element("p", _response(reader, survey), class_="sub"),
        element("div", *figures, class_="figures") if figures else None,
        class_="survey",
    )


def _response(reader: Reader, survey: SurveyView) -> Markup:
    if not survey.answered:
        return isolated(survey.reason) if survey.reason else reader.say("no_responses")
    if not survey.sent:
        return reader.say("responses", survey.answered)
    counts = {"answered": reader.count(survey.answered), "sent": reader.count(survey.sent)}
    return reader.say("response_rate", rate=reader.share(survey.answered / survey.sent), **counts)


def _hidden(reader: Reader, question: QuestionView) -> Markup:
    return _figure(isolated(question.text), None, note(reader.say("not_shown", reason=question.reason)))


def _figure(finding: Markup, question: Child, *content: Child, kind: str = "") -> Markup:
    asked = None if question is None else element("p", question, class_="sub")
    return element("figure", element("figcaption", element("h4", finding), asked), *content, class_=kind or None)


def _total(question: QuestionView) -> int:
    return sum(answer.count for answer in question.answers)


def _between(question: QuestionView, low: int, high: int) -> int:
    return sum(answer.count for answer in question.answers if low <= answer.score <= high)


def _nps(reader: Reader, question: QuestionView) -> Markup:
    """One stacked bar, with the score beside it."""
    total = _total(question)
    if not total:
        return _figure(isolated(question.text), None, note(reader.say("no_answers")))
    shares = [_between(question, *ends) / total for ends in ((0, 6), (7, 8), (9, 10))]
    finding = _nps_finding(reader, shares[0], shares[2])
    bar = element("div", _nps_score(reader, question, shares), _nps_bar(reader, shares, finding), class_="npsrow")
    return _figure(
        finding, isolated(question.text), bar, _nps_legend(reader, shares), _numbers(reader, question), kind="nps"
    )


def _nps_finding(reader: Reader, detractors: float, promoters: float) -> Markup:
    key = "nps_even"
    if detractors != promoters:
        key = "nps_more_promoters" if promoters > detractors else "nps_more_detractors"
    return reader.say(key, promoters=reader.share(promoters), detractors=reader.share(detractors))


def _nps_score(reader: Reader, question: QuestionView, shares: Sequence[float]) -> Markup:
    score = question.score
    measure = measure_of(reader, Unit(kind="points"), [score] if score else [])
    value = score.value if score and score.value is not None else 100 * (shares[2] - shares[0])
    interval = None
    if score and score.low is not None and score.high is not None:
        interval = reader.say("interval", low=measure.write(score.low), high=measure.write(score.high))
    return element(
        "p", element("strong", measure.write(value)), element("span", interval, class_="sub"), class_="score"
    )


def _nps_bar(reader: Reader, shares: Sequence[float], finding: Markup) -> Markup:
    across = Across(reader.is_mirrored)
    kinds = ("negative", "neutral", "positive")
    begins = [sum(shares[:i]) for i in range(3)]
    bars = [
        across.bar(
            begin, begin + share, 0, _NPS_HEIGHT, f"part {kind}", element("title", _nps_label(reader, kind, share))
        )
        for begin, share, kind in zip(begins, shares, kinds, strict=True)
        if share
    ]
    described = reader.separated(_nps_label(reader, kind, share) for kind, share in zip(kinds, shares, strict=True))
    return picture(plain(finding), described, _NPS_HEIGHT, *bars, kind="rowbar")


def _nps_label(reader: Reader, kind: str, share: float) -> Markup:
    return reader.spoken("value_in", period=reader.say(_NPS_NAMES[kind]), value=reader.share(share))


def _nps_legend(reader: Reader, shares: Sequence[float]) -> Markup:
    """The names under the bar, in its order; the swatch only repeats them."""
    items = [
        element(
            "li",
            swatch(kind),
            element("b", reader.share(share)),
            " ",
            reader.say(name),
            element("small", reader.say(f"{name}_note")),
        )
        for (kind, name), share in zip(_NPS_NAMES.items(), shares, strict=True)
    ]
    return element("ul", *items, class_="parts")


def _scales(reader: Reader, questions: Sequence[QuestionView]) -> Markup:
    """Diverging stacked bars on one axis, the middle of the scale in line."""
    best = max(questions, key=lambda one: _side(one, True))
    finding = _scales_finding(reader, questions, best)
    left = max((_side(one, False) + _middle(one) / 2 for one in questions), default=0)
    right = max((_side(one, True) + _middle(one) / 2 for one in questions), default=0)
    rows = [_scale_row(reader, one, left, (left + right) or 1) for one in questions]
    heads = [
        reader.say("col_question"),
        join([_negative(reader, best), reader.percent_sign], " "),
        join([_positive(reader, best), reader.percent_sign], " "),
        reader.say("col_sample"),
    ]
    table = bar_table(finding, heads, rows, "scale")
    return _figure(finding, None, table, _scale_numbers(reader, questions), kind="wide")


def _scales_finding(reader: Reader, questions: Sequence[QuestionView], best: QuestionView) -> Markup:
    """Of one question both sides; of several the one that is liked least."""
    asked = [one for one in questions if _total(one)]
    if not asked:
        return reader.say("no_answers")
    if len(asked) == 1:
        return _scale_finding(reader, best)
    worst = min(asked, key=lambda one: _side(one, True) - _side(one, False))
    share = reader.share(_side(worst, True))
    return reader.say("least", question=worst.text, share=share, positive=_positive(reader, worst))


def _scale_finding(reader: Reader, question: QuestionView) -> Markup:
    return reader.say(
        "scale_finding",
        high=reader.share(_side(question, True)),
        low=reader.share(_side(question, False)),
        positive=_positive(reader, question),
        negative=_negative(reader, question),
    )


def _positive(reader: Reader, question: QuestionView) -> Markup:
    return isolated(question.positive) if question.positive else reader.say("positive")


def _negative(reader: Reader, question: QuestionView) -> Markup:
    return isolated(question.negative) if question.negative else reader.say("negative")


def _side(question: QuestionView, positive: bool) -> float:
    total = _total(question)
    scores = (
        one for one in question.answers if (one.score >= question.top if positive else one.score <= question.bottom)
    )
    return sum(one.count for one in scores) / total if total else 0.0


def _middle(question: QuestionView) -> float:
    return 1 - _side(question, True) - _side(question, False) if _total(question) else 0.0


def _scale_row(reader: Reader, question: QuestionView, left: float, width: float) -> Row:
    total = _total(question)
    if not total:
        reason = element("span", reader.say("no_answers"), class_="reason")
        return Row(label=isolated(question.text), before=Markup(), bar=reason, cells=(None, reader.count(0)))
    across = Across(reader.is_mirrored)
    position = left - _side(question, False) - _middle(question) / 2
    bars: list[Markup] = []
    for answer in sorted(question.answers, key=lambda one: one.score):
        share = answer.count / total
        if share:
            title = element(
                "title", reader.spoken("value_in", period=_answer_name(reader, answer), value=reader.share(share))
            )
            bars.append(
                across.bar(position / width, (position + share) / width, 2, _HEIGHT - 4, _tone(question, answer), title)
            )
        position += share
    middle = across.line((left / width, 0), (left / width, _HEIGHT), "axis")
    drawn = picture(
        plain(isolated(question.text)), plain(_scale_finding(reader, question)), _HEIGHT, *bars, middle, kind="rowbar"
    )
    ends = [reader.number(100 * _side(question, side)) for side in (False, True)]
    return Row(label=isolated(question.text), before=ends[0], bar=drawn, cells=(ends[1], reader.count(total)))


def _tone(question: QuestionView, answer: AnswerCount) -> str:
    """The colour class: the side, and how far out on it."""
    if question.bottom < answer.score < question.top:
        return "part neutral"
    side = "positive" if answer.score >= question.top else "negative"
    scores = [one.score for one in question.answers]
    near, far = (question.top, max(scores)) if side == "positive" else (question.bottom, min(scores))
    step = 3 if near == far else 1 + round(2 * abs(answer.score - near) / abs(far - near))
    return f"part {side} tone{step}"


def _answer_name(reader: Reader, answer: AnswerCount) -> Markup:
    return isolated(answer.label) if answer.label else reader.count(answer.score)


def _choice(reader: Reader, question: QuestionView) -> Markup:
    total = _total(question)
    if not total:
        return _figure(isolated(question.text), None, note(reader.say("no_answers")))
    ordered = sorted(question.answers, key=lambda one: -one.count)
    finding = reader.say(
        "choice_finding", answer=_answer_name(reader, ordered[0]), share=reader.share(ordered[0].count / total)
    )
    shown, hidden = longest(ordered, _MOST_CHOICES)
    axis = bar_axis(one.count for one in shown)
    rows = [_choice_row(reader, one, total, axis.at(one.count)) for one in shown]
    heads = [
        reader.say("col_answer"),
        reader.say("col_count"),
        join([reader.say("col_share"), reader.percent_sign], " "),
    ]
    more = note(reader.say("more_rows", hidden)) if hidden else None
    return _figure(finding, isolated(question.text), bar_table(finding, heads, rows), more)


def _choice_row(reader: Reader, answer: AnswerCount, total: int, length: float) -> Row:
    name = _answer_name(reader, answer)
    title = reader.spoken("value_in", period=name, value=reader.share(answer.count / total))
    drawn = picture(
        title, title, _HEIGHT, Across(reader.is_mirrored).bar(0, length, 3, _HEIGHT - 6, "fill"), kind="rowbar"
    )
    return Row(label=name, bar=drawn, cells=(reader.count(answer.count), reader.number(100 * answer.count / total)))


def _numbers(reader: Reader, question: QuestionView) -> Markup:
    heads = [reader.say("col_answer"), *_count_heads(reader)]
    table = number_table(isolated(question.text), heads, _answer_rows(reader, question))
    return folded(reader, table, _skipped(reader, question))


def _scale_numbers(reader: Reader, questions: Sequence[QuestionView]) -> Markup:
    """One table for all scales, so that it can be copied as it is."""
    heads = [reader.say("col_question"), reader.say("col_answer"), *_count_heads(reader)]
    rows = [[isolated(one.text), *row] for one in questions for row in _answer_rows(reader, one)]
    return folded(
        reader, number_table(reader.say("numbers"), heads, rows), *(_skipped(reader, one) for one in questions)
    )


def _count_heads(reader: Reader) -> list[Markup]:
    return [reader.say("col_count"), join([reader.say("col_share"), reader.percent_sign], " ")]


def _answer_rows(reader: Reader, question: QuestionView) -> list[list[Markup]]:
    total = _total(question) or 1
    return [
        [_answer_name(reader, one), reader.count(one.count), reader.number(100 * one.count / total)]
        for one in question.answers
    ]


def _skipped(reader: Reader, question: QuestionView) -> Markup | None:
    return note(isolated(question.text), ": ", reader.say("skipped", question.skipped)) if question.skipped else None
