"""An erasure finds all that tells of somebody, and leaves all else; what is left can not be changed."""

from __future__ import annotations

import io
import itertools
from pathlib import Path
from typing import Any

import attrs
import pytest

from crmkit import CRM
from crmkit.errors import ConflictError, NotFoundError, RefusedError
from crmkit.ports.channel import IncomingMessage
from crmkit.ports.plugin import Plugin
from crmkit.ports.work import AccessRule, Event, subscriber
from crmkit.query import Condition, count, each
from crmkit.records import (
    Answer,
    Attachment,
    Consent,
    Customer,
    CustomerLink,
    Deal,
    Dispatch,
    Interaction,
    LogEntry,
    Message,
    Operation,
    Participant,
    Redirect,
    Retry,
    Span,
    StageChange,
    SurveyResponse,
    declaration_of,
    short_id,
)
from crmkit.records.blanking import ERASED_NAME
from crmkit.services.erasing import Erasing
from crmkit.services.importing.targets import is_importable
from crmkit.services.sending.channels import Channels
from crmkit.services.sending.incoming import Incoming
from tests.services.erasing.world import CANARY, Fitting, Pass, Stamp, Wish, canaries, everything, plugin, told

EVERY = pytest.mark.crm(stores=["memory", "sqlite", "postgresql", "mariadb"], secret="s")
BOTH = pytest.mark.crm(stores=["memory", "sqlite"], secret="s")


def log_of(crm: CRM) -> list[LogEntry]:
    return list(crm.find(LogEntry))


def blob(crm: CRM, digest: bytes) -> bytes:
    store: Any = crm.store
    transaction = store.begin(write=False)
    try:
        found: bytes = transaction.open_blob(digest).read()
        return found
    finally:
        transaction.rollback()


@EVERY
class TestNothingTellsOfThem:
    def test_in_any_record_of_any_type(self, crm: CRM, anna: Customer):
        """Core and plugin types, custom fields, the log, the queue, what imports said: not one canary."""
        assert len(canaries(crm)) > 25
        crm.customers.erase(anna)
        assert canaries(crm) == []

    def test_in_any_export(self, crm: CRM, anna: Customer):
        crm.customers.erase(anna)
        for of in filter(is_importable, crm.house.types):
            out = io.StringIO()
            crm.exports.run(declaration_of(of).plural, out)
            assert "canary" not in out.getvalue().casefold(), of

    def test_in_files(self, crm: CRM, anna: Customer):
        """The bytes of an attachment go with it."""
        (file,) = crm.find(Attachment)
        crm.customers.erase(anna)
        with pytest.raises(NotFoundError):
            blob(crm, bytes(file.digest))

    def test_in_the_log_of_what_is_no_more(self, crm: CRM, anna: Customer):
        """A deal that was nobody's first, then theirs, and then was removed: of all three times."""
        deal = crm.deals.open(None, title="CANARY first")
        deal = crm.deals.change(deal, title="CANARY then")
        crm.remove(crm.replace(attrs.evolve(crm.get(Deal, deal.id), customer=anna.id)))
        crm.customers.erase(anna)
        assert canaries(crm) == []

    def test_a_file_that_somebody_else_has_too_stays(self, crm: CRM, anna: Customer):
        (file,) = crm.find(Attachment)
        other = crm.interactions.record(
            next(one for one in crm.find(Customer) if one.name == "Bob"), subject="the same"
        )
        crm.add(Attachment(interaction=other.id, name="same.txt", size=file.size, digest=file.digest))
        assert crm.customers.erase(anna).files == 0
        assert blob(crm, bytes(file.digest))

    def test_in_what_plugins_said_when_they_failed(self, crm: CRM, anna: Customer):
        """Also with an event that had no values."""
        entry = next(one for one in log_of(crm) if one.name == "deal.opened" and one.customer_id == anna.id)
        crm.add(Retry(subscriber="mirror", entry=entry.id, due_at=crm.now, error="CANARY can not be mirrored"))
        crm.customers.erase(anna)
        assert [one.error for one in crm.find(Retry)] == [""]

    def test_somebody_else_stays_whole(self, crm: CRM, anna: Customer):
        """All that tells of another customer is as it was, the log too."""
        other = told(crm, "PARROT", "parrot")
        before = {where: crm.get(Customer, other.id) for where in ("customer",)}
        log = {entry.id: entry for entry in crm.find(LogEntry, each(LogEntry).customer_id == other.id)}
        parrots = len(canaries(crm, "PARROT"))
        crm.customers.erase(anna)
        assert crm.get(Customer, other.id) == before["customer"]
        assert len(canaries(crm, "PARROT")) == parrots
        assert {key: crm.get(LogEntry, key) for key in log} == log


def mine_alone(actor: str) -> Condition | None:
    return each(Deal).source == actor if actor == "mina" else None


@pytest.mark.parametrize("crm_plugins", [[plugin, Plugin("narrow", offers=[AccessRule(of=Deal, rule=mine_alone)])]])
def test_whoever_erases_forgets_what_they_can_not_see(crm: CRM):
    anna = told(crm)
    assert not crm.acting_as("mina").find(Deal)
    crm.acting_as("mina").customers.erase(anna)
    assert canaries(crm) == []


@BOTH
def test_one_company_beside_others(crm: CRM):
    acme, other = crm.tenant("acme"), crm.tenant("other")
    anna = told(acme)
    told(other)
    before = len(canaries(other))
    acme.customers.erase(anna)
    assert (canaries(acme), len(canaries(other))) == ([], before)


@BOTH
class TestWhatStays:
    def test_a_tombstone(self, crm: CRM, anna: Customer):
        crm.customers.erase(anna)
        now = crm.get(Customer, anna.id)
        assert (now.name, now.note, now.tags, now.born_on) == (ERASED_NAME, "", frozenset(), None)
        assert now.erased_at == crm.now
        assert dict(now.custom) == {"club": "gold"}  # it does not say that it is personal

    def test_facts_that_count(self, crm: CRM, anna: Customer):
        deals, answers = len(crm.find(Deal)), [one.score for one in crm.find(Answer)]
        consents = len(crm.find(Consent))
        crm.customers.erase(anna)
        assert len(crm.find(Deal)) == deals
        assert [one.score for one in crm.find(Answer)] == answers
        assert len(crm.find(Consent)) == consents
        (fitted,) = crm.find(Fitting, each(Fitting).frame == "steel")
        assert (fitted.stage, fitted.born_on, fitted.data) == ("fitted", None, {})
        assert {one.to_stage for one in crm.find(StageChange, each(StageChange).record == fitted)} == {"fitted"}

    def test_what_belonged_to_them_refers_to_the_tombstone(self, crm: CRM, anna: Customer):
        crm.customers.erase(anna)
        for of in (Deal, SurveyResponse, Answer):
            assert {one.customer for one in crm.find(of)} == {anna.id}, of
        for of in (Interaction, Participant, Message):  # one of each was of an address alone
            assert {one.customer for one in crm.find(of)} == {anna.id, None}, of
        assert len(crm.interactions.timeline(anna.id)) == 1

    def test_removed_records_take_their_parts_with_them(self, crm: CRM, anna: Customer):
        """Whoever named one of them, and need not, names nothing now; their external ids and spans are gone too."""
        crm.customers.erase(anna)
        assert not [
            *crm.find(Pass),
            *crm.find(Stamp),
            *crm.find(CustomerLink),
            *crm.find(Redirect),
            *crm.find(Dispatch),
        ]
        assert {wish.of for wish in crm.find(Wish)} == {None}
        assert not crm.find(Span, each(Span).field == "size")
        assert crm.find(Span, each(Span).field == "stage")

    def test_the_log_without_its_values(self, crm: CRM, anna: Customer):
        """Names, times, places and actors stay: it can still be seen that something happened."""
        before = log_of(crm)
        crm.acting_as("mina").customers.erase(anna)
        after = {entry.id: entry for entry in log_of(crm)}
        for entry in before:
            assert attrs.evolve(after[entry.id], values=entry.values) == entry
        assert {entry.name for entry in after.values()} > {"customer.erased", "deal.erased", "pass.removed"}
        assert crm.history.of(crm.get(Customer, anna.id))[0].actor == "mina"

    def test_kpis_leave_them_out_and_records_are_still_counted(self, crm: CRM, anna: Customer):
        bob = next(one for one in crm.find(Customer) if one.name == "Bob")
        crm.surveys.answer(bob, {"score": 10, "why": "yes"}, survey="care")
        assert crm.kpis.show("nps").latest.n == 2
        crm.customers.erase(anna)
        assert crm.kpis.show("nps").latest.n == 1
        assert crm.tally(Answer, each(Answer).survey_type == "nps", n=count())[0].n == 2


@BOTH
class TestAfterwards:
    def test_lists_leave_them_out(self, crm: CRM, anna: Customer):
        crm.customers.erase(anna)
        assert [one.name for one in crm.customers.find()] == ["Bob"]
        assert not crm.customers.find("erased")
        assert not crm.customers.find("canary@example.org")
        for name in (ERASED_NAME, "canary@example.org", "shop:CANARY-42"):
            with pytest.raises(NotFoundError):
                crm.naming.named(Customer, name)

    def test_they_can_not_be_changed(self, crm: CRM, anna: Customer):
        crm.customers.erase(anna)
        now = crm.get(Customer, anna.id)
        bob = next(one for one in crm.find(Customer) if one.name == "Bob")
        for change in (
            lambda: crm.customers.change(now, name="Anna"),
            lambda: crm.replace(attrs.evolve(now, note="x")),
            lambda: crm.remove(now),
            lambda: crm.customers.merge(bob, now),
            lambda: crm.customers.merge(now, bob),
            lambda: crm.customers.add_contact_point(now, "email", "canary@example.org"),
            lambda: crm.customers.link(now, bob, "employee"),
            lambda: crm.deals.open(now, title="again"),
            lambda: crm.deals.open(now),
            lambda: crm.interactions.record(now, subject="hello"),
            lambda: crm.messages.queue(now, channel="mailbox", text="hello", address="canary@example.org"),
            lambda: crm.surveys.answer(now, {"score": 1, "why": "no"}, survey="care"),
            lambda: crm.add(Pass(customer=now.id)),
        ):
            with pytest.raises(RefusedError, match="was erased") as refused:
                change()
            assert refused.value.code == "erased"

    def test_what_is_left_can_be_brought_to_an_end(self, crm: CRM, anna: Customer):
        """An open deal may be lost; nothing personal may be said with it, and no other record becomes theirs."""
        crm.customers.erase(anna)
        (deal,) = crm.find(Deal, each(Deal).state == "open")
        with pytest.raises(RefusedError, match="was erased"):
            crm.deals.lose(deal, note="Anna went away")
        assert crm.deals.lose(deal).state == "lost"
        with pytest.raises(RefusedError, match="was erased"):
            crm.deals.change(crm.get(Deal, deal.id), title="of Anna")
        other = crm.deals.open(None, title="somebody's")
        with pytest.raises(RefusedError, match="was erased"):
            crm.replace(attrs.evolve(other, customer=anna.id))

    def test_a_survey_is_not_sent_to_them(self, crm: CRM, anna: Customer):
        crm.customers.erase(anna)
        assert crm.surveys.send("care", each(Customer).id == anna.id, channel="mailbox").skipped == {"erased": 1}

    def test_nothing_waits_to_be_sent(self, crm: CRM, anna: Customer):
        crm.customers.erase(anna)
        crm.work()
        assert crm.outbox == []  # type: ignore[attr-defined]  # the fixture's
        assert {one.status for one in crm.find(Message)} == {"cancelled"}

    def test_who_answers_an_old_message_is_a_stranger(self, crm: CRM, anna: Customer):
        (queued,) = crm.find(Message, ~each(Message).customer.is_missing)
        crm.replace(attrs.evolve(queued, account="mailbox", external_id="<1@here>", status="sent"))
        crm.customers.erase(anna)
        item = IncomingMessage(
            external_id="<2@there>", address="canary@example.org", text="again", in_reply_to="<1@here>", at=crm.now
        )
        channel = Channels(crm.house).opened("mailbox")
        assert Incoming.take(crm.messages, channel, [item]).interactions == 1
        (kept,) = crm.find(Interaction, each(Interaction).external_id == "<2@there>")
        assert (kept.customer, kept.body, kept.conversation) == (None, "again", kept.id)


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
