"""Plugins that were written for an earlier API work as they did: see README.md beside this file."""

from __future__ import annotations

import hashlib
import hmac
import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crmkit import CRM, ConflictError, Customer, Deal, InvalidError, Money, RefusedError, declaration_of
from crmkit._plugins import discovered
from crmkit.ports.channel import Forged, Headers, Request
from crmkit.query import each
from crmkit.testing import Clock
from tests.frozen.hashes import FILE, hashes

pytestmark = pytest.mark.filterwarnings("default::crmkit.ports.lifetime.PluginDeprecation")
NAMES = {"cards", "comfort", "house-rules", "loans", "pigeons", "plain-rules", "returning"}
GONE: dict[str, set[str]] = {"1.0": set()}
"""Version -> plugins that this API does without: what they used was deprecated, and its removal was announced."""
SETTINGS = {"pigeons": {"sender": "tower", "token": "env:TOKEN"}, "house-rules": {"told_to": "shop"}}


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 10, 5, 9, tzinfo=UTC))


@pytest.fixture
def crm(frozen: Path, clock: Clock) -> Iterator[CRM]:
    """A CRM that finds the frozen plugins as it finds installed ones."""
    with CRM.open("memory:", settings=SETTINGS, environ={"TOKEN": "t0ken"}, clock=clock, secret="s") as made:
        yield made


def test_nothing_was_edited(frozen: Path):
    assert (frozen / FILE).read_text("utf-8") == hashes(frozen), (
        "What is frozen is not edited: see tests/frozen/README.md"
    )


@pytest.mark.parametrize("how", ["edited", "added", "removed"])
def test_an_edit_would_be_seen(frozen: Path, tmp_path: Path, how: str):
    copy = shutil.copytree(frozen, tmp_path / "copy", ignore=shutil.ignore_patterns("__pycache__"))
    assert hashes(copy) == hashes(frozen)
    file = copy / "crmkit_comfort.py"
    if how == "edited":
        file.write_text(file.read_text("utf-8") + "\n", "utf-8")
    elif how == "added":
        (copy / "more.py").write_text("", "utf-8")
    else:
        file.unlink()
    assert hashes(copy) != hashes(frozen)


def test_all_of_them_are_active(frozen: Path, crm: CRM):
    states = {state.name: state for state in crm.plugins if state.name in NAMES}
    wanted = NAMES - GONE[frozen.name]
    assert {name: state.told() for name, state in states.items() if state.state != "active"} == {}
    assert set(states) == wanted


def test_their_manifests_are_read_as_they_were_written(frozen: Path):
    found = {known.state.name: known.manifest for known in discovered() if known.state.name in NAMES}
    assert all(found.values())
    assert found["loans"]["record_types"] == ["book_loan", "loan_note"]
    assert found["house-rules"]["checks"] == ["customer", "deal", "interaction"]
    assert found["pigeons"]["settings"]["required"] == ["sender", "token"]


# --- channel ----------------------------------------------------------------------------------------------------------
def sent_to(crm: CRM, *addresses: str) -> list[str]:
    kept = []
    for n, address in enumerate(addresses):
        who = crm.customers.add(name=f"Anna {n}")
        crm.customers.add_contact_point(who, "handle", address)
        kept.append(crm.messages.queue(who, channel="pigeons", text="Your book is here."))
    crm.work()
    return [crm.get(type(one), one.id).status for one in kept]


def test_a_channel_has_its_four_ends(crm: CRM):
    assert sent_to(crm, "dom", "nowhere", "storm", "sea") == ["sent", "rejected", "queued", "uncertain"]


def test_a_channel_hears(crm: CRM, clock: Clock):
    sent_to(crm, "dom")
    (message,) = crm.messages.list(status="sent")
    told = [{"id": message.external_id, "status": "delivered"}, {"id": "n1", "from": "dom", "text": "Thank you"}]
    body = json.dumps(told).encode()
    signed = Headers({"X-Signature": hmac.new(b"t0ken", body, hashlib.sha256).hexdigest()})
    crm.messages.receive("pigeons", Request(body=body, headers=signed))
    assert crm.get(type(message), message.id).status == "delivered"
    assert "Thank you" in [one.body for one in crm.find(type_of(crm, "interaction"))]
    with pytest.raises((Forged, RefusedError, InvalidError)):
        crm.messages.receive("pigeons", Request(body=body + b" ", headers=signed))
    crm.messages.poll("pigeons")
    assert "coo" in [one.body for one in crm.find(type_of(crm, "interaction"))]


def type_of(crm: CRM, name: str) -> Any:
    return crm.house.type_named(name)


# --- survey types and KPIs ------------------------------------------------------------------------------------------------
def test_survey_types_check_score_and_measure(crm: CRM):
    anna = crm.customers.add(name="Anna", email="anna@example.nl")
    for name in ("comfort", "stars", "plain-stars"):
        crm.surveys.create(f"about-{name}", name)
    crm.surveys.answer(anna, {"comfort": {"bed": 5, "quiet": "۴", "cold": 1}}, survey="about-comfort", channel="phone")
    crm.surveys.answer(anna, {"stars": "****"}, survey="about-stars", channel="phone")
    crm.surveys.answer(anna, {"plain-stars": 5}, survey="about-plain-stars", channel="phone")
    with pytest.raises(InvalidError):
        crm.surveys.answer(anna, {"stars": "good"}, survey="about-stars", channel="phone")
    a = each(type_of(crm, "answer"))
    scores = {
        one.survey_type: one.score
        for one in crm.find(type_of(crm, "answer"), ~a.score.is_missing)
        if one.item in ("", None)
    }
    assert scores == {"comfort": Decimal("4.6667"), "stars": Decimal(4), "plain-stars": Decimal(5)}
    (row,) = crm.kpis.show("comfort")
    assert row.value == pytest.approx(4.6667)


def test_kpis_measure(crm: CRM, clock: Clock):
    anna, bert = (crm.customers.add(name=name) for name in ("Anna", "Bert"))
    for title, source in (("One", "web"), ("Two", "shop")):
        crm.deals.open(anna, title=title, amount=Money("10", "EUR"), source=source)
    clock.advance(days=2)
    one, two = crm.find(Deal, order=[each(Deal).title])
    crm.deals.win(one)
    crm.deals.lose(two)
    purchase = type_of(crm, "purchase")
    crm.add([purchase(customer=who.id, placed_at=clock(), value=Money("5", "EUR")) for who in (anna, anna, bert)])
    clock.advance(hours=1)
    values = {name: [row.value for row in crm.kpis.show(name)] for name in (
        "frozen-win-rate", "purchases-per-buyer", "most-purchases", "days-to-win", "spent")}  # fmt: skip
    assert values == {
        "frozen-win-rate": [0.5], "purchases-per-buyer": [1.5], "most-purchases": [2], "days-to-win": [2.0], "spent": [15],
    }  # fmt: skip
    groups = {row.group: row.value for row in crm.kpis.show("frozen-win-rate", group="origin")}
    assert sorted(map(str, groups.values())) == ["0.0", "1.0"]


# --- store ------------------------------------------------------------------------------------------------------------------
def test_a_store_keeps(frozen: Path, tmp_path: Path):
    url = f"cards://{tmp_path / 'drawers'}"
    with CRM.open(url, settings=SETTINGS, environ={"TOKEN": "t"}) as crm:
        anna = crm.customers.add(name="Anna", email="anna@example.nl")
        with pytest.raises(RuntimeError), crm.transaction() as tx:  # noqa: PT012 - the unit as a whole is what raises
            tx.customers.add(name="Nobody else")
            raise RuntimeError
        loans = importlib.import_module("crmkit_loans")
        kept = crm.service(loans.BookLoans).lend(anna, "1", "Atlas")
    assert (tmp_path / "drawers" / "customer" / f"{anna.id}.json").exists()
    with CRM.open(url, settings=SETTINGS, environ={"TOKEN": "t"}) as again:
        assert [one.name for one in again.customers.find("anna")] == ["Anna"]
        assert again.get(loans.BookLoan, kept.id).title == "Atlas"
        assert len(again.find(Customer)) == 1


# --- record type, service, command ---------------------------------------------------------------------------------------------
def test_a_record_type_with_its_verbs(crm: CRM):
    loans = importlib.import_module("crmkit_loans")
    verbs = crm.service(loans.BookLoans)
    anna = crm.customers.add(name="Anna", custom={"library_card": "7"})
    kept = verbs.lend(anna, "1", "Atlas", fee=Money("1.50", "EUR"))
    assert (kept.stage, kept.state, kept.fee) == ("lent", "open", Money("1.50", "EUR"))
    with pytest.raises(ConflictError, match="wait for it"):
        verbs.lend(anna, "1", "Atlas")
    back = verbs.back(kept, note="wet")
    assert (back.stage, back.state) == ("back", "won")
    assert [note.text for note in crm.find(loans.LoanNote)] == ["wet"]
    assert verbs.readers() == ["Anna"]
    assert verbs.lend_all(anna, "Emma", "Max Havelaar") == 2
    assert verbs.by_kind() == {"novel": 3}
    assert [one.id for one in crm.find(Customer, each(Customer).custom.library_card == "7")] == [anna.id]
    assert declaration_of(loans.BookLoan).plural == "book-loans"
    assert {change.to_stage for change in crm.pipelines.history(back)} == {"back"}


def test_a_command(frozen: Path, tmp_path: Path):
    (tmp_path / "crmkit.toml").write_text(
        'store = "sqlite:///crm.db"\n[settings.pigeons]\nsender = "t"\ntoken = "env:PATH"\n', "utf-8"
    )
    environ = {**os.environ, "PYTHONPATH": str(frozen), "PYTHONDONTWRITEBYTECODE": "1"}

    def crmkit(*words: str) -> subprocess.CompletedProcess[str]:
        program = "import sys; from crmkit.cli import main; sys.exit(main())"
        command = [sys.executable, "-c", program, *words]
        return subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)

    assert "book-loans" in crmkit("--help").stdout
    assert crmkit("customers", "add", "Anna").returncode == 0
    lent = crmkit("book-loans", "lend", "Anna", "12", "Atlas", "--fee", "1.50", "--json")
    assert json.loads(lent.stdout)["number"] == "12", lent.stderr
    assert "Atlas" in crmkit("book-loans", "list").stdout


# --- hooks ----------------------------------------------------------------------------------------------------------------------
def test_hooks_of_every_policy(crm: CRM, clock: Clock):
    anna = crm.customers.add(name="  Anna   Jansen ")
    assert anna.name == "Anna Jansen"
    with pytest.raises(RefusedError, match="There is a Anna Jansen already"):
        crm.customers.add(name="Anna Jansen")
    deal = crm.deals.open(anna, source="seller-x")
    assert deal.title == "for the shop"
    with pytest.raises(RefusedError, match="A won deal has an amount") as refused:
        crm.deals.win(deal)
    assert (refused.value.field, refused.value.code) == ("amount", "amount_missing")
    with pytest.raises(RefusedError, match="Do not shout"):
        crm.interactions.record(anna, channel="note", body="WHERE IS IT")
    crm.deals.win(crm.deals.change(deal, amount=Money("10", "EUR")))
    crm.work()
    told = [one.body for one in crm.find(type_of(crm, "interaction"))]
    assert "deal.won for the shop by system key=True at=True" in told
    assert not crm.acting_as("seller-y").find(Deal)
    assert len(crm.acting_as("seller-x").find(Deal)) == 1
    order = [hook.plugin.name for hook in crm.house.hooks.order(Customer, "check")]
    assert order.index("plain-rules") < order.index("house-rules")


def test_a_plain_module_of_hooks(crm: CRM, clock: Clock):
    module = importlib.import_module("crmkit_plain_rules")
    assert crm.customers.add(name="Anna", note="plain").note == "plain, adjusted"
    with pytest.raises(RefusedError, match=r"Nobody is no name \(plain-rules\)"):
        crm.customers.add(name="Nobody")
    clock.advance(seconds=1)
    crm.work()
    assert "customer.added" in module.told
