"""The process that keeps a server: starts it, says where it is, stops and removes it when told, or when its test run is gone.

``python -m crmkit.testing.servers.keeper FOLDER KIND WANTED OWNER`` prints one line of JSON: the URL, or why there is none.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from crmkit.testing.servers.holding import held
from crmkit.testing.servers.kinds import server_of
from crmkit.testing.servers.server import Server, Unavailable


def keep(server: Server, folder: Path, owner: int) -> None:
    """Start a server, and stop it when the process ``owner`` is no more, or SIGTERM comes."""
    signal.signal(signal.SIGTERM, _leave)
    with held(folder.with_suffix(".kept")):
        try:
            _say(url=server.start(folder))
            while _lives(owner):
                time.sleep(0.2)
        except Unavailable as error:
            _say(why_not=str(error))
        finally:
            _end(server, folder)
    if not _lives(owner):
        shutil.rmtree(folder.parent, ignore_errors=True)


def _leave(number: int, frame: object) -> None:
    sys.exit()


def _end(server: Server, folder: Path) -> None:
    with suppress(Unavailable):
        server.stop(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _say(**what: str) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    keep(server_of(sys.argv[2], sys.argv[3]), Path(sys.argv[1]), int(sys.argv[4]))
