"""What `crmkit import` and `crmkit export` print."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

TILL = "Nr;Naam;E-mail\n1;Anna Jansen;anna@example.nl\n2;Bé;bé\n3;;c@example.nl\n4;Do;do\n"
MAPPING = """[file]
delimiter = ";"
[columns]
external_id = { from = "Nr", source = "till" }
name = "Naam"
email = "E-mail"
"""


@pytest.fixture
def run(begun: Run) -> Run:
    """A project with a file of a till, and its mapping."""
    Path("till.csv").write_text(TILL, encoding="utf-8")
    Path("till.toml").write_text(MAPPING, encoding="utf-8")
    return begun


def test_a_dry_run_says_what_would_happen(run: Run) -> None:
    code, printed, _ = run("import", "till.csv", "--as", "customers", "--map", "till.toml", "--dry-run")
    assert code == 0
    assert printed.splitlines() == [
        "till.csv -> customers: 4 rows read. Nothing was written (--dry-run).",
        "  added          1",
        "  changed        0",
        "  unchanged      0",
        "  rejected       3   E-mail: no '@' (2); Naam: a value is required (1)",
        "Rejected rows would go to till.rejected.csv.",
    ]
    assert not Path("till.rejected.csv").exists()


def test_an_import_ends_in_one_line_with_what_became_of_every_row(run: Run) -> None:
    code, printed, told = run("import", "till.csv", "--map", "till.toml")
    assert code == 1  # rows were rejected
    assert printed.startswith("added 1  changed 0  unchanged 0  rejected 3 (till.rejected.csv)   import ")
    assert told.splitlines() == ["  rejected E-mail: no '@' (2)", "  rejected Naam: a value is required (1)"]
    code, printed, _ = run("import", "till.csv", "--map", "till.toml", "--json")
    made = json.loads(printed)
    assert (made["rows"], made["unchanged"], made["rejected"]) == (4, 1, 3)
    assert made["reasons"][0] == {
        "column": "E-mail", "code": "email-no-at", "message": "no '@'", "count": 2, "lines": [3, 5]
    }  # fmt: skip


def test_the_fields_of_a_kind_are_listed(run: Run) -> None:
    code, printed, _ = run("import", "--as", "customers", "--fields", "--json")
    fields = {field["field"]: field for field in json.loads(printed)}
    assert code == 0
    assert fields["name"]["needed"] == "yes"
    assert fields["emails"]["kind"] == "email (several)"


def test_an_export_is_a_file_or_comes_to_the_screen(run: Run) -> None:
    run("import", "till.csv", "--map", "till.toml")
    assert run("export", "customers", "--out", "c.csv")[:2] == (0, "exported 1 customers to c.csv\n")
    assert run("import", "c.csv")[1].startswith("added 0  changed 0  unchanged 1  rejected 0")
    code, printed, _ = run(
        "export", "customers", "--json", "--where", '{"field": "status", "op": "==", "value": "prospect"}'
    )
    assert code == 0
    assert json.loads(printed)["emails"] == ["anna@example.nl"]
    code, _, told = run("export", "customers", "--where", "{")
    assert code == 2
    assert "this is no JSON" in told


def test_columns_that_become_nothing_are_told(run: Run) -> None:
    Path("people.csv").write_text("Name,E-mail,Shoe\nAnna,anna@example.nl,40\n", encoding="utf-8")
    _, _, told = run("import", "people.csv")
    assert "not taken: Shoe" in told
    assert "not taken" not in run("import", "till.csv", "--map", "till.toml")[2]
    assert '"unused": ["Shoe"]' in run("import", "people.csv", "--json")[1]


def test_imports_are_listed_shown_and_undone(run: Run) -> None:
    made = json.loads(run("import", "till.csv", "--map", "till.toml", "--json")[1])
    short = run("imports", "list")[1].splitlines()[1].split()[0]
    (listed,) = json.loads(run("imports", "list", "--json")[1])
    assert (listed["id"], listed["file"], listed["mapping"], listed["state"]) == (
        made["operation"], "till.csv", "till.toml", "done"
    )  # fmt: skip
    for name in (short, made["operation"], made["operation"].replace("-", "")):
        assert "4 read: added 1  changed 0  unchanged 0  rejected 3" in run("imports", "show", name)[1]
    code, printed, _ = run("imports", "undo", short, "--dry-run")
    assert (code, printed.splitlines()) == (0, ["removed 3  restored 0  left 0", "Nothing was written (--dry-run)."])
    assert run("customers", "change", "Anna Jansen", "--tier", "gold")[0] == 0
    code, printed, _ = run("imports", "undo", short)
    assert code == 1  # something was left
    assert "it was changed since (customer.changed)" in printed
    assert run("imports", "undo", short)[0] == 2
    shown = json.loads(run("imports", "show", short, "--json")[1])
    assert (shown["state"], len(shown["leftovers"])) == ("undone", 3)
    assert run("imports", "resume", short)[0] == 2
    assert run("imports", "show", "zzzzzz")[0] == 3
