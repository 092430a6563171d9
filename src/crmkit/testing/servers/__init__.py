"""Throw-away database servers for tests: real ones, started from what the machine or an installed package has.

``server.py`` says what a server is, ``postgresql.py`` how one is found, made and started; ``keeper.py`` is the process
that keeps it running and removes it at the end, however that comes; ``shared.py`` gives all workers of a test run the
same one; ``fixtures.py`` are the fixtures.
"""

from __future__ import annotations

from crmkit.testing.servers.server import Server, Unavailable

__all__ = ["Server", "Unavailable"]
