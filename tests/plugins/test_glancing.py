"""A glance sees the manifests that all of discovery sees, without importing what that takes."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from crmkit._plugins import discovered, glanced
from crmkit._plugins.glancing import GROUP as OURS
from crmkit.ports.plugin import GROUP


def test_a_glance_sees_what_discovery_sees(site: Any):
    for n in range(3):
        site.install(f"p{n}", "raise SystemExit('imported')", manifest={"commands": [{"name": f"c{n}", "help": "x"}]})
    site.install("bare", "raise SystemExit('imported')")
    assert list(glanced()) == [known.manifest for known in discovered() if known.manifest]
    assert {"p0", "p1", "p2"} <= {manifest["name"] for manifest in glanced()}
    assert OURS == GROUP


def test_damaged_metadata_costs_nothing(site: Any):
    site.install("good", manifest={})
    site.install("damaged", manifest={})
    info = site.folder / "crmkit_damaged-1.0.dist-info"
    for text in (b"\xff\xfe", b"[crmkit1]\nno equals sign\n", b"[crmkit1]\ndamaged = \n[", b""):
        (info / "entry_points.txt").write_bytes(text)
        assert "good" in {manifest["name"] for manifest in glanced()}


def test_help_reads_manifests_and_imports_neither_them_nor_heavy_libraries(site: Any):
    site.install("p1", "raise SystemExit('imported')", manifest={"commands": [{"name": "bicycles", "help": "Ride."}]})
    program = (
        "import sys\nfrom crmkit.cli.running import outcome\noutcome(['--help'])\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(site.folder)},
        capture_output=True,
        check=True,
        text=True,
    )
    assert ["bicycles", "Ride."] in [line.split() for line in done.stdout.splitlines()]  # however wide the names are
    assert not set(done.stderr.split()) & {
        "importlib.metadata",
        "attrs",
        "pluggy",
        "sqlalchemy",
        "crmkit.records",
        "crmkit_p1",
    }
