"""A pipeline as it stands: a column per stage, with count and sum per currency."""

from decimal import Decimal

from crmkit.builtin.report.comparison import whisker
from crmkit.builtin.report.markup import Markup, element, isolated, join
from crmkit.builtin.report.reader import Reader
from crmkit.builtin.report.scales import Axis, bar_axis
from crmkit.builtin.report.svg import Across, picture
from crmkit.builtin.report.tables import Row, bar_table
from crmkit.builtin.report.view import Amount, BoardView, CardView, StageView

_MOST_CARDS = 3
_HEIGHT = 22


def board_finding(reader: Reader, board: BoardView) -> Markup:
    """How much is open, and what it is worth."""
    if not board.stages:
        return reader.say("board_empty", title=board.title)
    running = [stage for stage in board.stages if stage.state in ("open", "hold")]
    count = sum(stage.count for stage in running)
    sums = _added(running)
    if not sums:
        return reader.say("open_count", count, title=board.title)
    return reader.say("open_worth", count, title=board.title, sums=reader.listed([amount(reader, one) for one in sums]))


def _added(stages: list[StageView]) -> list[Amount]:
    totals: dict[str, Decimal] = {}
    for one in (one for stage in stages for one in stage.sums):
        totals[one.currency] = totals.get(one.currency, Decimal(0)) + one.value
    return [Amount(value=value, currency=currency) for currency, value in totals.items()]


def amount(reader: Reader, one: Amount) -> Markup:
    """An amount of money: without its fraction where that is empty or too small to matter."""
    is_coarse = abs(one.value) >= 10000 or one.value == one.value.to_integral_value()
    return reader.money(one.value, one.currency, 0 if is_coarse else None)


def board_figure(reader: Reader, board: BoardView) -> Markup:
    """The stages side by side, each with a few of its cards."""
    finding = board_finding(reader, board)
    columns = element("ol", *(_column(reader, stage) for stage in board.stages), class_="board")
    caption = element("figcaption", element("h3", finding))
    return element("figure", caption, columns if board.stages else None, class_="wide")


def _column(reader: Reader, stage: StageView) -> Markup:
    shown = stage.cards[:_MOST_CARDS]
    hidden = stage.count - len(shown) if shown else 0
    cards = [_card(reader, card) for card in shown]
    if hidden > 0:
        cards.append(element("li", reader.say("more_cards", hidden), class_="more"))
    return element(
        "li",
        element("h4", isolated(stage.label), _state(reader, stage)),
        element("p", reader.count(stage.count), class_="count"),
        *(element("p", amount(reader, one), class_="sum") for one in stage.sums),
        element("p", reader.say("stale", stage.stale), class_="stale") if stage.stale else None,
        element("ul", *cards, class_="cards") if cards else None,
        class_=f"stage {stage.state}",
    )


def _state(reader: Reader, stage: StageView) -> Markup | None:
    if stage.state == "open":
        return None
    window = reader.say("stage_days", stage.days) if stage.days else None
    return element("span", reader.separated([reader.say(f"state_{stage.state}"), window]), class_="state")


def _card(reader: Reader, card: CardView) -> Markup:
    stale = element("strong", reader.say("stale_card"), class_="stale") if card.stale else None
    here = reader.say("in_stage", card.days) if card.days is not None else None
    following = reader.say("next_step", step=card.next_step) if card.next_step else reader.say("no_next_step")
    facts = [here, stale, following]
    return element(
        "li",
        element("span", isolated(card.who), class_="who"),
        element("span", amount(reader, card.amount), class_="worth") if card.amount else None,
        element("span", join((fact for fact in facts if fact), " · "), class_="next"),
        class_="card old" if card.stale else "card",
    )


def stage_times_figure(reader: Reader, board: BoardView) -> Markup | None:
    """Median and range of the days that things spend in each stage."""
    timed = [stage for stage in board.stages if stage.median_days is not None]
    if len(timed) < 2:
        return None
    slowest = max(timed, key=lambda stage: stage.median_days or 0)
    finding = reader.say("stuck", stage=slowest.label, days=_days(reader, slowest.median_days or 0))
    axis = bar_axis(end for one in timed for end in (one.median_days, one.high_days) if end is not None)
    head = join([reader.say("col_median"), reader.say("unit_days")], " ")
    heads = [reader.say("col_stage"), head, reader.say("col_low"), reader.say("col_high")]
    rows = [_time_row(reader, stage, axis) for stage in timed]
    subtitle = element("p", join([isolated(board.title), reader.say("stage_times")], " · "), class_="sub")
    caption = element("figcaption", element("h3", finding), subtitle)
    return element("figure", caption, bar_table(finding, heads, rows, "times"))


def _days(reader: Reader, days: float) -> Markup:
    return reader.say("days", days, n=reader.number(days, _places(days)))


def _places(days: float) -> int:
    return 0 if days >= 10 or days == int(days) else 1


def _time_row(reader: Reader, stage: StageView, axis: Axis) -> Row:
    across, middle = Across(reader.is_mirrored), _HEIGHT / 2
    drawn = [across.line((0, middle), (1, middle), "grid")]
    ends = (stage.low_days, stage.high_days)
    if ends[0] is not None and ends[1] is not None:
        drawn.extend(whisker(across, axis.at(ends[0]), axis.at(ends[1]), middle))
    drawn.append(across.dot((axis.at(stage.median_days or 0), middle), 5, "dot last"))
    title = reader.spoken("value_in", period=stage.label, value=_days(reader, stage.median_days or 0))
    numbers = [None if days is None else reader.number(days, _places(days)) for days in (stage.median_days, *ends)]
    return Row(
        label=isolated(stage.label),
        bar=picture(title, reader.spoken("stage_times"), _HEIGHT, *drawn, kind="rowbar"),
        cells=tuple(numbers),
    )
