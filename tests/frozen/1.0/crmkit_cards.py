"""A store on SnapshotStore, as it was written against API 1.0: a card per record, in a folder per record type."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from crmkit import Plugin, Record, declaration_of
from crmkit.ports.store import Remove, SnapshotStore, Write, from_json, to_json


class CardStore(SnapshotStore):
    scheme = "cards"

    def load(self) -> Iterator[Record]:
        for of in self.types:
            for card in sorted((self.folder / declaration_of(of).name).glob("*.json")):
                record: Record = from_json(of, json.loads(card.read_text("utf-8")))
                yield record

    def save(self, writes: Sequence[Write]) -> None:
        for write in writes:
            drawer = self.folder / declaration_of(type(write.record)).name
            drawer.mkdir(exist_ok=True)
            card = drawer / f"{write.record.id}.json"
            if isinstance(write, Remove):
                card.unlink(missing_ok=True)
            else:
                card.with_suffix(".new").write_text(json.dumps(to_json(write.record), sort_keys=True), "utf-8")
                card.with_suffix(".new").replace(card)


plugin = Plugin("cards", capabilities=("files", "personal-data"), offers=(CardStore,))
