"""A worker that dies at any moment sends nothing twice and loses nothing; what nobody can know is parked.

The provider is the oracle: a file, outside of the CRM, with a line for each message that it took. Workers are forked from
this process and end without a word at a random boundary: before or after a commit, before or after the provider took a
message. The control is the plausible wrong design: what was handed over without an answer is queued again.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from crmkit import CRM, Interaction, Message, Plugin
from crmkit.builtin.sql.transaction import SqlTransaction
from crmkit.ports.channel import Channel, Delivery, Receipt
from crmkit.services.sending.dispatching import Dispatching
from crmkit.testing import Clock

IS_PROOF = os.environ.get("CRMKIT_TEST_PROOF") == "1"
MESSAGES, MOST_KILLS = (2000, 1000) if IS_PROOF else (60, 50)
BEGAN = datetime(2026, 1, 5, 9, tzinfo=UTC)
DEAD = 9
pytestmark = [
    pytest.mark.once(each=5),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are forked"),
    # the child runs on alone and ends by os._exit: it takes no lock that a thread of this process may hold
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]

Boundary = Callable[[], None]


@attrs.frozen
class Provider:
    """What the provider has: the oracle, and the boundary at which a worker may die."""

    file: Path
    boundary: Boundary
    loses_answers: bool = True


class Wire(Channel):
    """It takes every message; of one in twenty the answer is lost on the way."""

    name = "wire"
    addresses = "email"

    def __init__(self, settings: Provider) -> None:
        self._provider = settings

    def send(self, delivery: Delivery) -> Receipt:
        self._provider.boundary()
        with self._provider.file.open("a") as file:
            file.write(f"{delivery.key}\n")
            file.flush()
        self._provider.boundary()
        if self._provider.loses_answers and int(delivery.key) % 20 == 7:
            raise TimeoutError("no answer")
        return Receipt(external_id=f"wire-{delivery.key}")


wire = Plugin("wire", settings=Provider, offers=(Wire,))


def opened(folder: Path, now: datetime, boundary: Boundary = lambda: None) -> CRM:
    provider = Provider(folder / "provider", boundary)
    return CRM.open(
        f"sqlite:///{folder / 'crm.db'}", plugins=[wire], discover=False, clock=Clock(now), environ={}, settings={"wire": provider}
    )  # fmt: skip


def dies_after(boundaries: int) -> Boundary:
    left = [boundaries]

    def boundary() -> None:
        left[0] -= 1
        if left[0] < 0:
            os._exit(DEAD)

    return boundary


def guard_commits(boundary: Boundary) -> None:
    """From now on (in this process, which will die) commits are boundaries too."""
    commit = SqlTransaction.commit

    def guarded(self: Any) -> None:
        boundary()
        commit(self)
        boundary()

    SqlTransaction.commit = guarded  # type: ignore[method-assign]  # of a process that lives for this alone


def send_again(self: Dispatching, dispatch: Any, *_: Any) -> str:
    """The wrong design: what was handed over and has no answer is sent again."""
    self._again(dispatch, self.now)
    return "queued"


def worker(folder: Path, now: datetime, boundaries: int, wrong: bool) -> int:
    """Fork a worker that dies after so many boundaries; return how it ended: ``DEAD``, or 0 where all was done."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            if wrong:
                Dispatching._unknown = send_again  # type: ignore[method-assign]  # of a process that lives for this alone
            boundary = dies_after(boundaries)
            crm = opened(folder, now, boundary)
            guard_commits(boundary)
            crm.messages.deliver()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run_workers(folder: Path, *, wrong: bool = False) -> Counter[str]:
    """Queue, let workers die, let the last one end; return how often the provider took each message."""
    chance = random.Random(5)  # the same deaths each time
    with opened(folder, BEGAN) as crm:
        anna = crm.customers.add(name="Anna", email="anna@example.nl")
        for n in range(MESSAGES):
            crm.messages.queue(anna, channel="wire", text="hello", key=str(n))
    now, kills = BEGAN, 0
    while kills < MOST_KILLS:
        now += timedelta(minutes=10)
        ended = worker(folder, now, chance.randrange(16), wrong)
        assert ended in (0, DEAD)
        kills += 1
    for _ in range(3):
        now += timedelta(minutes=10)
        assert worker(folder, now, 10**9, wrong) == 0
    return Counter((folder / "provider").read_text().split())


@pytest.mark.proof
def test_nothing_twice_nothing_lost(tmp_path: Path) -> None:
    """Every message is sent or parked; what is sent was taken once; what is parked, at most once."""
    taken = run_workers(tmp_path)
    with opened(tmp_path, BEGAN + timedelta(days=30)) as crm:
        by_status = Counter(message.status for message in crm.find(Message))
        sent = {message.key for message in crm.find(Message) if message.status == "sent"}
        parked = {message.key for message in crm.messages.uncertain(limit=None)}
        assert crm.messages.deliver().sent == 0
        assert len(crm.find(Interaction)) == len(sent)
    print(f"{MESSAGES} messages, {MOST_KILLS} workers: {dict(by_status)}, taken {len(taken)}")
    assert max(taken.values()) == 1
    assert len(sent | parked) == MESSAGES
    assert sent <= taken.keys()
    assert taken.keys() <= sent | parked
    assert len(parked & taken.keys()) > 0, "some of the parked had been taken: a guess would have sent them twice"
    assert len(parked) < MESSAGES / 2


@pytest.mark.proof
def test_the_wrong_design_sends_twice(tmp_path: Path) -> None:
    """The control: the same deaths, and a worker that repeats what it does not know."""
    taken = run_workers(tmp_path, wrong=True)
    assert max(taken.values()) > 1


@pytest.mark.parametrize("boundaries", range(12))
def test_every_boundary_of_one_message(tmp_path: Path, boundaries: int) -> None:
    """Killed at each boundary in turn: it is sent once, or parked."""
    with opened(tmp_path, BEGAN) as crm:
        anna = crm.customers.add(name="Anna", email="anna@example.nl")
        message = crm.messages.queue(anna, channel="wire", text="hello", key="1")
    worker(tmp_path, BEGAN + timedelta(minutes=1), boundaries, wrong=False)
    assert worker(tmp_path, BEGAN + timedelta(minutes=20), 10**9, wrong=False) == 0
    place = tmp_path / "provider"
    taken = place.read_text().split() if place.exists() else []
    with opened(tmp_path, BEGAN + timedelta(days=1)) as crm:
        status = crm.get(Message, message.id).status
    assert (status, len(taken)) in {("sent", 1), ("uncertain", 0), ("uncertain", 1)}


def test_a_worker_that_slept_writes_nothing(tmp_path: Path, clock: Clock) -> None:
    """While one is slow to answer, its lease ends and another parks the message: the late answer finds it taken."""
    slept: list[str] = []

    def sleeps() -> None:
        if not slept:
            slept.append("once")
            clock.advance(minutes=30)
            with opened(tmp_path, clock.now) as other:
                assert other.messages.deliver().uncertain == 1

    settings = {"wire": Provider(tmp_path / "provider", sleeps)}
    with CRM.open(
        f"sqlite:///{tmp_path / 'crm.db'}", plugins=[wire], discover=False, clock=clock, environ={}, settings=settings
    ) as crm:
        anna = crm.customers.add(name="Anna", email="anna@example.nl")
        message = crm.messages.queue(anna, channel="wire", text="hello", key="1")
        assert crm.messages.deliver().sent == 0
        assert crm.get(Message, message.id).status == "uncertain"
        assert not crm.find(Interaction)
