"""What `import crmkit` costs, and who may know whom where import-linter can not see it."""

from __future__ import annotations

import subprocess
import sys

PROBE = """
import sys
before = set(sys.modules)
import crmkit
print(*sorted(name.partition(".")[0] for name in set(sys.modules) - before))
"""


def modules_after_import() -> set[str]:
    done = subprocess.run([sys.executable, "-c", PROBE], check=True, capture_output=True, encoding="utf-8")
    return set(done.stdout.split())


def test_importing_the_face_brings_no_heavy_library_and_no_plugin():
    loaded = modules_after_import()
    assert "crmkit" in loaded
    assert not loaded & {"sqlalchemy", "click", "rich", "pytest"}
    assert not [name for name in loaded if name.startswith("crmkit_")]
