"""Steps: the record that comes in and the one that goes out are of the type that the step is about."""

from typing import assert_type

import attrs

from crmkit import Customer, Deal, step
from crmkit.ports.step import Step
from crmkit.ports.work import Work


@step(Deal, to=1)
def plain(deal: Deal) -> Deal:
    return attrs.evolve(deal, title="x")


assert_type(plain, Step[Deal])


@step(Deal, to=2)
def with_work(deal: Deal, work: Work) -> Deal | None:
    return work.get(Deal, deal.id)


@step(Deal, to=3)  # error: mypy pyright
def wrong_record(customer: Customer) -> Customer:
    return customer


@step(Deal, to=4)  # error: mypy pyright
def wrong_result(deal: Deal) -> Customer:
    return Customer(name=deal.title)


@step(Deal, to="5")  # error: mypy pyright
def wrong_version(deal: Deal) -> Deal:
    return deal
