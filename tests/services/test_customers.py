"""Customers: added, put, changed, found, linked, shown."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crmkit.crm import CRM
from crmkit.errors import ConflictError, InvalidError, TryAgain
from crmkit.query import each
from crmkit.records import Agent, Answer, Customer, ExternalId, LogEntry, Money, Survey, SurveyResponse, WallTime
from tests.services.shop import Clock, Repair


def log_size(crm: CRM) -> int:
    return len(crm.find(LogEntry))


def emails(crm: CRM, customer: Customer) -> list[tuple[str, bool]]:
    return [
        (point.value, point.is_primary) for point in crm.customers.contact_points(customer) if point.kind == "email"
    ]


class TestAdding:
    def test_a_name_is_enough(self, crm: CRM) -> None:
        anna = crm.customers.add(name="Anna")
        assert (anna.name, anna.status, anna.kind) == ("Anna", "prospect", "person")
        assert crm.get(Customer, anna.id) == anna

    def test_addresses_of_all_kinds(self, crm: CRM) -> None:
        anna = crm.customers.add(
            name="Anna",
            emails=["a@example.nl", "b@example.nl"],
            phone="06 1234 5678",
            postal="Dam 1\nAmsterdam",
            country="NL",
        )
        found = [(p.kind, p.key, p.is_primary) for p in crm.customers.contact_points(anna)]
        assert found == [
            ("email", "a@example.nl", True), ("email", "b@example.nl", False), ("phone", "+31612345678", True),
            ("postal", "dam 1 amsterdam", True),
        ]  # fmt: skip

    def test_an_address_given_twice_is_kept_once(self, crm: CRM) -> None:
        anna = crm.customers.add(name="Anna", email="Anna@Example.nl", emails=["anna@example.nl"])
        assert emails(crm, anna) == [("Anna@Example.nl", True)]

    def test_a_wrong_address_leaves_nothing(self, crm: CRM) -> None:
        with pytest.raises(InvalidError):
            crm.customers.add(name="Anna", email="anna")
        assert not crm.find(Customer)

    def test_an_unknown_field_is_refused_with_the_nearest(self, crm: CRM) -> None:
        with pytest.raises(InvalidError, match="'status'"):
            crm.customers.add(name="Anna", statuss="customer")  # type: ignore[call-arg]  # the mistake that is tested

    def test_a_list_argument_takes_no_text(self, crm: CRM) -> None:
        with pytest.raises(InvalidError, match="email="):
            crm.customers.add(name="Anna", emails="anna@example.nl")

    def test_an_owner_is_named_by_key(self, crm: CRM) -> None:
        mina, desk = crm.agents.add("mina", name="Mina"), crm.agents.add_team("desk")
        assert crm.customers.add(name="Anna", owner="mina").owner == crm.customers.add(name="Bea", owner=mina).owner
        owner = crm.customers.add(name="Cor", owner="desk").owner
        assert owner is not None
        assert owner.id == desk.id
        with pytest.raises(InvalidError, match="'mina'"):
            crm.customers.add(name="Dee", owner="nina")


class TestPutting:
    def test_the_first_call_adds_and_the_next_finds(self, crm: CRM) -> None:
        anna = crm.customers.put(("shop", "42"), name="Anna", email="a@example.nl")
        assert crm.customers.put(("shop", "42"), name="Anna", email="a@example.nl") == anna
        assert len(crm.find(Customer)) == len(crm.find(ExternalId)) == 1

    def test_nothing_is_written_where_nothing_differs(self, crm: CRM) -> None:
        given = {
            "name": " Jose\u0301 ",
            "email": "J@example.nl",
            "tags": ["vip"],
            "custom": {"frame": "M"},
            "phone": "06 1234 5678",
        }
        crm.customers.put(("shop", "42"), **given)
        before = log_size(crm)
        crm.customers.put(("shop", "42"), **given)
        assert log_size(crm) == before

    def test_only_what_is_given_changes(self, crm: CRM) -> None:
        crm.customers.put(("shop", "42"), name="Anna", language="nl", tags=["vip"], custom={"frame": "M", "club": True})
        anna = crm.customers.put(("shop", "42"), status="customer", custom={"club": None})
        assert (anna.name, anna.language, anna.status, anna.tags) == ("Anna", "nl", "customer", {"vip"})
        assert anna.custom == {"frame": "M"}

    def test_a_new_address_becomes_the_primary_one_and_the_old_one_stays(self, crm: CRM) -> None:
        crm.customers.put(("shop", "42"), name="Anna", email="old@example.nl")
        anna = crm.customers.put(("shop", "42"), email="new@example.nl")
        assert sorted(emails(crm, anna)) == [("new@example.nl", True), ("old@example.nl", False)]
        crm.customers.put(("shop", "42"), email="old@example.nl")
        assert sorted(emails(crm, anna)) == [("new@example.nl", False), ("old@example.nl", True)]

    def test_the_first_call_needs_a_name(self, crm: CRM) -> None:
        with pytest.raises(InvalidError) as caught:
            crm.customers.put(("shop", "42"), email="a@example.nl")
        assert caught.value.field == "name"

    def test_an_id_of_something_else_is_a_conflict(self, crm: CRM) -> None:
        deal = crm.deals.open(None, title="x")
        with crm.transaction() as tx:
            tx.add(ExternalId(record=deal, source="shop", value="42"))  # type: ignore[arg-type]  # the border takes records
        with pytest.raises(ConflictError):
            crm.customers.put(("shop", "42"), name="Anna")

    def test_a_merged_customer_is_found_as_who_it_is_now(self, crm: CRM) -> None:
        loser, winner = crm.customers.put(("shop", "42"), name="A"), crm.customers.add(name="Anna")
        crm.customers.merge(winner, loser)
        assert crm.customers.put(("shop", "42"), note="x").id == winner.id

    def test_a_lost_race_is_run_again(self, crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
        """The other process commits between our look and our write: the store says that the key is taken, and we look again."""
        other = crm.customers.put(("shop", "42"), name="Anna")
        from crmkit.services.customers import verbs

        real, blind = verbs.external, [True]
        monkeypatch.setattr(verbs, "external", lambda *args: None if blind.pop() else real(*args))
        blind.insert(0, False)
        assert crm.customers.put(("shop", "42"), name="Anna").id == other.id
        assert len(crm.find(Customer)) == 1

    def test_inside_a_unit_the_lost_race_is_told(self, crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
        crm.customers.put(("shop", "42"), name="Anna")
        monkeypatch.setattr("crmkit.services.customers.verbs.external", lambda *_: None)
        with pytest.raises(TryAgain), crm.transaction() as tx:
            tx.customers.put(("shop", "42"), name="Anna")


class TestChanging:
    def test_the_fields_given_change(self, crm: CRM) -> None:
        anna = crm.customers.add(name="Anna", email="a@example.nl")
        changed = crm.customers.change(
            anna, name="Anna Jansen", email="b@example.nl", country="NL", phone="06 1234 5678"
        )
        assert (changed.name, changed.country) == ("Anna Jansen", "NL")
        assert [p.key for p in crm.customers.contact_points(anna) if p.is_primary] == ["b@example.nl", "+31612345678"]

    def test_somebody_else_s_change_is_not_lost(self, crm: CRM) -> None:
        anna = crm.customers.add(name="Anna")
        crm.customers.change(anna, note="one")
        with pytest.raises(ConflictError):
            crm.customers.change(anna, note="two")
        assert crm.customers.change(anna.id, note="three").note == "three"

    def test_a_customer_moves_along_its_life_with_reason_and_side(self, crm: CRM) -> None:
        anna = crm.customers.add(name="Anna")
        assert anna.stage == "exploration"
        gone = crm.customers.move(anna, "dissolution", reason="moved", side="customer")
        assert (gone.stage, gone.state) == ("dissolution", "lost")
        (change,) = crm.pipelines.history(gone)
        assert (change.from_stage, change.to_stage, change.reason, change.side) == (
            "exploration",
            "dissolution",
            "moved",
            "customer",
        )


class TestContactPoints:
    def test_the_first_is_primary_and_another_can_become_it(self, crm: CRM) -> None:
        anna = crm.customers.add(name="Anna")
        assert crm.customers.add_contact_point(anna, "email", "a@example.nl").is_primary
        crm.customers.add_contact_point(anna, "email", "b@example.nl", label="work", is_primary=True)
        crm.customers.add_contact_point(anna, "email", "B@example.nl", label="office")
        assert emails(crm, anna) == [("a@example.nl", False), ("B@example.nl", True)]

    def test_removing_the_primary_makes_another_primary(self, crm: CRM) -> None:
        anna = crm.customers.add(name="Anna", emails=["a@example.nl", "b@example.nl"])
        crm.customers.remove_contact_point(crm.customers.contact_points(anna)[0])
        assert emails(crm, anna) == [("b@example.nl", True)]

    def test_who_wrote_from_an_address_is_known_once_it_is(self, crm: CRM) -> None:
        wrote = crm.interactions.record(None, channel="email", address="Who@example.nl", body="hello")
        assert wrote.customer is None
        anna = crm.customers.add(name="Anna", email="who@example.nl")
        (known,) = crm.interactions.timeline(anna)
        assert (known.id, known.customer, known.customer_id) == (wrote.id, anna.id, anna.id)

    def test_an_address_of_two_says_nothing(self, crm: CRM) -> None:
        crm.customers.add(name="Anna", email="desk@example.nl")
        crm.customers.add(name="Bea", email="desk@example.nl")
        wrote = crm.interactions.record(None, channel="email", address="desk@example.nl")
        crm.customers.add(name="Cor", email="desk@example.nl")
        assert wrote.customer is None
        assert not any(crm.interactions.timeline(c) for c in crm.find(Customer))


class TestFinding:
    @pytest.mark.parametrize(
        "text", ["jansen", "JÁNSEN", "anna j", "anna@EXAMPLE.nl", "+31 6 1234 5678", "shop:42"], ids=["part", "accents", "space", "email", "phone", "external"]
    )  # fmt: skip
    def test_by_name_address_or_external_id(self, crm: CRM, text: str) -> None:
        crm.customers.put(("shop", "42"), name="Anna Jansen", email="anna@example.nl", phone="+31612345678")
        crm.customers.add(name="Bé de Wit", email="be@example.nl")
        assert [c.name for c in crm.customers.find(text)] == ["Anna Jansen"]

    @pytest.mark.parametrize(
        ("stored", "typed"),
        [("علی كريمي", "علي کریمی"), ("שָׁלוֹם כהן", "שלום"), ("Ångström", "angstrom")],
        ids=["persian", "hebrew", "latin"],
    )
    def test_over_scripts(self, crm: CRM, stored: str, typed: str) -> None:
        crm.customers.add(name=stored)
        assert [c.name for c in crm.customers.find(typed)] == [stored]

    def test_narrowed_and_paged_by_name(self, crm: CRM) -> None:
        crm.agents.add("mina")
        for name, tags, status in (
            ("b", ["vip"], "customer"),
            ("Á", ["vip"], "customer"),
            ("c", [], "customer"),
            ("d", ["vip"], "former"),
        ):
            crm.customers.add(name=name, tags=tags, status=status, owner="mina" if name != "b" else None)
        assert [c.name for c in crm.customers.find(status="customer", tag="vip")] == ["Á", "b"]
        assert [c.name for c in crm.customers.find(owner="mina", tag="vip")] == ["Á", "d"]
        page = crm.customers.find(limit=3)
        assert [c.name for c in page] == ["Á", "b", "c"]
        assert [c.name for c in crm.customers.find(limit=3, after=page.next)] == ["d"]


class TestLinking:
    def test_said_twice_it_stands_once(self, crm: CRM) -> None:
        anna, firm = crm.customers.add(name="Anna"), crm.customers.add(name="Firm", kind="organisation")
        assert crm.customers.link(anna, firm, "employee") == crm.customers.link(anna, firm, "employee")
        assert [link.role for link in crm.customers.show(firm).links] == ["employee"]

    def test_an_ended_link_says_when(self, crm: CRM, clock: Clock) -> None:
        anna, firm = crm.customers.add(name="Anna"), crm.customers.add(name="Firm")
        crm.customers.link(anna, firm, "employee")
        (ended,) = crm.customers.unlink(anna, firm)
        assert ended.until == clock.now
        assert crm.customers.unlink(anna, firm) == ()

    def test_not_to_itself(self, crm: CRM) -> None:
        anna = crm.customers.add(name="Anna")
        with pytest.raises(InvalidError):
            crm.customers.link(anna, anna.id, "friend")


class TestShowing:
    def test_everything_at_a_glance(self, crm: CRM, clock: Clock) -> None:
        crm.agents.add("mina", name="Mina")
        anna = crm.customers.put(("shop", "42"), name="Anna", owner="mina", email="a@example.nl", tags=["vip"])
        deal = crm.deals.open(anna, title="Gazelle", amount=Money("1249", "EUR"))
        crm.deals.win(crm.deals.open(anna, title="Batavus"))
        with crm.transaction() as tx:
            repair = tx.add(Repair(customer=anna.id, bicycle="Union"))
            survey = tx.add(Survey(key="s"))
            for day, kind, score in ((1, "nps", 3), (2, "nps", 9), (3, "csat", 4)):
                response = tx.add(SurveyResponse(customer=anna.id, survey=survey.id))
                tx.add(
                    Answer(
                        response=response.id,
                        customer=anna.id,
                        survey_type=kind,
                        score=score,
                        answered_at=datetime(2026, 2, day, tzinfo=UTC),
                    )
                )
        first = crm.interactions.record(anna, channel="phone")
        clock.advance(hours=1)
        last = crm.interactions.record(anna, channel="phone", direction="out")
        planned = crm.interactions.plan(anna, "call", at=WallTime.parse("2026-04-01T10:00 Europe/Amsterdam"))

        profile = crm.customers.show("shop:42")
        assert isinstance(profile.owner, Agent)
        assert profile.owner.key == "mina"
        assert profile.open_deals == (deal,)
        assert {record.id for record in profile.open} == {deal.id, repair.id}
        assert [one.id for one in profile.last] == [last.id, first.id]
        assert (profile.last_at, profile.next) == (clock.now, (planned,))
        assert {kind: answer.score for kind, answer in profile.satisfaction.items()} == {"nps": 9, "csat": 4}
        assert [e.value for e in profile.external_ids] == ["42"]
        assert getattr(profile.primary("email"), "value", "") == "a@example.nl"
        assert profile.as_dict()["open"][0]["type"] == "deal"
        assert crm.find(Customer, each(Customer).id == anna.id)
