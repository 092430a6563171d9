"""An erasure finds all that tells of somebody, and leaves all else; what is left can not be changed."""

from __future__ import annotations

import io
from typing import Any

import attrs
import pytest

from crmkit import CRM
from crmkit.errors import NotFoundError, RefusedError
from crmkit.ports.channel import IncomingMessage
from crmkit.ports.plugin import Plugin
from crmkit.ports.work import AccessRule
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
    Participant,
    Retry,
    Span,
    StageChange,
    SurveyResponse,
    declaration_of,
)
from crmkit.records.blanking import ERASED_NAME
from crmkit.services.importing.targets import is_importable
from crmkit.services.sending.channels import Channels
from crmkit.services.sending.incoming import Incoming
from tests.proofs import sized
from tests.services.erasing.world import Fitting, Pass, Stamp, Wish, canaries, plugin, told

SERVERS = ["postgresql", "mariadb"]
EVERY = pytest.mark.crm(stores=["memory", "sqlite", *sized(full=SERVERS, default=SERVERS, brief=[])], secret="s")
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
