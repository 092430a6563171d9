"""``crmkit surveys``: create, send, answer, show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from ..crm import CRM
from ..errors import InvalidError
from ..query import Condition, each
from ..records import Customer, SurveyResponse
from .arguments import record
from .showing import Cells, as_json, name_of, say, show, shown
from .state import current_run


@click.group(help="Surveys: create, send, answer, show.")
def surveys() -> None:
    """Group of commands."""


@surveys.command(help="Create a survey of one type (nps, csat, ces2, ...) or of several questions.")
@click.argument("key")
@click.option("--type", "type_", default="", help="A survey type: its question, and one for a comment.")
@click.option(
    "--question", "questions", multiple=True, metavar="KEY=TYPE", help="Instead of a type; may stand several times."
)
@click.option("--title", default="", help="The subject of its messages.")
@click.option("--throttle-days", default=0, help="Do not ask one customer again before so many days have passed.")
@click.pass_obj
def create(crm: CRM, key: str, type_: str, questions: Sequence[str], title: str, throttle_days: int) -> None:
    """Create."""
    made = crm.surveys.create(key, type_, questions=_pairs(questions) or None, title=title, throttle_days=throttle_days)
    show(made, verb="created", next_step=f"Next: crmkit surveys send {key} --to CUSTOMER")


@surveys.command(help="Ask customers: an invitation and a queued message each.")
@click.argument("survey")
@click.option("--to", "customers", multiple=True, type=record(Customer), help="A customer; may stand several times.")
@click.option("--status", type=click.Choice(["prospect", "customer", "former"]), help="All customers of a status.")
@click.option("--tag", default="", help="All customers with a tag.")
@click.option("--all", "everybody", is_flag=True, help="All customers.")
@click.option("--channel", default="", help="By default each customer's preferred one.")
@click.option("--touchpoint", default="", help="What the answers will be about.")
@click.option("--link", default="", help="Where a form is: https://example.org/s/{token}")
@click.pass_obj
def send(  # noqa: PLR0917  # a command's options
    crm: CRM,
    survey: str,
    customers: Sequence[Customer],
    status: str | None,
    tag: str,
    everybody: bool,
    channel: str,
    touchpoint: str,
    link: str,
) -> None:
    """Send."""
    whom = customers or _condition(status, tag, everybody=everybody)
    sent = crm.surveys.send(survey, whom, channel=channel, touchpoint=touchpoint, link=link)
    skipped = ", ".join(f"{reason.replace('_', ' ')} {count}" for reason, count in sorted(sent.skipped.items()))
    say(
        f"queued {len(sent.invitations):,}  not asked {sum(sent.skipped.values()):,}{f' ({skipped})' if skipped else ''}",
        queued=len(sent.invitations),
        skipped=dict(sent.skipped),
    )
    if sent.invitations and not current_run().json:
        click.echo("Next: crmkit work --once")


def _condition(status: str | None, tag: str, *, everybody: bool) -> Condition:
    c = each(Customer)
    conditions: list[Condition] = []
    if status:
        conditions.append(c.status == status)
    if tag:
        conditions.append(c.tags.contains(tag))
    if everybody and not conditions:
        return ~c.id.is_missing
    if not conditions:
        raise InvalidError(
            "Nobody is named: give --to CUSTOMER, --status, --tag or --all.", code="required", field="to"
        )
    made = conditions[0]
    for one in conditions[1:]:
        made &= one
    return made


@surveys.command(help="Keep answers: crmkit surveys answer TOKEN nps=9 comment='friendly'")
@click.argument("who")
@click.argument("answers", nargs=-1, required=True, metavar="QUESTION=ANSWER...")
@click.option("--survey", default="", help="Then WHO is a customer who answers without an invitation.")
@click.option("--channel", default="", help="How the answer came: phone, letter, ...")
@click.option("--touchpoint", default="")
@click.option("--partial", "is_partial", is_flag=True, help="More will follow.")
@click.pass_obj
def answer(  # noqa: PLR0917  # a command's options
    crm: CRM, who: str, answers: Sequence[str], survey: str, channel: str, touchpoint: str, is_partial: bool
) -> None:
    """Answer."""
    given: dict[str, object] = dict(_pairs(answers))
    made = crm.surveys.answer(who, given, survey=survey, channel=channel, touchpoint=touchpoint, is_partial=is_partial)
    scores = "  ".join(_given(one) for one in crm.surveys.answers(made) if not one.item)
    say(f"answered {name_of(made)}  {scores}", **as_json(made))


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    made: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise InvalidError(f"{text!r} is no answer or question: write KEY=VALUE.", code="pair")
        made[key] = value
    return made


def _given(answer_: Any) -> str:
    return (
        f"{answer_.question} {answer_.score.normalize():f}"
        if answer_.score is not None
        else f"{answer_.question} {answer_.text!r}"
    )


@surveys.command("show", help="A survey: its questions, and how far it is.")
@click.argument("survey")
@click.option("--limit", default=10, show_default=True, help="How many of the latest responses.")
@click.pass_obj
def show_(crm: CRM, survey: str, limit: int) -> None:
    """Show."""
    found = crm.surveys.show(survey)
    if current_run().json:
        say("", **as_json(found))
        return
    click.echo(f"{found.survey.key}  {found.survey.title}".rstrip())
    for question in found.questions:
        click.echo(f"  {question.key:<14} {question.type}{'' if question.is_required else '  (may be left out)'}")
    click.echo(f"  invited {found.invited:,}  sent {found.sent:,}  bounced {found.bounced:,}  answered {found.answered:,}  partial {found.partial:,}")  # fmt: skip
    responses = crm.surveys.responses(survey, limit=limit)
    if responses:
        show(responses, columns=_columns(crm), noun="response")


def _columns(crm: CRM) -> Cells:
    def scores(response: SurveyResponse) -> str:
        return "  ".join(_given(one) for one in crm.surveys.answers(response) if not one.item)

    def who(response: SurveyResponse) -> str:
        found = crm.get_many(Customer, [response.customer]) if response.customer else {}
        return next((customer.name for customer in found.values()), "")

    return {
        "ID": name_of,
        "WHEN": lambda one: shown(one.submitted_at or one.last_saved_at),
        "CUSTOMER": who,
        "CHANNEL": lambda one: one.channel,
        "ANSWERS": scores,
    }


@surveys.command("list", help="All surveys.")
@click.pass_obj
def list_(crm: CRM) -> None:
    """List."""
    columns: Cells = {"KEY": lambda one: one.key, "TITLE": lambda one: str(one.title), "KIND": lambda one: one.kind, "VERSION#": lambda one: one.number}  # fmt: skip
    show(crm.surveys.list(), columns=columns, noun="survey")
