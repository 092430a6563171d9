"""Everything is moved: between stores of any kind, into a backup and out of one; killed anywhere, it goes on there."""

from __future__ import annotations

import hashlib
import io
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import create_engine, text

import crmkit_jsonl
from crmkit import CRM, Attachment, Code, ContactPoint, Customer, Id, Interaction, NotPersonal, Owner, Plugin, Record
from crmkit.crm.moving import filling
from crmkit.errors import ConflictError, InvalidError, StoreCorrupt, StoreError, UnsupportedError
from crmkit.records import CORE_TYPES, Digest, LedgerEntry, declaration_of
from crmkit.records.as_json import to_json
from crmkit.testing.strategies import worlds

DEAD = 9


@attrs.frozen(kw_only=True)
class Bicycle(Record, unique=[("frame",)]):
    """A plugin's record type."""

    customer: Annotated[Id[Customer], Owner(on_erase="remove", on_merge_conflict="keep_winner")]
    frame: Code
    colour: Annotated[str, NotPersonal()] = ""


shop = Plugin("shop", offers=(Bicycle,))
OPTIONS: dict[str, Any] = {"discover": False, "plugins": [shop, crmkit_jsonl.plugin]}
WITHOUT: dict[str, Any] = {"discover": False, "plugins": [crmkit_jsonl.plugin]}


@pytest.fixture(params=["sqlite", "jsonl", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return url_of(request, request.param, tmp_path, "target")


def url_of(request: pytest.FixtureRequest, kind: str, folder: Path, name: str) -> str:
    if kind == "postgresql":
        url: str = request.getfixturevalue("postgresql_url")
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        engine.dispose()
        return url
    return f"{kind}:///{folder / name}" + (".db" if kind == "sqlite" else "")


@pytest.fixture
def source(tmp_path: Path) -> str:
    """A CRM with something of everything."""
    url = f"sqlite:///{tmp_path / 'source.db'}"
    with CRM.open(url, **OPTIONS) as crm:
        fill(crm, 30)
    return url


def fill(crm: CRM, people: int) -> None:
    (table := folder_of(crm) / "people.csv").write_text(
        "external_id,name,email\n" + "".join(f"{n},C{n},c{n}@example.nl\n" for n in range(people)), encoding="utf-8"
    )
    crm.imports.run(table)
    anna = crm.customers.add(name="Anna", email="anna@example.nl")
    crm.deals.move(crm.deals.open(anna, title="A bicycle"), "won")
    crm.add(Bicycle(customer=anna.id, frame="F1"))
    interaction = crm.interactions.record(anna, channel="email", body="Grüße \u2028 مرحبا")
    data = os.urandom(600_000)
    with crm.transaction() as tx:
        tx._unit.to_write().put_blob(hashlib.sha256(data).digest(), io.BytesIO(data))
        tx.add(
            [
                Attachment(interaction=interaction.id, name=name, digest=Digest(hashlib.sha256(data).digest()))
                for name in "ab"
            ]
        )
    crm.consents.grant(anna, "news", channel="email")


def folder_of(crm: CRM) -> Path:
    return Path(crm.store._ours.engine.url.database).parent


def world(url: str, **options: Any) -> dict[str, Any]:
    """All that is kept, with the bytes of files and the ledger's entries that no store makes for itself."""
    with CRM.open(url, **{**OPTIONS, **options}) as crm:
        made = {
            f"{declaration_of(of).name} {r.id}": to_json(r)
            for of in crm.house.types
            if of is not LedgerEntry
            for r in crm.find(of)
        }
        made |= {
            e.key: to_json(e)["value"] for e in crm.find(LedgerEntry) if e.key.startswith(("line:", "checks:", "epoch"))
        }
        with crm.transaction() as tx:
            for one in crm.find(Attachment):
                with tx._unit.tx.open_blob(one.digest) as data:
                    made[f"blob {one.digest.hex()}"] = hashlib.sha256(data.read()).hexdigest()
    return made


def test_a_copy_has_everything_and_so_has_its_copy(source: str, target: str, tmp_path: Path) -> None:
    moved = CRM.copy(source, target, **OPTIONS)
    before = world(source)
    assert world(target) == before
    assert (moved.counts["customer"], moved.counts["bicycle"], moved.blobs, moved.resumed) == (31, 1, 1, False)
    back = f"sqlite:///{tmp_path / 'back.db'}"
    assert CRM.copy(target, back, **OPTIONS).counts == moved.counts
    assert world(back) == before
    with CRM.open(target, **OPTIONS) as crm:
        assert not crm.status().pending
        assert crm.customers.add(name="Bea").version == 1
        assert crm.find(Customer, limit=1)


def test_a_backup_has_everything(source: str, target: str, tmp_path: Path) -> None:
    before = world(source)
    with CRM.open(source, **OPTIONS) as crm:
        counts = crm.backup(tmp_path / "crm.backup")
        with pytest.raises(InvalidError, match="is there already"):
            crm.backup(tmp_path / "crm.backup")
    assert CRM.restore_backup(tmp_path / "crm.backup", target, **OPTIONS).counts == counts
    assert world(target) == before


def test_records_whose_plugin_is_gone_are_moved_too(source: str, tmp_path: Path) -> None:
    before = world(source)
    with CRM.open(source, **WITHOUT) as crm:
        crm.backup(tmp_path / "crm.backup")
    for n, move in enumerate((
        lambda url: CRM.copy(source, url, **WITHOUT), lambda url: CRM.restore_backup(tmp_path / "crm.backup", url, **WITHOUT)
    )):  # fmt: skip
        url = f"sqlite:///{tmp_path / f'{n}.db'}"
        assert move(url).counts["bicycle"] == 1
        assert world(url) == before


@attrs.frozen(kw_only=True)
class NewerBicycle(Record, name="bicycle", plural="bicycles", unique=[("frame",)]):
    """What a newer release of the plugin declares."""

    customer: Annotated[Id[Customer], Owner(on_erase="remove", on_merge_conflict="keep_winner")]
    frame: Code
    colour: Annotated[str, NotPersonal()] = ""
    gears: int = 1


def test_fields_of_a_newer_release_are_moved_too(target: str, tmp_path: Path) -> None:
    """By a copy, a backup and a restore of an older one, which does not declare them."""
    newer: dict[str, Any] = {**OPTIONS, "plugins": [Plugin("shop", offers=(NewerBicycle,)), crmkit_jsonl.plugin]}
    source, again = f"sqlite:///{tmp_path / 'newer.db'}", f"sqlite:///{tmp_path / 'again.db'}"
    with CRM.open(source, **newer) as crm:
        crm.add(NewerBicycle(customer=crm.customers.add(name="Anna").id, frame="F1", gears=21))
    CRM.copy(source, target, **OPTIONS)
    with CRM.open(target, **OPTIONS) as older:
        assert [one.frame for one in older.find(Bicycle)] == ["F1"]
        older.backup(tmp_path / "crm.bak")
    CRM.restore_backup(tmp_path / "crm.bak", again, **OPTIONS)
    with CRM.open(again, **newer) as crm:
        assert [one.gears for one in crm.find(NewerBicycle)] == [21]
        assert crm.status().pending == ()


def test_what_a_newer_core_keeps_is_not_moved_by_an_older_one(source: str, tmp_path: Path) -> None:
    engine = create_engine(source)
    with engine.begin() as connection:
        value = connection.execute(text("SELECT value FROM ledger WHERE key = 'type:customer'")).scalar_one()
        more = value.replace('"fields":[', '"fields":[{"name":"mood","kind":"code"},', 1)
        connection.execute(text("UPDATE ledger SET value = :v WHERE key = 'type:customer'"), {"v": more})
    engine.dispose()
    with pytest.raises(StoreError, match="newer version of crmkit"):
        CRM.copy(source, f"sqlite:///{tmp_path / 'other.db'}", **OPTIONS)


@given(records=worlds([of for of in (*CORE_TYPES, Bicycle) if of is not LedgerEntry], max_size=2))
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_record_comes_out_as_it_was(tmp_path_factory: pytest.TempPathFactory, records: Any) -> None:
    """Adversarial records, written past all rules."""
    folder = tmp_path_factory.mktemp("moving")
    source, copy, restored = (f"sqlite:///{folder / name}" for name in ("source.db", "copy.db", "restored.db"))
    types = (*CORE_TYPES, Bicycle)
    with CRM.open(source, **OPTIONS, create=True) as crm:
        tx = crm.store.begin(write=True)
        for of in types:
            tx.write([filling.Remove(one) for one in tx.find(filling.Find(of=of))] if of is not LedgerEntry else [])
        assert not tx.write([filling.Add(one) for one in records])
        tx.commit()
        crm.backup(folder / "crm.backup")
    CRM.copy(source, copy, **OPTIONS)
    CRM.restore_backup(folder / "crm.backup", restored, **OPTIONS)


# --- killed ---
def ends(work: Callable[[], object]) -> int:
    """Do work in a process of its own; return how that ended."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_after(records: int) -> Callable[[int], None]:
    def tell(done: int) -> None:
        if done >= records:
            os._exit(DEAD)

    return tell


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the copy is made in a process that dies")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_killed_anywhere_it_goes_on(source: str, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crmkit.crm.moving.source.PAGE", 5)
    before = world(source)
    deaths = 0
    for kill in range(25, 2000, 90):
        tell = killed_after(kill)
        if ends(lambda tell=tell: CRM.copy(source, target, progress=tell, **OPTIONS)) != DEAD:
            break
        deaths += 1
        with pytest.raises(StoreError, match="half of a copy"):
            CRM.open(target, **OPTIONS)
    else:
        pytest.fail("it never came to its end")
    assert deaths >= 2
    assert world(target) == before


def test_it_goes_on_and_says_so(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crmkit.crm.moving.source.PAGE", 5)
    with CRM.open(source, **OPTIONS) as crm:
        crm.backup(tmp_path / "crm.backup")
    other = f"sqlite:///{tmp_path / 'other.db'}"
    with CRM.open(other, **OPTIONS) as crm:
        crm.customers.add(name="Somebody else")
    for n, move in enumerate((
        lambda url, **more: CRM.copy(source, url, **more, **OPTIONS),
        lambda url, **more: CRM.restore_backup(tmp_path / "crm.backup", url, **more, **OPTIONS),
    )):  # fmt: skip
        url = f"sqlite:///{tmp_path / f'{n}.db'}"
        told: list[int] = []

        def stop(done: int, told: list[int] = told) -> None:
            told.append(done)
            if done > 100:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            move(url, progress=stop)
        with pytest.raises(ConflictError, match="half of another source"):
            CRM.copy(other, url, **OPTIONS)
        again: list[int] = []
        assert move(url, progress=again.append).resumed
        assert min(again) >= max(told)
        assert world(url) == world(source)


# --- refused ---
def test_what_is_there_is_not_overwritten_unless_told(source: str, target: str) -> None:
    with CRM.open(target, **OPTIONS) as crm:  # an empty one may be filled
        assert not crm.find(Customer)
    CRM.copy(source, target, **OPTIONS)
    with pytest.raises(ConflictError, match="is not empty"):
        CRM.copy(source, target, **OPTIONS)
    with CRM.open(target, **OPTIONS) as crm:
        crm.customers.add(name="Bea")
    CRM.copy(source, target, replace=True, **OPTIONS)
    assert world(target) == world(source)


def test_places_that_can_not_be(source: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="into itself"):
        CRM.copy(source, source, **OPTIONS)
    with pytest.raises(UnsupportedError, match="keeps nothing"):
        CRM.copy(source, "memory:", **OPTIONS)
    with pytest.raises(StoreError, match="There is no"):
        CRM.copy(f"sqlite:///{tmp_path / 'none.db'}", f"sqlite:///{tmp_path / 'other.db'}", **OPTIONS)


def test_a_backup_that_is_cut_off_or_damaged_touches_nothing(source: str, tmp_path: Path) -> None:
    with CRM.open(source, **OPTIONS) as crm:
        crm.backup(tmp_path / "crm.backup")
    whole = (tmp_path / "crm.backup").read_bytes()
    bad, target = tmp_path / "bad.backup", tmp_path / "target.db"
    cut = [whole[:n] for n in (0, 1, 20, len(whole) // 2, len(whole) - 1)]
    flipped = [whole[:n] + bytes([whole[n] ^ 0x10]) + whole[n + 1 :] for n in range(30, len(whole), len(whole) // 40)]
    for data in (*cut, *flipped, b"Dear diary", whole + b"x"):
        bad.write_bytes(data)
        with pytest.raises(StoreCorrupt):
            CRM.restore_backup(bad, f"sqlite:///{target}", **OPTIONS)
        assert not target.exists()
    with pytest.raises(InvalidError, match="There is no file"):
        CRM.restore_backup(tmp_path / "none", f"sqlite:///{target}", **OPTIONS)


def test_a_copy_that_differs_is_found(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a copy that loses one record."""
    lossy = filling.Filling._part

    def part(self: Any, tx: Any, mark: Any, one: Any) -> None:
        lossy(self, tx, mark, attrs.evolve(one, records=one.records[1:]) if one.of is ContactPoint else one)

    url = f"sqlite:///{tmp_path / 'target.db'}"
    with monkeypatch.context() as patch:
        patch.setattr(filling.Filling, "_part", part)
        with pytest.raises(StoreError, match="another contact_point"):
            CRM.copy(source, url, **OPTIONS)
    with pytest.raises(StoreError, match="half of a copy"):
        CRM.open(url, **OPTIONS)
    CRM.copy(source, url, **OPTIONS)
    assert world(url) == world(source)


def test_a_backup_is_of_one_moment(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody writes all the while: of each unit of work the backup has all or nothing."""
    monkeypatch.setattr("crmkit.crm.moving.source.PAGE", 3)
    with CRM.open(source, **OPTIONS) as crm:
        over = threading.Event()

        def write() -> None:
            n = 0
            while not over.is_set():
                n += 1
                with crm.transaction() as tx:
                    tx.interactions.record(tx.customers.add(name=f"W{n}", email=f"w{n}@example.nl"), channel="email")

        writer = threading.Thread(target=write)
        writer.start()
        try:
            crm.backup(tmp_path / "crm.backup")
        finally:
            over.set()
            writer.join()
    url = f"sqlite:///{tmp_path / 'target.db'}"
    CRM.restore_backup(tmp_path / "crm.backup", url, **OPTIONS)
    with CRM.open(url, **OPTIONS) as crm:
        written = {c.id for c in crm.find(Customer) if c.name.startswith("W")}
        assert written == {i.customer for i in crm.find(Interaction) if i.customer in written}
        assert written == {p.customer for p in crm.find(ContactPoint) if p.value.startswith("w")}
