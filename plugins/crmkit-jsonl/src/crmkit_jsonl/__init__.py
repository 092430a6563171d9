"""Records as JSON Lines in a folder, one file per record type, friendly to git."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from crmkit import Plugin, Record, declaration_of
from crmkit.ports.store import Remove, SnapshotStore, Write, from_json, to_json


class JsonLinesStore(SnapshotStore):
    """``CRM.open("jsonl:///srv/crm")``."""

    scheme = "jsonl"

    def load(self) -> Iterator[Record]:
        """Read every file; lines are kept as they are written, by id."""
        self._lines: dict[str, dict[str, str]] = {}
        for of in self.types:
            file = self.folder / _file_of(of)
            lines = self._lines.setdefault(file.name, {})
            for line in file.read_text("utf-8").split("\n") if file.exists() else ():
                if line:
                    record: Record = from_json(of, json.loads(line))
                    lines[str(record.id)] = line
                    yield record

    def save(self, writes: Sequence[Write]) -> None:
        """Write the files anew that change, whole or not at all; the base repeats it where it was broken off between two."""
        for write in writes:
            lines, key = self._lines[_file_of(type(write.record))], str(write.record.id)
            if isinstance(write, Remove):
                lines.pop(key, None)
            else:
                lines[key] = json.dumps(to_json(write.record), ensure_ascii=False, sort_keys=True)
        for name in sorted({_file_of(type(write.record)) for write in writes}):
            new = self.folder / f"{name}.new"
            new.write_text("".join(f"{line}\n" for _, line in sorted(self._lines[name].items())), "utf-8")
            new.replace(self.folder / name)


def _file_of(of: type[Record]) -> str:
    return f"{declaration_of(of).name}.jsonl"


plugin = Plugin("jsonl", capabilities=("files",), offers=(JsonLinesStore,))
