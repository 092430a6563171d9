"""Questions: what is a condition, what is a path, and what an answer holds."""

from typing import assert_type

from crmkit import Service
from crmkit.query import Condition, Page, Tallied, ago, count, each, has, latest, total
from crmkit import Answer, Customer, Deal, Interaction, Money

d, i, a = each(Deal), each(Interaction), each(Answer)


def right(service: Service) -> None:
    assert_type(d.state == "open", Condition)
    assert_type((d.state == "open") & (d.amount > Money("500", "EUR")) | ~(d.customer.country == "NL"), Condition)
    assert_type(service.find(Deal, d.state == "open", order=[-d.amount], limit=20), Page[Deal])
    service.find(Customer, has(i.customer, i.occurred_at > ago(days=90), at_least=3))
    last = latest(a.customer, a.survey_type == "nps", by=a.answered_at)
    service.find(Customer, last.score <= 6, order=[last.answered_at])
    assert_type(service.tally(Deal, by=[d.owner], n=count(), won=total(d.amount)), list[Tallied])
    for deal in service.find(Deal):
        assert_type(deal, Deal)


def a_path_is_no_condition(service: Service) -> None:
    service.find(Deal, d.state)  # error: mypy pyright


def text_is_no_condition(service: Service) -> None:
    service.find(Deal, "state = 'open'")  # error: mypy pyright


def a_function_is_no_condition(service: Service) -> None:
    service.find(Deal, lambda deal: deal.state == "open")  # error: mypy pyright


def a_name_is_no_order(service: Service) -> None:
    service.find(Deal, order=["amount"])  # error: mypy pyright


def conditions_are_joined_with_signs(service: Service) -> None:
    service.find(Deal, (d.state == "open") & "won")  # error: mypy pyright


def a_path_is_no_component(service: Service) -> None:
    service.tally(Deal, n=d.amount)  # error: mypy pyright


def the_latest_needs_an_order() -> None:
    latest(a.customer, a.survey_type == "nps")  # error: mypy pyright


def moving_values_are_numbers() -> None:
    ago(days="90")  # error: mypy pyright


def what_was_found_has_its_type(service: Service) -> None:
    found: Page[Customer] = service.find(Deal)  # error: mypy pyright
