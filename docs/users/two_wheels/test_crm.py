"""The chain's own tests: the rules, a day at the counter, and the command line on files of the old till."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from crmkit import CRM, Customer, Money, RefusedError
from crmkit.query import each
from crmkit.testing import Clock

HERE = Path(__file__).parent


def load() -> Any:
    spec = importlib.util.spec_from_file_location("two_wheels_crm", HERE / "crm.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


shop = load()


@pytest.fixture
def crm_plugins() -> list[object]:
    return [shop.plugin]


def test_repair(crm: CRM, clock: Clock) -> None:
    anna = crm.customers.add(name="Anna")
    order = crm.service(shop.Repairs).receive(anna, "Gazelle", shop="utrecht")
    clock.advance(days=3)
    crm.service(shop.Repairs).finish(order, Money("48.50"))
    assert crm.kpis.show("days-in-workshop", by="month").latest.value == 3
    crm.work()
    assert crm.outbox == []  # type: ignore[attr-defined]  # of the fixture


@pytest.mark.crm(stores="all")
def test_a_sold_bicycle_has_a_price(crm: CRM) -> None:
    anna = crm.customers.put(("shop", "42"), name="Anna Jansen", email="anna@example.nl")
    assert crm.customers.put(("shop", "42"), name="Anna Jansen").version == anna.version
    deal = crm.deals.open(anna, title="Gazelle Orange C8")
    with pytest.raises(RefusedError, match=r"two-wheels \(won_needs_amount\): A sold bicycle has a price") as caught:
        crm.deals.move(deal, "sold")
    assert caught.value.field == "amount"
    deal = crm.deals.move(crm.deals.change(deal, amount=Money("1249")), "sold")
    assert (deal.state, deal.amount) == ("won", Money("1249", "EUR"))


class Chat(BaseHTTPRequestHandler):
    """The chat of the colleagues, played on loopback."""

    heard: list[tuple[str, str]]

    def do_POST(self) -> None:
        text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"]
        self.server.heard.append((text, self.headers["Idempotency-Key"]))  # type: ignore[attr-defined]  # of this server
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def chat() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), Chat) as server:
        server.heard = []  # type: ignore[attr-defined]  # of this server
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_the_chat_is_told_once(chat: HTTPServer) -> None:
    settings = {"two-wheels": {"chat_url": f"http://127.0.0.1:{chat.server_port}/"}}
    with CRM.open("memory:", plugins=[shop.plugin], discover=False, settings=settings) as crm:
        deal = crm.deals.open(crm.customers.add(name="Anna"), title="Gazelle", amount=Money("1249"))
        crm.deals.move(deal, "sold")
        crm.work()
        crm.work()
    heard = chat.heard  # type: ignore[attr-defined]  # of this server
    assert [text for text, _ in heard] == ["Anna: EUR 1,249.00"]
    assert heard[0][1]


# --- a day on the command line ---
OLD_TILL = (
    "Klantnr;Voornaam;Achternaam;E-mail;Telefoon;Aangemaakt;Groep;Maat\n"
    "17;Anna;Jansen;anna@example.nl;06 12345678;11-02-2023;VIP klant|club;54\n"
    "18;Bé;Jansen-de Wit;;030 5550101;30-11-2024;;48\n"
    "19;Fout;Maat;fout@example.nl;;01-01-2024;;61\n"
    "20;Geen;Adres;geen-apenstaart;;31-04-2024;;58\n"
)
REPAIRS = (
    "Bon;Klantnr;Fiets;Filiaal;Binnen;Klaar;Bedrag;Status\n"
    "R1;17;Gazelle Orange C8;1;02-11-2026 09:00;05-11-2026 09:00;48.50;klaar\n"
    "R2;18;Batavus;2;20-11-2026 10:30;;;open\n"
    "R3;99;Onbekend;3;20-11-2026 10:30;;;nieuw\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("crm.py", "crmkit.toml", "customers.toml", "repairs.toml"):
        shutil.copy(HERE / name, tmp_path)
    (tmp_path / "old-till.csv").write_text(OLD_TILL, "windows-1252")
    (tmp_path / "repairs.csv").write_text(REPAIRS, "utf-8")
    return tmp_path


def crmkit(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-c", "from crmkit.cli import main; main()", *words]
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, encoding="utf-8", check=False
    )


def test_a_day_on_the_command_line(folder: Path) -> None:
    dry = crmkit(folder, "import", "old-till.csv", "--as", "customers", "--map", "customers.toml", "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "Nothing was written" in dry.stdout
    done = crmkit(folder, "import", "old-till.csv", "--as", "customers", "--map", "customers.toml", "--json")
    facts = json.loads(done.stdout.splitlines()[-1])
    assert (facts["added"], facts["rejected"]) == (2, 2)
    assert "61" in (folder / "old-till.rejected.csv").read_text("windows-1252")
    assert "Anna Jansen" in crmkit(folder, "customers", "find", "jansen").stdout
    shown = crmkit(folder, "customers", "show", "anna@example.nl").stdout
    assert "frame_size" in shown
    assert "vip" in shown

    received = crmkit(folder, "repairs", "receive", "anna@example.nl", "Gazelle", "--shop", "utrecht", "--json")
    order = json.loads(received.stdout)
    finished = crmkit(folder, "repairs", "finish", order["id"][-6:], "48.50")
    assert finished.returncode != 0, "the last six characters of a UUID are no short id"
    finished = crmkit(folder, "repairs", "finish", order["id"], "48.50")
    assert "ready" in finished.stdout

    opened = crmkit(folder, "deals", "open", "anna@example.nl", "Gazelle Orange C8", "--json")
    deal = json.loads(opened.stdout)["id"]
    refused = crmkit(folder, "deals", "move", deal, "sold")
    assert (refused.returncode, refused.stdout) == (4, "")
    assert "Refused by two-wheels (won_needs_amount)" in refused.stderr
    assert "field: amount" in refused.stderr
    crmkit(folder, "deals", "change", deal, "--amount", "1249")
    moved = json.loads(crmkit(folder, "deals", "move", deal, "sold", "--json").stdout)
    assert (moved["state"], moved["amount"]) == ("won", {"value": "1249.00", "currency": "EUR"})
    assert "bicycle-sale" in crmkit(folder, "deals", "board").stdout


def test_repairs_of_the_old_till(folder: Path) -> None:
    crmkit(folder, "import", "old-till.csv", "--as", "customers", "--map", "customers.toml")
    done = crmkit(folder, "import", "repairs.csv", "--as", "repair-orders", "--map", "repairs.toml", "--json")
    facts = json.loads(done.stdout.splitlines()[-1])
    assert (facts["added"], facts["rejected"]) == (2, 1), done.stderr
    again = crmkit(folder, "import", "repairs.csv", "--as", "repair-orders", "--map", "repairs.toml", "--json")
    assert json.loads(again.stdout.splitlines()[-1])["unchanged"] == 2
    with CRM.project(folder) as crm:
        orders = crm.find(
            crm.house.type_named("repair-orders"), order=[each(crm.house.type_named("repair-orders")).bicycle]
        )
        assert [(o.bicycle, o.stage, o.shop) for o in orders] == [  # type: ignore[attr-defined]  # of the chain's own class
            ("Batavus", "in-work", "houten"),
            ("Gazelle Orange C8", "ready", "utrecht"),
        ]
        assert crm.find(Customer, each(Customer).custom.frame_size == "M")[0].name == "Anna Jansen"
        value = crm.kpis.show("days-in-workshop").latest.value
        assert value == 3
