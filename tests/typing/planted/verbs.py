"""Verbs: a decorated method keeps its signature, in a unit and on the `crm`."""

from typing import assert_type

from crmkit import Service, verb
from crmkit import Customer, Deal


class Lottery(Service):
    @verb
    def draw(self, among: Customer, *, prizes: int = 1) -> Deal:
        deal = self.add(Deal(customer=among.id, title=f"{prizes} prizes"))
        assert_type(deal, Deal)
        assert_type(self.move(deal, "offer"), Deal)
        assert_type(self.add([deal]), list[Deal])
        return deal

    @verb(long=True)
    def draw_all(self, among: list[Customer]) -> int:
        return len([self.draw(one) for one in among])

    def moves_what_has_no_stage(self, anna: Customer) -> None:
        self.move(anna.id, "offer")  # error: mypy pyright

    def adds_what_is_no_record(self) -> None:
        self.add("Anna")  # error: mypy pyright

    @property
    def other(self) -> "Lottery":
        return self.service(Lottery)


def right(lottery: Lottery, anna: Customer) -> None:
    assert_type(lottery.draw(anna, prizes=2), Deal)
    assert_type(lottery.draw_all([anna]), int)


def arguments_are_checked(lottery: Lottery, anna: Customer, deal: Deal) -> None:
    lottery.draw(deal)  # error: mypy pyright
    lottery.draw(anna, prizes="two")  # error: mypy pyright
    lottery.draw(anna, price=2)  # error: mypy pyright
    lottery.draw()  # error: mypy pyright
    lottery.draw_all(anna)  # error: mypy pyright
