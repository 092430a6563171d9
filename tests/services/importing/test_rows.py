"""Rows become values by a mapping."""

import tomllib
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from crmkit.errors import InvalidError
from crmkit.records import LocalText, Money, PartialDate, WallTime
from crmkit.services.importing.addresses import Phone
from crmkit.services.importing.by_name import mapping_by_name
from crmkit.services.importing.cells import InertWriter, joined, split
from crmkit.services.importing.mapping import Target, mapping_of
from crmkit.services.importing.problems import BadRow, Problem
from crmkit.services.importing.reading import open_table
from crmkit.services.importing.rows import Defaults, RowReader, row_reader
from crmkit.services.importing.values import ExternalKey, Lookup

TARGETS = (
    Target(name="external_id", kind="external_id"),
    Target(name="name"),
    Target(name="title", required=True),
    Target(name="email", kind="email"),
    Target(name="emails", kind="email", many=True),
    Target(name="phone", kind="phone"),
    Target(name="at", kind="instant"),
    Target(name="on", kind="date"),
    Target(name="born_on", kind="partial_date"),
    Target(name="due", kind="wall_time"),
    Target(name="status", kind="code", choices=("prospect", "customer")),
    Target(name="tags", kind="code", many=True),
    Target(name="price", kind="money"),
    Target(name="count", kind="int"),
    Target(name="share", kind="decimal", places=2),
    Target(name="is_vip", kind="bool"),
    Target(name="label", kind="local_text"),
    Target(name="facts", kind="json"),
    Target(name="customer", kind="ref"),
)
OPTIONAL = tuple(target for target in TARGETS if not target.required)


def reader_of(
    folder: Path, header: str, columns: str, targets: tuple[Target, ...] = OPTIONAL, **defaults: str
) -> RowReader:
    path = folder / "t.csv"
    path.write_text(f"{header}\n", encoding="utf-8")
    mapping = mapping_of(tomllib.loads(columns), targets, name="m.toml")
    return row_reader(mapping, open_table(path, mapping.file), targets, Defaults(**defaults), name="m.toml")


def value_of(folder: Path, column: str, *cells: str, **defaults: str) -> object:
    """The value, or the problem, of one column mapped from `a` and further ones."""
    header = ",".join("abcdef"[: max(2, len(cells))])
    values, problems = reader_of(folder, header, f"columns.{column}", **defaults).read([*cells, ""])
    return problems[0] if problems else next(iter(values.values()))


@pytest.mark.parametrize(
    ("column", "cell", "expected"),
    [
        ('name = "a"', "  Anna ", "Anna"),
        ('name = "a"', "   ", None),
        ('emails = "a"', "a@x.nl; b@x.nl,,", ("a@x.nl", "b@x.nl")),
        ('emails = "a"', "", ()),
        ('emails = { from = "a", split = " / " }', "a@x.nl / b@x.nl", ("a@x.nl", "b@x.nl")),
        ('phone = { from = "a", country = "NL" }', "06 12345678", Phone("+31612345678", "06 12345678")),
        ('at = { from = "a", time_zone = "Europe/Amsterdam" }', "2026-11-24 10:30", datetime(2026, 11, 24, 9, 30, tzinfo=UTC)),
        ('on = { from = "a", date = "%d-%m-%Y" }', "24-11-2026", date(2026, 11, 24)),
        ('born_on = "a"', "1990-02", PartialDate(1990, 2)),
        ('born_on = "a"', "--02-29", PartialDate(None, 2, 29)),
        ('born_on = { from = "a", date = "%d/%m/%Y" }', "28/2/1990", PartialDate(1990, 2, 28)),
        ('due = "a"', "2026-11-24T10:00 Europe/Amsterdam", WallTime(datetime.fromisoformat("2026-11-24T10:00"), "Europe/Amsterdam")),
        ('due = { from = "a", time_zone = "Asia/Tehran" }', "2026-11-24 10:00", WallTime(datetime.fromisoformat("2026-11-24T10:00"), "Asia/Tehran")),
        ('status = "a"', "Customer", "customer"),
        ('tags = { from = "a", split = "|", map = { "VIP klant" = "vip", weg = "" } }', "VIP klant| b |weg", ("vip", "b")),
        ('price = { from = "a", currency = "EUR" }', "12.50", Money("12.50", "EUR")),
        ('count = "a"', "٤٢", 42),
        ('share = "a"', "0.5", Decimal("0.5")),
        ('is_vip = "a"', "Yes", True),
        ('is_vip = "a"', "0", False),
        ('is_vip = { from = "a", map = { ja = true, nee = false } }', "ja", True),
        ('label = "a"', "Sold", LocalText.of("Sold")),
        ('label = "a"', '{"": "Sold", "nl": "Verkocht"}', LocalText.of("Sold", nl="Verkocht")),
        ('facts = "a"', '{"x": [1]}', {"x": (1,)}),
        ('external_id = { from = "a", source = "till" }', " 42 ", ExternalKey("till", "42")),
        ('customer = "a"', "anna", Lookup(by="any", key="anna")),
        ('customer = { from = "a", find = "email", otherwise = "add" }', "A@X.nl", Lookup(by="email", key="A@x.nl", otherwise="add")),
        ('customer = { from = "a", find = "external_id", source = "till" }', "42", Lookup(by="external_id", key="42", source="till")),
        ('status = { from = "a", map = { A = "customer", "*" = "prospect" } }', "Z", "prospect"),
        ('status = { from = "a", map = { A = "customer", "*" = "prospect" } }', "", None),
        ('status = { from = "a", map = { "" = "prospect" } }', "", "prospect"),
        ('status = { from = "a", otherwise = "prospect" }', "Z", "prospect"),
        ('count = { from = "a", otherwise = "empty" }', "n/a", None),
        ('status = { from = "a", map = { A = "customer" }, otherwise = "empty" }', "customer", None),
        ('status = { value = "customer" }', "", "customer"),
        ('tags = { value = "a;b", split = ";" }', "", ("a", "b")),
        ('at = { value = 2026-11-24T10:30:00Z }', "", datetime(2026, 11, 24, 10, 30, tzinfo=UTC)),
        ('count = { value = 7 }', "", 7),
    ],
)  # fmt: skip
def test_values(tmp_path: Path, column: str, cell: str, expected: object) -> None:
    """One column of each kind, and each way of the mapping."""
    found = value_of(tmp_path, column, cell)
    assert found == expected
    assert type(found) is type(expected) or isinstance(expected, dict)


@pytest.mark.parametrize(
    ("column", "cell", "code", "message"),
    [
        ('emails = "a"', "a@x.nl, b", "email-no-at", "no '@'"),
        ('at = "a"', "2026-02-30", "no-such-date", "'2026-02-30' is not in the calendar"),
        ('status = "a"', "new", "not-a-choice", "'new' is none of prospect, customer"),
        (
            'status = { from = "a", map = { A = "customer" }, otherwise = "reject" }',
            "B",
            "not-mapped",
            "'B' is none of customer",
        ),
        ('born_on = "a"', "1990-02-30", "no-such-date", "'1990-02-30' is not in the calendar"),
        ('due = "a"', "2026-11-24 10:00 Europe/Nowhere", "unknown-time-zone", "'Europe/Nowhere' is no time zone"),
        ('is_vip = "a"', "perhaps", "not-yes-or-no", "'perhaps' is neither yes nor no"),
        ('facts = "a"', "{", "not-json-value", "'{' is not JSON"),
        ('customer = { from = "a", find = "email" }', "anna", "email-no-at", "no '@'"),
        ('price = "a"', "12,5", "decimal-comma", "has a decimal comma"),
    ],
)
def test_problems(tmp_path: Path, column: str, cell: str, code: str, message: str) -> None:
    """They name the file's own column."""
    found = value_of(tmp_path, column, cell)
    assert isinstance(found, Problem)
    assert (found.code, found.column) == (code, "a")
    assert message in found.message


def test_a_map_says_what_it_knows(tmp_path: Path) -> None:
    """It does so in our words, and takes them: the row may be mended with one of them."""
    size = 'name = { from = "a", map = { 48 = "S", 54 = "M", 55 = "M", x = "" }, otherwise = "reject" }'
    found = value_of(tmp_path, size, "61")
    assert isinstance(found, Problem)
    assert found.message == "'61' is none of S, M"
    assert value_of(tmp_path, size, "M") == "M"


def test_joined_columns(tmp_path: Path) -> None:
    """Names skip what is empty; an external id needs all its parts, or has none."""
    name = 'name = { join = ["a", "b"] }'
    assert value_of(tmp_path, name, " Anna", "Jansen ") == "Anna Jansen"
    assert value_of(tmp_path, name, "", "Jansen") == "Jansen"
    assert value_of(tmp_path, name, "", "") is None
    key = 'external_id = { join = ["a", "b"], source = "till" }'
    assert value_of(tmp_path, key, "1", "23") == ExternalKey("till", "1-23")
    assert value_of(tmp_path, key, "", "") is None
    found = value_of(tmp_path, key, "1", " ")
    assert isinstance(found, Problem)
    assert (found.code, found.column) == ("incomplete", "a + b")


def test_rows_that_say_their_currency_and_country(tmp_path: Path) -> None:
    """One column qualifies another; without a text of its own the default holds."""
    price = 'price = { from = "a", currency = { from = "b" } }'
    assert value_of(tmp_path, price, "12", "usd") == Money("12", "USD")
    assert value_of(tmp_path, price, "12", "", currency="EUR") == Money("12", "EUR")
    assert value_of(tmp_path, price, "", "XQX") is None
    found = value_of(tmp_path, price, "12", "XQX")
    assert isinstance(found, Problem)
    assert (found.code, found.column) == ("unknown-currency", "b")
    phone = 'phone = { from = "a", country = { from = "b" } }'
    assert value_of(tmp_path, phone, "030 1234567", "DE") == Phone("+49301234567", "030 1234567")


def test_all_problems_of_a_row(tmp_path: Path) -> None:
    """They are told together, and the other values are there."""
    columns = 'columns.name = "a"\ncolumns.count = "b"\ncolumns.email = "c"'
    values, problems = reader_of(tmp_path, "a,b,c", columns).read(["Anna", "x", "y"])
    assert values == {"name": "Anna"}
    assert [(problem.code, problem.column) for problem in problems] == [
        ("not-a-whole-number", "b"),
        ("email-no-at", "c"),
    ]


def test_required(tmp_path: Path) -> None:
    """An empty cell of a required target is a problem, as is a text that the map makes empty."""
    columns = 'columns.title = { from = "a", map = { "-" = "" } }'
    for cell in ("", "-"):
        _, problems = reader_of(tmp_path, "a", columns, TARGETS).read([cell])
        assert [problem.code for problem in problems] == ["required"]


def test_a_mapping_that_does_not_fit_the_file(tmp_path: Path) -> None:
    """Missing and double columns, required targets and texts that can not be read: all at once, naming the columns."""
    columns = """
        [columns]
        name = "Naam"
        email = "E-mail"
        count = { value = "many" }
        status = { from = "E-mail", map = { x = "nobody" }, otherwise = "someone" }
    """
    with pytest.raises(InvalidError) as caught:
        reader_of(tmp_path, "naam,E-mail,E-mail", columns, TARGETS)
    assert caught.value.params["mistakes"] == (
        "columns.name: the column 'Naam' is not in the file; its columns are naam, E-mail, E-mail",
        "columns.email: the column 'E-mail' occurs 2 times in the file",
        "columns.count.value: 'many' is not a whole number",
        "columns.status: the column 'E-mail' occurs 2 times in the file",
        "columns.status.map.x: 'nobody' is none of prospect, customer",
        "columns.status.otherwise: 'someone' is none of prospect, customer",
        "no column gives title; its columns are naam, E-mail, E-mail",
    )


def test_an_exact_file_keeps_spaces_and_lists(tmp_path: Path) -> None:
    """An export of ours comes back as it was, spaces, lists and all."""
    path = tmp_path / "x.csv"
    tags = ("a|b", "c\\", "d,e")
    with path.open("w", encoding="utf-8", newline="") as file:
        InertWriter(file, ["name", "tags"]).write(["  =Anna\n", joined(tags)])
    table = open_table(path)
    ((_, cells),) = (row for row in table.rows() if not isinstance(row, BadRow))
    values, problems = row_reader(mapping_by_name(table.header, OPTIONAL), table, OPTIONAL).read(cells)
    assert (values, problems) == ({"name": "  =Anna\n", "tags": tags}, [])
    assert split(joined(())) == ()


def test_json_lines(tmp_path: Path) -> None:
    """Lists are lists, a list of one is a value, an object is JSON."""
    path = tmp_path / "t.jsonl"
    path.write_text(
        '{"emails": ["a@x.nl", "b@x.nl"], "name": ["Anna"], "facts": {"n": 1.50}, "count": 3}\n{"name": ["a", "b"]}\n'
    )
    table = open_table(path)
    read = row_reader(mapping_by_name(table.header, OPTIONAL), table, OPTIONAL).read
    (first, second) = [read(row[1]) for row in table.rows() if not isinstance(row, BadRow)]
    assert first == ({"emails": ("a@x.nl", "b@x.nl"), "name": "Anna", "facts": {"n": 1.5}, "count": 3}, [])
    assert [problem.code for problem in second[1]] == ["several"]
