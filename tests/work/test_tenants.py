"""Companies beside each other in one database: a plugin acts where it is active, and nowhere else."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import create_engine, text

from crmkit import (
    CRM,
    Change,
    Context,
    Customer,
    Deal,
    DeclarationError,
    Event,
    InvalidError,
    Plugin,
    Refusal,
    RefusedError,
    adjust,
    check,
    subscriber,
)
from crmkit.errors import PluginError
from crmkit.query import each
from crmkit.records import declaration_of
from tests.work import shop


@attrs.frozen
class Settings:
    forbidden: str = "Bert"
    greeting: str = "hello"


@adjust(Customer)
def greeted(change: Change[Customer], context: Context[Settings]) -> Customer:
    return attrs.evolve(change.after, note=context.settings.greeting)


@check(Customer)
def no_bert(change: Change[Customer], context: Context[Settings]) -> Refusal | None:
    return Refusal("Not here.") if change.after.name == context.settings.forbidden else None


told: list[str] = []


@subscriber(Customer, "added")
def tell(event: Event[Customer]) -> None:
    told.append(event.record.name)


strict = Plugin("strict", settings=Settings, offers=(greeted, no_bert, tell))
PLUGINS = [strict, shop.plugin]


@pytest.fixture(params=["memory", "sqlite"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'crm.db'}"


@pytest.fixture
def crm(place: str) -> Iterator[CRM]:
    """Strict and shop are active for acme, neither for umbra; bolt has strict with settings of its own."""
    told.clear()
    tenants = {
        "umbra": {"disabled": ["strict", "shop"]},
        "bolt": {"disabled": ["shop"], "settings": {"strict": {"forbidden": "Carla"}}},
    }
    settings = {"strict": {"greeting": "welcome"}}
    with CRM.open(place, plugins=PLUGINS, discover=False, tenants=tenants, settings=settings) as made:
        yield made


def state(crm: CRM, plugin: str) -> str:
    return next(one.state for one in crm.plugins if one.name == plugin)


def test_states_are_told_for_each_company(crm: CRM):
    companies = [crm, crm.tenant("acme"), crm.tenant("umbra"), crm.tenant("bolt")]
    assert [(state(one, "strict"), state(one, "shop")) for one in companies] == [
        ("active", "active"), ("active", "active"), ("disabled", "disabled"), ("active", "disabled"),
    ]  # fmt: skip


def test_hooks_act_where_the_plugin_is_active(crm: CRM):
    acme, umbra = crm.tenant("acme"), crm.tenant("umbra")
    with pytest.raises(RefusedError, match="Not here"):
        acme.customers.add(name="Bert")
    assert umbra.customers.add(name="Bert").note == ""
    assert acme.customers.add(name="  Anna  ").name == "Anna"
    assert umbra.customers.add(name="Anna   Maria").note == ""
    umbra.work()
    assert told == []
    acme.work()
    assert told == ["Anna"]


def test_settings_differ_key_by_key(crm: CRM):
    bolt = crm.tenant("bolt")
    assert bolt.customers.add(name="Bert").note == "welcome"
    with pytest.raises(RefusedError):
        bolt.customers.add(name="Carla")


def test_record_types_and_verbs_are_there_where_the_plugin_is_active(crm: CRM):
    acme, umbra = crm.tenant("acme"), crm.tenant("umbra")
    loan = acme.service(shop.Shop).lend("Anna", "1")
    assert acme.get(shop.Loan, loan.id) == loan
    assert "loan" not in umbra.house.by_name
    with pytest.raises(InvalidError, match="There is no record type 'loan'"):
        umbra.house.type_named("loan")
    assert acme.deals.open(None, title="x").pipeline == "selling"
    assert umbra.deals.open(None, title="x").pipeline != "selling"
    assert [of for of in umbra.house.types if of is shop.Loan] == []


def test_a_unit_of_work_is_of_its_company(crm: CRM):
    """Also in what hooks and verbs see, and in another actor's view."""
    with crm.tenant("umbra").acting_as("chief").transaction() as tx:
        assert tx.customers.add(name="Bert").name == "Bert"
        assert state(tx, "strict") == "disabled"
    with crm.tenant("acme").transaction() as tx, pytest.raises(RefusedError):
        tx.customers.add(name="Bert")


def test_companies_in_threads(crm: CRM):
    kept: dict[str, list[str]] = {}

    def work(name: str) -> None:
        own, seen = crm.tenant(name), kept.setdefault(name, [])
        for n in range(15):
            for who in ("Bert", "Carla"):
                try:
                    seen.append(own.customers.add(name=who if n == 0 else f"{who} {n}").note)
                except RefusedError:
                    seen.append("refused")

    threads = [threading.Thread(target=work, args=(name,)) for name in ("acme", "umbra", "bolt")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kept["acme"] == ["refused", *["welcome"] * 29]
    assert kept["umbra"] == [""] * 30
    assert kept["bolt"] == ["welcome", "refused", *["welcome"] * 28]


def test_what_is_switched_off_for_all_may_be_on_for_one(place: str):
    tenants = {"acme": {"enabled": ["strict"]}}
    with CRM.open(place, plugins=PLUGINS, discover=False, disabled=["strict"], tenants=tenants) as crm:
        assert crm.customers.add(name="Bert")
        assert crm.tenant("umbra").customers.add(name="Bert")
        with pytest.raises(RefusedError):
            crm.tenant("acme").customers.add(name="Bert")


def test_switching_off_later_keeps_what_was_kept(tmp_path: Path):
    """The company's data stays readable, and is there again where the plugin is switched on again."""
    url = f"sqlite:///{tmp_path / 'crm.db'}"
    with CRM.open(url, plugins=PLUGINS, discover=False) as crm:
        loan = crm.tenant("acme").service(shop.Shop).lend("Anna", "1")
        crm.tenant("umbra").service(shop.Shop).lend("Bert Jansen", "2")
    with CRM.open(url, plugins=PLUGINS, discover=False, tenants={"acme": {"disabled": ["shop"]}}) as crm:
        acme = crm.tenant("acme")
        assert set(acme.status().unknown) == {"loan", "damage"}
        kept: Any = acme.house.type_named("loan")
        assert kept is not shop.Loan
        assert [one.number for one in acme.find(kept)] == ["1"]
        assert [one.number for one in crm.tenant("umbra").find(shop.Loan)] == ["2"]
        assert crm.status().unknown == {}
    with CRM.open(url, plugins=PLUGINS, discover=False) as crm:
        assert crm.tenant("acme").get(shop.Loan, loan.id).number == "1"


def test_each_company_is_upgraded_by_itself(tmp_path: Path):
    """What one company's schema lacks says nothing of another's."""
    url = f"sqlite:///{tmp_path / 'crm.db'}"
    with CRM.open(url, discover=False) as crm:
        crm.tenant("old")
    with CRM.open(url, plugins=[shop.plugin], discover=False) as crm:
        old, new = crm.tenant("old"), crm.tenant("new")
        assert (old.house.absent, new.house.absent) == ({"loan", "damage"}, frozenset())
        assert new.service(shop.Shop).lend("Anna", "1")
        old.upgrade()
        assert old.service(shop.Shop).lend("Anna", "1")


def test_a_company_whose_plugin_is_required_says_so(place: str):
    settings = {"strict": {"required": True}}
    tenants = {"umbra": {"disabled": ["strict"]}}
    with CRM.open(place, plugins=PLUGINS, discover=False, settings=settings, tenants=tenants) as crm:
        assert crm.tenant("acme")
        with pytest.raises(PluginError, match="strict is disabled"):
            crm.tenant("umbra")


def test_what_is_wrong_is_told_at_once():
    tenants = {"acme": {"disable": ["x"], "enabled": ["y"], "disabled": ["y"]}, "umbra": 3, "bolt": {"settings": 1, "enabled": 7}}  # fmt: skip
    with pytest.raises(DeclarationError) as caught:
        CRM.open("memory:", discover=False, tenants=tenants)
    told = str(caught.value)
    for words in (
        "tenants.acme: 'disable' is nothing that can be set. Did you mean 'disabled'?",
        "tenants.acme: 'y' is both disabled and enabled.",
        "tenants.umbra is no table: write [tenants.umbra].",
        "tenants.bolt.settings holds the tables of plugins: write [tenants.bolt.settings.PLUGIN].",
        "tenants.bolt.enabled: ",
    ):
        assert words in told


def test_a_project_says_it_in_its_file(tmp_path: Path):
    (tmp_path / "crmkit.toml").write_text(
        'store = "memory:"\ndisabled = ["manual"]\n[settings.mailbox]\nname = "all"\n'
        '[tenants.acme]\ndisabled = ["trust"]\nenabled = ["manual"]\n[tenants.acme.settings.mailbox]\nname = "acme"\n',
        "utf-8",
    )
    with CRM.project(tmp_path, discover=False) as crm:
        acme, umbra = crm.tenant("acme"), crm.tenant("umbra")
        assert [state(one, "manual") for one in (crm, acme, umbra)] == ["disabled", "active", "disabled"]
        names = [one.house.loaded.plugged["mailbox"].settings.name for one in (crm, acme, umbra)]
        assert names == ["all", "acme", "all"]
    with CRM.project(tmp_path, discover=False, tenants={"acme": {"disabled": ["manual"]}}) as crm:
        assert state(crm.tenant("acme"), "manual") == "disabled"


def test_questions_are_asked_in_the_company(crm: CRM):
    d = each(Deal)
    crm.tenant("acme").deals.open(None, title="Gazelle")
    assert len(crm.tenant("acme").find(Deal, d.title == "Gazelle")) == 1
    assert not crm.tenant("umbra").find(Deal)


@pytest.mark.parametrize("place", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_a_guest_s_company_is_in_the_transaction_of_its_own_host(place, request, tmp_path):
    """Whoever asked for it before, by the pool or on another connection, which may be closed by now."""
    url = f"sqlite:///{tmp_path / 'crm.db'}" if place == "sqlite" else request.getfixturevalue("postgresql_url")
    name = f"t{uuid.uuid4().hex[:12]}"
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with CRM.open(engine, discover=False, prefix="guests_") as crm:
        acme = crm.tenant(name)
        for ends, there in (("rollback", []), ("commit", ["Anna"]), ("rollback", ["Anna"])):
            with engine.connect() as connection:
                crm.on(connection).tenant(name).customers.add(name="Anna")
                getattr(connection, ends)()
            assert [one.name for one in acme.find(Customer)] == there
            assert [one.name for one in crm.tenant(name).find(Customer)] == there
        if place == "postgresql":
            with engine.begin() as connection:
                connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
                for of in crm.house.types:
                    connection.execute(text(f"DROP TABLE IF EXISTS guests_{declaration_of(of).name}"))
    engine.dispose()
