"""A lock between processes that a killed one does not keep."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(path: Path) -> Generator[None]:
    """Hold a lock file; wait for who holds it."""
    import fcntl  # not on every system: only where a server is started

    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
