"""An erasure done again, interrupted, looked at before, and who is told of it."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import attrs
import pytest

from crmkit import CRM
from crmkit.errors import ConflictError, RefusedError
from crmkit.ports.plugin import Plugin
from crmkit.ports.work import Event, subscriber
from crmkit.query import each
from crmkit.records import (
    Customer,
    Deal,
    Id,
    Interaction,
    Operation,
    Redirect,
    short_id,
)
from crmkit.records.blanking import ERASED_NAME
from crmkit.services.erasing import Erasing, again, service
from crmkit.services.erasing.again import Again
from crmkit.services.erasing.results import GOES_ON
from crmkit.testing.clock import Clock
from tests.services.erasing.world import CANARY, Pass, canaries, everything, plugin, told

BOTH = pytest.mark.crm(stores=["memory", "sqlite"], secret="s")


def loser(crm: CRM, anna: Customer) -> Id[Customer]:
    """Return the id of somebody who was merged into the customer."""
    return Id(next(iter(crm.find(Redirect, each(Redirect).customer == anna.id))).old)


@BOTH
class TestOnceMore:
    def test_twice_changes_nothing(self, crm: CRM, anna: Customer):
        first = crm.customers.erase(anna)
        before = everything(crm)
        again = crm.customers.erase(anna)
        assert everything(crm) == before
        assert (again.was_erased, again.is_empty, again.operation) == (True, True, None)
        assert not first.was_erased

    def test_what_was_written_past_it_is_found(self, crm: CRM, anna: Customer):
        """By code that asks no hooks, or a transaction that began before."""
        crm.customers.erase(anna)
        (deal,) = crm.find(Deal, each(Deal).state == "open")
        crm.rehome(attrs.evolve(deal, title="CANARY again"))
        again = crm.customers.erase(anna)
        assert (again.was_erased, dict(again.blanked)) == (True, {"deal": 1})
        assert canaries(crm) == []

    def test_what_is_written_while_it_runs(self, crm: CRM, anna: Customer):
        """The tombstone comes first: who writes by verbs is refused; what comes in past them is found in another round."""
        refused: list[int] = []
        past: list[Deal] = []

        def meanwhile(done: int) -> None:
            with pytest.raises(RefusedError):
                crm.interactions.record(anna.id, subject="CANARY meanwhile")
            refused.append(done)
            blank = [deal for deal in crm.find(Deal, each(Deal).customer == anna.id) if not deal.title]
            if blank and not past:  # its turn is over
                past.extend(blank)
                crm.rehome(attrs.evolve(blank[0], title="CANARY meanwhile"))

        Erasing(crm).run(anna, dry_run=False, progress=meanwhile, size=4)
        assert len(refused) > 20
        assert past
        assert canaries(crm) == []

    def test_two_at_once(self, crm: CRM, anna: Customer):
        tried: list[str] = []

        def meanwhile(done: int) -> None:
            with pytest.raises(ConflictError, match="being erased"):
                crm.customers.erase(anna)
            tried.append("once")

        crm.customers.erase(anna, progress=meanwhile)
        assert tried
        assert canaries(crm) == []


@BOTH
class TestTheMerged:
    """Who became a customer is known for ever by their old ids: these lead to the tombstone, and nothing is kept by them."""

    def test_their_ids_lead_to_the_tombstone(self, crm: CRM, anna: Customer):
        leading = list(crm.find(Redirect))
        crm.customers.erase(anna)
        assert crm.get(Customer, loser(crm, anna)).id == anna.id
        assert list(crm.find(Redirect)) == leading

    def test_nothing_more_is_kept_by_their_ids(self, crm: CRM, anna: Customer):
        crm.customers.erase(anna)
        with pytest.raises(RefusedError, match="was erased"), crm.transaction() as tx:
            tx.add(Interaction(customer=loser(crm, anna), subject="CANARY late"))
        assert canaries(crm) == []

    @pytest.mark.parametrize("leads", [True, False])
    def test_what_came_in_by_their_ids_is_found(self, crm: CRM, anna: Customer, leads: bool):
        """Also where an erasure of before removed what leads from them."""
        crm.customers.erase(anna)
        (late,) = crm.find(Deal, each(Deal).state == "open")
        crm.rehome(attrs.evolve(late, customer=loser(crm, anna), title="CANARY late"))
        if not leads:
            for redirect in crm.find(Redirect, each(Redirect).customer == anna.id):
                crm.discard(redirect)
        assert crm.customers.erase(anna.id, dry_run=True).blanked == {"deal": 1}
        assert crm.customers.erase(anna.id).blanked == {"deal": 1}
        assert canaries(crm) == []


@BOTH
class TestThePlan:
    def test_a_dry_run_writes_nothing_and_says_what_comes(self, crm: CRM, anna: Customer):
        before = everything(crm)
        plan = crm.customers.erase(anna, dry_run=True)
        assert everything(crm) == before
        assert plan.is_dry_run
        assert plan.operation is None
        done = crm.customers.erase(anna)
        assert (plan.removed, plan.blanked, plan.kept) == (done.removed, done.blanked, done.kept)
        assert plan.removed["contact_point"] == 5
        assert plan.blanked["deal"] == 2
        assert "Backups" in " ".join(done.notes)

    def test_it_is_cut_into_portions(self, crm: CRM, anna: Customer):
        """No unit of work deals with more records than a portion holds, so that memory does not grow."""
        for number in range(40):
            crm.interactions.record(anna, subject=f"CANARY {number}")
        seen: list[int] = [0]
        Erasing(crm).run(anna, dry_run=False, progress=seen.append, size=7)
        steps = [later - earlier for earlier, later in itertools.pairwise(seen)]
        assert max(steps) <= 14  # a portion, and entries of its records from before they were the customer's
        assert len(steps) > 20
        assert canaries(crm) == []

    def test_its_operation_tells_of_it(self, crm: CRM, anna: Customer):
        done = crm.customers.erase(anna)
        assert done.operation is not None
        kept = crm.get(Operation, done.operation)  # type: ignore[arg-type]  # a plain id
        assert (kept.kind, kept.status) == ("customers.erase", "done")
        assert "deal.erased" in {change.name for change in crm.history.operation(done.operation)}


heard: list[tuple[str, Any]] = []


@subscriber(Pass, "removed")
def passes(event: Event[Pass]) -> None:
    heard.append((event.name, event.record))


@subscriber(Customer, "erased")
def customers(event: Event[Customer]) -> None:
    heard.append((event.name, event.record))


@pytest.mark.parametrize("crm_plugins", [[plugin, Plugin("listening", offers=[passes, customers])]])
class TestSubscribers:
    def test_they_are_told_whose_records_went_and_nothing_of_what_they_said(self, crm: CRM):
        """Also one that comes late: what was not told yet says nothing any more."""
        heard.clear()
        anna = told(crm)
        (mine,) = crm.find(Pass)
        crm.customers.erase(anna)
        crm.work()
        told_of = dict(heard)
        assert told_of.keys() == {"customer.erased", "pass.removed"}
        gone = told_of["pass.removed"]
        assert (gone.id, gone.customer, gone.text) == (mine.id, anna.id, "")
        assert "CANARY" not in repr(heard)


@BOTH
class TestImports:
    def test_a_file_that_names_them_by_id_is_refused_row_by_row(self, crm: CRM, anna: Customer, tmp_path: Path):
        """An export from before does not bring them back; one from now changes nothing."""
        crm.exports.run("customers", tmp_path / "before.csv")
        crm.customers.erase(anna)
        done = crm.imports.run(tmp_path / "before.csv", "customers")
        assert (done.unchanged, done.rejected, [reason.code for reason in done.reasons]) == (1, 1, ["erased"])
        crm.exports.run("customers", tmp_path / "after.csv")
        assert crm.imports.run(tmp_path / "after.csv", "customers").unchanged == 2
        assert canaries(crm) == []

    def test_undoing_an_import_leaves_the_tombstone(self, crm: CRM, tmp_path: Path):
        (tmp_path / "new.csv").write_text(f"name,email\n{CANARY} Zoe,zoe@example.org\nBert,bert@example.org\n", "utf-8")
        crm.imports.run(tmp_path / "new.csv", "customers")
        zoe = crm.naming.named(Customer, f"{CANARY} Zoe")
        crm.customers.erase(zoe)
        (past,) = crm.imports.past()
        undone = crm.imports.undo(short_id(past.id))
        assert [(one.record_id, one.by) for one in undone.leftovers] == [(zoe.id, "customer.erased")]
        assert [one.name for one in crm.find(Customer)] == [ERASED_NAME]
        assert canaries(crm) == []


@pytest.mark.parametrize("by", ["the worker", "the same call"])
@pytest.mark.crm(stores=["postgresql", "mariadb"], secret="s")
def test_a_transaction_that_began_before_and_ends_after(crm: CRM, anna: Customer, clock: Clock, by: str):
    """It sees the customer as they were: what it keeps is found some minutes later, or by the same call."""
    with crm.transaction() as early:
        assert early.get(Customer, anna.id).erased_at is None
        crm.customers.erase(anna)
        early.interactions.record(anna.id, subject="CANARY late")
    assert canaries(crm)
    if by == "the worker":
        crm.work()
        assert canaries(crm)  # somebody may still be at it
        clock.advance(minutes=5)
        crm.work()
    else:
        again = crm.customers.erase(anna.id)
        assert (again.was_erased, again.blanked["interaction"]) == (True, 1)
    assert canaries(crm) == []


@BOTH
class TestTheWorker:
    def test_an_erasure_that_was_broken_off_is_brought_to_its_end(self, crm: CRM, anna: Customer):
        def stop(done: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            Erasing(crm).run(anna, dry_run=False, progress=stop, size=4)
        assert canaries(crm)
        crm.work()
        assert canaries(crm) == []
        (operation,) = crm.find(Operation, each(Operation).kind == "customers.erase")
        assert operation.status == "done"

    def test_each_one_is_looked_at_once_more(self, crm: CRM, anna: Customer, clock: Clock):
        crm.customers.erase(anna)
        clock.advance(minutes=5)
        looked = [crm.service(Again).look() for _ in range(2)]
        assert looked == [1, 0]
        assert len(crm.find(Operation, each(Operation).kind == "customers.erase")) == 1

    def test_all_that_were_not_looked_at(self, crm: CRM, clock: Clock, monkeypatch: pytest.MonkeyPatch):
        """More than a page of them, and days later."""
        monkeypatch.setattr(again, "BATCH", 2)
        for number in range(5):
            crm.customers.erase(crm.customers.add(name=f"Bert {number}"))
        clock.advance(days=3)
        assert [crm.service(Again).look() for _ in range(2)] == [5, 0]

    def test_the_store_lets_go_once_in_a_look(self, crm: CRM, clock: Clock, monkeypatch: pytest.MonkeyPatch):
        for name in ("Bert", "Carla"):
            crm.customers.erase(crm.customers.add(name=name))
        clock.advance(minutes=5)
        purged: list[str] = []
        monkeypatch.setattr(type(crm.runner.store), "purge", lambda store: purged.append("once") or ())
        crm.service(Again).look()
        assert purged == ["once"]

    def test_it_has_a_limit(self, crm: CRM, anna: Customer, clock: Clock):
        """What an erasure did until then is kept; without a limit it comes to its end."""
        crm.customers.erase(anna)
        clock.advance(minutes=5)
        assert crm.work(limit_s=0).erasures == 0
        assert crm.work().erasures == 1

    def test_it_goes_on_where_others_kept_writing(self, crm: CRM, anna: Customer, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(service, "ROUNDS", 3)
        (deal,) = crm.find(Deal, each(Deal).state == "open")

        def meanwhile(done: int) -> None:
            crm.rehome(attrs.evolve(crm.get(Deal, deal.id), title=f"CANARY {done}"))

        done = crm.customers.erase(anna, progress=meanwhile)
        assert GOES_ON in done.notes
        (operation,) = crm.find(Operation, each(Operation).kind == "customers.erase")
        assert operation.status == "running"
        assert crm.work().erasures == 1
        (operation,) = crm.find(Operation, each(Operation).kind == "customers.erase")
        assert operation.status == "done"
        assert canaries(crm) == []


@BOTH
def test_the_store_lets_go_also_where_nothing_is_left(crm: CRM, anna: Customer, monkeypatch: pytest.MonkeyPatch):
    """It may have been kept from it before."""
    crm.customers.erase(anna)
    monkeypatch.setattr(type(crm.runner.store), "purge", lambda store: ("Held.",))
    done = crm.customers.erase(anna.id)
    assert (done.is_empty, done.notes[-1]) == (True, "Held.")
