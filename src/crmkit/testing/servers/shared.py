"""One server of each kind for a whole test run: the first process that needs it starts it, the others find it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from crmkit.testing.servers.holding import held
from crmkit.testing.servers.kinds import server_of
from crmkit.testing.servers.server import Unavailable


@attrs.frozen
class Servers:
    """The servers of one test run.

    Attributes:
        folder: where they are; made when the first one is needed.
        owner: the id of the process with which they end.
    """

    folder: Path
    owner: int

    def url(self, kind: str) -> str:
        """Return the URL of the server of a kind; it is started now where it does not run yet.

        ``CRMKIT_TEST_POSTGRESQL`` (each kind has its own) names a server by its URL, or the folder of the programs to
        start one from, or ``package``.

        Raises:
            Unavailable: there is none, and why.
        """
        wanted = os.environ.get(f"CRMKIT_TEST_{kind.upper()}", "")
        if "://" in wanted:
            return wanted
        if os.name != "posix":
            raise Unavailable(f"It is started on POSIX systems only: name one by CRMKIT_TEST_{kind.upper()}.")
        self.folder.mkdir(mode=0o711, exist_ok=True)
        with held(self.folder / f"{kind}.lock"):
            told = self.folder / f"{kind}.json"
            if not told.exists():
                told.write_text(json.dumps(self._start(kind, wanted)), encoding="utf-8")
            found = json.loads(told.read_text(encoding="utf-8"))
        if "url" not in found:
            raise Unavailable(found.get("why_not", f"The {kind} server did not start."))
        return str(found["url"])

    def _start(self, kind: str, wanted: str) -> dict[str, Any]:
        folder = self.folder / kind
        folder.mkdir(mode=0o711)
        command = [sys.executable, "-m", "crmkit.testing.servers.keeper", str(folder), kind, wanted, str(self.owner)]
        with (self.folder / f"{kind}.log").open("w") as log:
            keeper = subprocess.Popen(  # noqa: S603  # our own module; it goes on when this process ends
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True
            )
        assert keeper.stdout is not None
        with keeper.stdout as said:
            line = said.readline()
        keeper.returncode = 0  # it is its own now: nobody waits for it here
        return {"pid": keeper.pid, **json.loads(line or "{}")}

    def stop(self) -> None:
        """Stop all that were started, and remove what they kept."""
        for told in self.folder.glob("*.json"):
            found = json.loads(told.read_text(encoding="utf-8"))
            if "url" in found:
                os.kill(found["pid"], signal.SIGTERM)
                with held(told.with_suffix(".kept")):  # held by the keeper while it lives
                    pass
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def server(kind: str, folder: Path, wanted: str = "") -> Generator[str]:
    """Run a server of its own in an empty folder, without sharing it; yield its URL.

    Raises:
        Unavailable: this machine can not.
    """
    made = server_of(kind, wanted)
    try:
        yield made.start(folder)
    finally:
        made.stop(folder)


def place_for_data() -> Path:
    """Return where data lies that nobody needs after a power cut: in memory where there is room, else with temporary files."""
    memory = Path("/dev/shm")  # noqa: S108  # a folder of a random name is made in it
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 4 * 2**30:
        return memory
    return Path(tempfile.gettempdir())
