"""Two CRMs with different plugins live in one process, in threads, and know nothing of each other."""

from __future__ import annotations

import threading
from pathlib import Path

import attrs
import pytest

from crmkit import (
    CRM,
    Change,
    Context,
    Customer,
    Deal,
    Pipeline,
    Plugin,
    Refusal,
    RefusedError,
    Stage,
    UnsupportedError,
    check,
)
from tests.work import shop


@check(Customer)
def no_bert(change: Change[Customer]) -> Refusal | None:
    return Refusal("No Bert here.") if change.after.name == "Bert" else None


strict = Plugin(
    "strict", offers=(no_bert, Pipeline("strict-sale", of=Deal, stages=(Stage("begin"), Stage("end", "won"))))
)


def test_two_crms_with_different_plugins(tmp_path: Path) -> None:
    with (
        CRM.open(f"sqlite:///{tmp_path / 'one.db'}", plugins=[strict], discover=False) as one,
        CRM.open("memory:", plugins=[shop.plugin], discover=False, currency="USD") as other,
    ):
        refused: list[str] = []

        def work(crm: CRM, rounds: int) -> None:
            for n in range(rounds):
                crm.customers.add(name=f"Customer {n}")
                try:
                    crm.customers.add(name="Bert")
                except RefusedError as error:
                    refused.append(str(error))

        threads = [threading.Thread(target=work, args=(crm, 20)) for crm in (one, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(refused) == 20
        assert (len(one.find(Customer)), len(other.find(Customer))) == (20, 40)
        assert one.deals.open(None, title="x").pipeline == "strict-sale"
        assert other.deals.open(None, title="x").pipeline == "selling"
        assert {state.name for state in one.plugins} ^ {state.name for state in other.plugins} == {"strict", "shop"}
        assert "loan" not in one.house.by_name


@pytest.mark.crm(stores="all")
def test_two_crms_with_other_settings_of_one_plugin(tmp_path: Path) -> None:
    """Also where the same objects (plugin, hook functions) serve both, in threads."""

    @attrs.frozen
    class Settings:
        forbidden: str

    @check(Customer)
    def nobody_called(change: Change[Customer], context: Context[Settings]) -> Refusal | None:
        return Refusal("Not here.") if change.after.name.startswith(context.settings.forbidden) else None

    picky = Plugin("picky", settings=Settings, offers=(nobody_called,))
    places = {"Anna": f"sqlite:///{tmp_path / 'one.db'}", "Bert": "memory:"}
    refused: dict[str, list[str]] = {name: [] for name in places}

    def work(forbidden: str) -> None:
        settings = {"picky": Settings(forbidden=forbidden)}
        with CRM.open(places[forbidden], plugins=[picky], discover=False, settings=settings) as crm:
            for n in range(20):
                for name in ("Anna", "Bert"):
                    try:
                        crm.customers.add(name=f"{name} {n}")
                    except RefusedError:
                        refused[forbidden].append(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in places]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == {"Anna": ["Anna"] * 20, "Bert": ["Bert"] * 20}


def test_companies_side_by_side(crm: CRM) -> None:
    """A company is a space of its own in the same place: nothing of one is seen by the other."""
    acme, umbra = crm.tenant("acme"), crm.tenant("umbra")
    kept = acme.customers.add(name="Anna")
    assert [c.name for c in acme.customers.find("anna")] == ["Anna"]
    assert not umbra.customers.find("anna")
    assert not crm.customers.find("anna")
    assert crm.tenant("acme").get(Customer, kept.id).name == "Anna"
    with acme.transaction() as tx, pytest.raises(UnsupportedError):
        tx.tenant("umbra")
