"""The demo's company: Ketting & Co, which sells and repairs bicycles. Two years of it, the same at every run of one month."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs

from .names import CULTURES, Culture

Row = dict[str, str]
PERSONS: Final = 164
FIRMS: Final = 38
INTERACTIONS: Final = 2000
AGENTS: Final = (
    ("mina", "Mina de Graaf", "sales"),
    ("otto", "Otto Brandt", "sales"),
    ("yael", "Yael Amir", "service"),
    ("reza", "Reza Parsa", "service"),
)
TOUCHPOINTS: Final = (
    ("reception", "front", "Reception", "Receptie"), ("sales", "front", "Sales", "Verkoop"), ("marketing", "front", "Marketing", "Marketing"),
    ("after-sales", "back", "After-sales", "Nazorg"), ("accounting", "back", "Accounting", "Boekhouding"), ("shop", "back", "Shop", "Winkel"),
)  # fmt: skip
CHANNELS: Final = (("phone", 34), ("email", 30), ("visit", 16), ("meeting", 7), ("letter", 4), ("voicemail", 9))
PRODUCTS: Final = (
    ("City bicycle", 899),
    ("Cargo bicycle", 4250),
    ("Racer", 2390),
    ("Electric bicycle", 2990),
    ("Child seat", 129),
    ("Helmet", 75),
)
ASKED: Final = ("Is my bicycle ready?", "When will it be delivered?", "A question about the invoice", "The brake squeaks", "Can I try the cargo bicycle?",
                "Change of address", "Please call me back", "Thank you!")  # fmt: skip
ANSWERED: Final = (
    "It is ready: come by until six.",
    "The invoice is corrected.",
    "Your offer, as we discussed.",
    "We called to thank you.",
    "The part arrives on Thursday.",
)
LIFE: Final = ("exploration", "awareness", "expansion", "commitment")


@attrs.frozen
class Company:
    """All rows of the demo, by the name of their file.

    Attributes:
        until: the first instant that has not happened yet.
    """

    until: datetime
    files: dict[str, list[Row]]


def company(today: datetime) -> Company:
    """Return the company as it stands on a day; the same day gives the same rows."""
    until = today.astimezone(UTC).replace(hour=8, minute=0, second=0, microsecond=0)
    chance = random.Random(20_26)  # noqa: S311  # made-up data, the same at every run
    customers = list(_customers(chance, until))
    departures = list(_departures(chance, customers, until))
    deals, changes = _deals(chance, customers, until)
    cases, moves = _cases(chance, customers, until)
    return Company(
        until,
        {
            "agents": [{"key": key, "name": name, "team": team} for key, name, team in AGENTS],
            "teams": [{"key": "sales", "name": "Sales"}, {"key": "service", "name": "Service"}],
            "touchpoints": [
                {"key": k, "office": office, "name": name, "name_nl": nl} for k, office, name, nl in TOUCHPOINTS
            ],
            "customers": [_as_it_came(row) for row in customers],
            "departures": departures,
            "interactions": list(_interactions(chance, customers, until)),
            "deals": deals,
            "deal-stages": changes,
            "purchases": list(_purchases(chance, deals, until)),
            "cases": cases,
            "case-stages": moves,
            "costs": list(_costs(chance, until)),
            "life-cycle": list(_life(chance, customers, until)),
            "responses": list(_responses(chance, customers, until)),
        },
    )


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _between(chance: random.Random, start: datetime, end: datetime) -> datetime:
    """Return a random working minute between two instants."""
    day = start + timedelta(days=chance.randrange(max(1, (end - start).days)))
    made = day.replace(hour=8 + chance.randrange(9), minute=chance.randrange(60), second=0)
    return min(made, end - timedelta(minutes=5))


def _customers(chance: random.Random, until: datetime) -> Iterator[Row]:
    weights = (36, 12, 14, 14, 14, 10)
    for n in range(PERSONS + FIRMS):
        culture = chance.choices(CULTURES, weights)[0]
        is_firm = n >= PERSONS
        since = _between(chance, until - timedelta(days=730), until - timedelta(days=20))
        yield _customer(chance, n, culture, is_firm=is_firm, since=since)


def _customer(chance: random.Random, n: int, culture: Culture, *, is_firm: bool, since: datetime) -> Row:
    firms = culture.firms
    name = (
        f"{firms[n % len(firms)]}{'' if n < PERSONS + len(firms) else f' {n - PERSONS}'}"
        if is_firm
        else culture.person(n)
    )
    status = chance.choices(("customer", "prospect", "former"), (66, 24, 10))[0]
    return {
        "number": f"K{n + 1:04d}",
        "name": name,
        "kind": "organisation" if is_firm else "person",
        "status": status,
        "e-mail": f"k{n + 1:04d}@{'firm' if is_firm else 'home'}.example",
        "phone": f"{culture.prefix}{chance.randrange(1_000_000, 9_999_999)}",
        "language": culture.language,
        "country": culture.country,
        "region": culture.region,
        "time zone": culture.time_zone,
        "owner": chance.choice(AGENTS)[0] if is_firm or chance.random() < 0.4 else "",
        "relationship": "dedicated"
        if is_firm
        else chance.choice(("personal-assistance", "transactional", "long-term")),
        "tags": "|".join(sorted(chance.sample(("club", "newsletter", "cargo", "racing"), chance.randrange(3)))),
        "channel": chance.choice(("email", "phone", "visit")),
        "since": _text(since),
    }


def _as_it_came(row: Row) -> Row:
    status = "customer" if row["status"] == "former" else row["status"]
    return {key: value for key, value in {**row, "status": status}.items() if key != "left"}


def _departures(chance: random.Random, customers: list[Row], until: datetime) -> Iterator[Row]:
    """Former customers left at some time after they came."""
    for row in customers:
        if row["status"] == "former":
            left = _between(chance, _since(row), until)
            row["left"] = _text(left)
            yield {"number": row["number"], "left": row["left"]}


def _since(row: Row) -> datetime:
    return datetime.fromisoformat(row["since"])


def _interactions(chance: random.Random, customers: list[Row], until: datetime) -> Iterator[Row]:
    made: list[Row] = []
    while len(made) < INTERACTIONS:
        customer = chance.choice(customers)
        at = _between(chance, _since(customer), until)
        channel = chance.choices([name for name, _ in CHANNELS], [weight for _, weight in CHANNELS])[0]
        touchpoint = chance.choices([t[0] for t in TOUCHPOINTS], (24, 22, 8, 20, 10, 16))[0]
        inbound = chance.random() < 0.62
        made.append(_interaction(chance, customer, at, channel, touchpoint, inbound=inbound))
        is_answered = inbound and len(made) < INTERACTIONS and (chance.random() < 0.93 or (until - at).days > 45)
        answer_at = at + timedelta(hours=chance.choice((1, 2, 3, 5, 8, 22, 26)), minutes=chance.randrange(60))
        if is_answered and answer_at < until:
            made[-1]["answered"] = _text(answer_at)
            made.append(_interaction(chance, customer, answer_at, channel, touchpoint, inbound=False))
    made.sort(key=lambda row: row["at"])
    for n, row in enumerate(made, 1):
        yield {"number": f"I{n:05d}", **row}


def _interaction(  # all of them say what happened
    chance: random.Random, customer: Row, at: datetime, channel: str, touchpoint: str, *, inbound: bool
) -> Row:
    mood = chance.choices(("", "positive", "neutral", "negative"), (50, 22, 18, 10))[0]
    return {
        "customer": customer["number"],
        "channel": channel,
        "direction": "in" if inbound else "out",
        "touchpoint": touchpoint,
        "subject": chance.choice(ASKED if inbound else ANSWERED),
        "agent": chance.choice(AGENTS)[0],
        "sentiment": "negative" if touchpoint == "accounting" and chance.random() < 0.35 else mood,
        "at": _text(at),
        "answered": "",
    }


def _deals(chance: random.Random, customers: list[Row], until: datetime) -> tuple[list[Row], list[Row]]:
    deals: list[Row] = []
    changes: list[Row] = []
    for n in range(260):
        customer = chance.choice(customers)
        product, price = chance.choice(PRODUCTS)
        opened = _between(chance, _since(customer), until)
        number = f"D{n + 1:04d}"
        deals.append(
            {
                "number": number,
                "customer": customer["number"],
                "title": f"{product} for {customer['name']}",
                "product": product,
                "amount": f"{price * chance.choice((1, 1, 1, 2, 3)) * (0.9 + chance.random() / 5):.2f}",
                "currency": "EUR",
                "owner": chance.choice(AGENTS[:2])[0],
                "source": chance.choice(("shop", "website", "referral", "fair")),
                "opened": _text(opened),
            }
        )
        changes += _path(
            chance,
            number,
            opened,
            until,
            ("qualified", "offer", "negotiation", "won"),
            "lost",
            ("price", "went elsewhere", "waits"),
        )
    return deals, changes


def _path(  # noqa: PLR0917  # all of them say how a path goes
    chance: random.Random,
    number: str,
    at: datetime,
    until: datetime,
    stages: tuple[str, ...],
    lost: str,
    reasons: tuple[str, ...],
) -> list[Row]:
    rows: list[Row] = []
    for stage in stages:
        at += timedelta(days=chance.choice((1, 2, 3, 5, 8, 13)), hours=chance.randrange(8))
        if at >= until:
            break
        is_lost = chance.random() < 0.14
        rows.append(
            {
                "record": number,
                "stage": lost if is_lost else stage,
                "reason": chance.choice(reasons) if is_lost else "",
                "at": _text(at),
            }
        )
        if is_lost:
            break
    return rows


def _cases(chance: random.Random, customers: list[Row], until: datetime) -> tuple[list[Row], list[Row]]:
    cases: list[Row] = []
    moves: list[Row] = []
    for n in range(180):
        customer = chance.choice(customers)
        opened = _between(chance, _since(customer), until)
        number = f"C{n + 1:04d}"
        cases.append(
            {
                "number": number,
                "customer": customer["number"],
                "subject": chance.choice(ASKED[:5]),
                "priority": chance.choice(("low", "normal", "normal", "high")),
                "category": chance.choice(("repair", "delivery", "invoice")),
                "opened": _text(opened),
            }
        )
        moves += _path(chance, number, opened, until, ("in-work", "resolved"), "closed", ("duplicate", "no answer"))
    return cases, moves


def _purchases(chance: random.Random, deals: list[Row], until: datetime) -> Iterator[Row]:
    for n, deal in enumerate(deal for deal in deals if chance.random() < 0.55):
        placed = _between(chance, datetime.fromisoformat(deal["opened"]), until)
        delivered = placed + timedelta(days=chance.randrange(1, 21))
        yield {
            "number": f"P{n + 1:04d}", "customer": deal["customer"], "product": deal["product"], "value": deal["amount"], "currency": "EUR",
            "placed": _text(placed), "delivered": _text(delivered) if delivered < until else "",
            "reason": chance.choice(("", "commutes by bicycle now", "second child", "old one was stolen", "recommended by a friend")),
        }  # fmt: skip


def _costs(chance: random.Random, until: datetime) -> Iterator[Row]:
    for month in range(24, 0, -1):
        at = (until - timedelta(days=30 * month)).replace(day=3)
        for kind, amount in (("marketing", 1400), ("sales", 2600), ("advertising", 800)):
            yield {
                "kind": kind,
                "amount": f"{amount * (0.8 + chance.random() * 0.4):.2f}",
                "currency": "EUR",
                "incurred": _text(at),
            }


def _life(chance: random.Random, customers: list[Row], until: datetime) -> Iterator[Row]:
    for customer in customers:
        at = _since(customer)
        steps = LIFE[1 : 1 + chance.randrange(4)]
        for stage in steps:
            at += timedelta(days=20 + chance.randrange(160))
            if at < until and not customer.get("left", "~") < _text(at):
                yield {"record": customer["number"], "stage": stage, "reason": "", "at": _text(at)}
        if customer.get("left", "") > _text(at):
            yield {
                "record": customer["number"],
                "stage": "dissolution",
                "reason": "dissatisfied",
                "at": customer["left"],
            }


def _responses(chance: random.Random, customers: list[Row], until: datetime) -> Iterator[Row]:
    """NPS and CSAT answers of two years; deliveries went badly for some months."""
    for n in range(520):
        customer = chance.choice(customers)
        at = _between(chance, _since(customer), until)
        touchpoint = chance.choices([t[0] for t in TOUCHPOINTS], (16, 20, 6, 28, 14, 16))[0]
        is_bad = touchpoint == "accounting" or (touchpoint == "after-sales" and (until - at).days in range(30, 150))
        yield {
            "number": f"R{n + 1:04d}", "customer": customer["number"], "touchpoint": touchpoint, "answered": _text(at),
            "recommend": str(_score(chance, (0, 10), 5.5 if is_bad else 8.6)) if n % 2 else "",
            "satisfied": "" if n % 2 else str(_score(chance, (1, 5), 2.8 if is_bad else 4.3)),
            "comment": chance.choice(("", "", "", "Quick and kind.", "The invoice was wrong twice.", "Waited three weeks for a part.")),
        }  # fmt: skip


def _score(chance: random.Random, scale: tuple[int, int], around: float) -> int:
    return max(scale[0], min(scale[1], round(chance.gauss(around, (scale[1] - scale[0]) / 6))))
