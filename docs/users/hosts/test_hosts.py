"""Real hosts: what crmkit writes is part of their transaction, and of nothing else."""

from __future__ import annotations

import importlib.util
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def count(file: Path, table: str) -> int:
    with sqlite3.connect(file) as connection:
        found: int = connection.execute(f"select count(*) from {table}").fetchone()[0]
    connection.close()
    return found


DJANGO = """
import sys
from decimal import Decimal
import django
from django.conf import settings
settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}}, SECRET_KEY="x",
                   DEFAULT_AUTO_FIELD="django.db.models.AutoField", ALLOWED_HOSTS=["*"])
django.setup()
sys.path.insert(0, sys.argv[2])
import django_app as app
from django.db import connection, transaction
from django.test import RequestFactory
with connection.schema_editor() as editor:
    editor.create_model(app.Order)
    app.upgrade(None, editor)
post = RequestFactory().post
ok = app.checkout(post("/", {"total": "1249.00"}))
assert ok.status_code == 200
def counts():
    with transaction.atomic():
        return app.Order.objects.count(), len(app.crm().customers.find("Anna")), len(app.crm().deals.find())
assert counts() == (1, 1, 1), counts()
try:
    app.checkout(post("/", {"total": "5.00", "fails": "1"}))
except RuntimeError:
    pass
assert counts() == (1, 1, 1), counts()
app.checkout(post("/", {"total": "7.00"}))
assert counts() == (2, 1, 2), counts()
try:
    app.crm().customers.add(name="in autocommit")
except Exception as error:
    print(type(error).__name__, error)
else:
    raise SystemExit("a connection in autocommit must be refused")
print("django is well")
"""


def test_django(tmp_path: Path) -> None:
    pytest.importorskip("django")
    run = subprocess.run(
        [sys.executable, "-c", DJANGO, str(tmp_path / "db.sqlite3"), str(HERE)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "UnsupportedError" in run.stdout
    assert "django is well" in run.stdout
    assert count(tmp_path / "db.sqlite3", "crm_deal") == 2


def test_fastapi(tmp_path: Path) -> None:
    pytest.importorskip("fastapi")
    client_module = pytest.importorskip("fastapi.testclient")
    app = load("fastapi_app").create_app(f"sqlite:///{tmp_path / 'crm.db'}")
    acme, umbra = {"X-Company": "acme", "X-User": "mina"}, {"X-Company": "umbra"}
    with client_module.TestClient(app) as client:
        assert client.post("/customers", params={"name": "Anna"}, headers=acme).status_code == 200
        assert client.get("/customers", params={"text": "ann"}, headers=acme).json() == ["Anna"]
        assert client.get("/customers", params={"text": "ann"}, headers=umbra).json() == [], (
            "another company sees nothing"
        )
        assert next(column["stage"] for column in client.get("/board", headers=acme).json()) == "lead"
        wrong = client.post("/customers", params={"name": " "}, headers=acme)
        assert (wrong.status_code, wrong.json()["error"], wrong.json()["field"]) == (422, "required", "name")


def test_flask(tmp_path: Path) -> None:
    pytest.importorskip("flask_sqlalchemy")
    file = tmp_path / "shop.db"
    app = load("flask_app").create_app(f"sqlite:///{file}")
    client = app.test_client()
    assert client.post("/order", data={"fails": "1"}).text == "nothing"
    assert (count(file, '"order"'), count(file, "crm_customer"), count(file, "crm_log_entry")) == (
        0,
        0,
        definitions(file),
    )
    assert len(client.post("/order").text) == 36
    assert client.post("/order").status_code == 200
    assert (count(file, '"order"'), count(file, "crm_customer")) == (2, 1)
    app.extensions["crm"].close()
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


def definitions(file: Path) -> int:
    """What opening a CRM writes into the log: its pipelines and stages."""
    return count(file, "crm_pipeline") + count(file, "crm_stage")
