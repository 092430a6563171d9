"""Real hosts: what crmkit writes is part of their transaction, and of nothing else."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text

from crmkit import CRM

HERE = Path(__file__).parent


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The host's own database: a file, or one on a server."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'host.db'}"
        return
    if request.param == "mariadb":
        yield request.getfixturevalue("mariadb_url").replace("mariadb:", "mariadb+pymysql:")
        return
    found: str = request.getfixturevalue("postgresql_url").replace("postgresql:", "postgresql+psycopg:")
    yield found
    engine = create_engine(found)
    with engine.begin() as connection:  # the next test finds it empty
        for (schema,) in connection.execute(text(SCHEMAS)).all():
            connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()


SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"


def count(url: str, table: str) -> int:
    engine = create_engine(url)
    with engine.connect() as connection:
        found: int = connection.execute(text(f"select count(*) from {table}")).scalar_one()
    engine.dispose()
    return found


def django_database(url: str) -> dict[str, Any]:
    """A URL as Django's settings write it."""
    made = make_url(url)
    engine = {"sqlite": "sqlite3", "mariadb": "mysql"}.get(made.get_backend_name(), made.get_backend_name())
    found = {"NAME": made.database, "USER": made.username, "PASSWORD": made.password, "PORT": made.port}
    given = {key: value for key, value in found.items() if value}
    host = made.query.get("unix_socket") or made.host or made.query.get("host")
    return {"ENGINE": f"django.db.backends.{engine}", **given, **({"HOST": host} if host else {})}


DJANGO = """
import json, sys
import django
if len(sys.argv) > 3:
    import pymysql
    pymysql.install_as_MySQLdb()
from django.conf import settings
settings.configure(DATABASES={"default": json.loads(sys.argv[1])}, SECRET_KEY="x",
                   DEFAULT_AUTO_FIELD="django.db.models.AutoField", ALLOWED_HOSTS=["*"])
django.setup()
sys.path.insert(0, sys.argv[2])
import django_app as app
from django.db import connection, transaction
from django.test import RequestFactory
with connection.schema_editor() as editor:
    editor.create_model(app.Order)
with transaction.atomic():  # as a migration does, on each database
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


@pytest.mark.parametrize("url", [*DATABASES, pytest.param("mariadb", marks=pytest.mark.mariadb)], indirect=True)
def test_django(url: str) -> None:
    """On MariaDB too, which Django calls ``mysql``."""
    pytest.importorskip("django")
    run = subprocess.run(
        [sys.executable, "-c", DJANGO, json.dumps(django_database(url)), str(HERE), *["pymysql"] * ("pymysql" in url)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "UnsupportedError" in run.stdout
    assert "django is well" in run.stdout
    assert count(url, "crm_deal") == 2


def test_fastapi(url: str) -> None:
    pytest.importorskip("fastapi")
    client_module = pytest.importorskip("fastapi.testclient")
    app = load("fastapi_app").create_app(url)
    acme, umbra = {"X-Company": "acme", "X-User": "mina"}, {"X-Company": "umbra"}
    with client_module.TestClient(app) as client:
        for name, status in (("acme", 404), ("no such", 422), ("", 422)):
            told = client.post("/customers", params={"name": "Anna"}, headers={"X-Company": name})
            assert (told.status_code, told.json()["error"]) == (status, "no_tenant" if status == 404 else "tenant")
        with CRM.open(url.replace("+psycopg", ""), discover=False) as crm:
            assert crm.store.tenant("acme").status().is_absent
            for name in ("acme", "umbra"):
                crm.tenant(name)
        assert client.post("/customers", params={"name": "Anna"}, headers=acme).status_code == 200
        assert client.get("/customers", params={"text": "ann"}, headers=acme).json() == ["Anna"]
        assert client.get("/customers", params={"text": "ann"}, headers=umbra).json() == [], (
            "another company sees nothing"
        )
        assert next(column["stage"] for column in client.get("/board", headers=acme).json()) == "lead"
        wrong = client.post("/customers", params={"name": " "}, headers=acme)
        assert (wrong.status_code, wrong.json()["error"], wrong.json()["field"]) == (422, "required", "name")


def test_flask(url: str) -> None:
    pytest.importorskip("flask_sqlalchemy")
    app = load("flask_app").create_app(url)
    client = app.test_client()
    assert client.post("/order", data={"fails": "1"}).text == "nothing"
    assert (count(url, '"order"'), count(url, "crm_customer"), count(url, "crm_log_entry")) == (
        0,
        0,
        definitions(url),
    )
    assert len(client.post("/order").text) == 36
    assert client.post("/order").status_code == 200
    assert (count(url, '"order"'), count(url, "crm_customer")) == (2, 1)
    app.extensions["crm"].close()
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


def definitions(url: str) -> int:
    """What opening a CRM writes into the log: its pipelines and stages."""
    return count(url, "crm_pipeline") + count(url, "crm_stage")
