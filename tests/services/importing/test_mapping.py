"""Mapping files say what becomes what, and all their mistakes are told at once."""

import tomllib
from pathlib import Path

import pytest

from crmkit.errors import InvalidError
from crmkit.records import Customer, declaration_of
from crmkit.services.importing.by_name import mapping_by_name
from crmkit.services.importing.mapping import (
    Column,
    ImportMapping,
    Target,
    Varying,
    mapping_of,
    read_mapping,
)

TARGETS = (
    Target(name="external_id", kind="external_id"),
    Target(name="name", required=True, aliases=("full name",)),
    Target(name="emails", kind="email", many=True, aliases=("email", "e-mail")),
    Target(name="phones", kind="phone", many=True),
    Target(name="since", kind="instant"),
    Target(name="status", kind="code", choices=("prospect", "customer", "former")),
    Target(name="tags", kind="code", many=True),
    Target(name="price", kind="money"),
    Target(name="customer", kind="ref"),
    Target(name="custom.frame_size", kind="code"),
)


def mapped(text: str) -> ImportMapping:
    return mapping_of(tomllib.loads(text), TARGETS, name="m.toml")


def mistakes(text: str) -> tuple[str, ...]:
    with pytest.raises(InvalidError) as caught:
        mapped(text)
    assert caught.value.code == "mapping"
    found = caught.value.params["mistakes"]
    assert all(mistake in str(caught.value) for mistake in found)
    return found


def test_a_whole_mapping() -> None:
    """Every key of the language."""
    mapping = mapped("""
        [file]
        encoding = "windows-1252"
        delimiter = ";"
        decimal = ","
        [columns]
        external_id = { join = ["Winkel", "Nr"], separator = "/", source = "old-till" }
        name = "Naam"
        emails = { from = "E-mail", split = "," }
        phones = { from = "Telefoon", country = { from = "Land" } }
        since = { from = "Aangemaakt", date = "%d-%m-%Y", time_zone = "Europe/Amsterdam" }
        status = { value = "customer" }
        price = { from = "Bedrag", currency = "EUR" }
        customer = { from = "Klantnr", find = "external_id", source = "old-till", otherwise = "add" }
        "custom.frame_size" = { from = "Maat", map = { 48 = "S", 54 = "M", "" = "-", "*" = "?" }, otherwise = "reject" }
    """)
    assert (mapping.file.encoding, mapping.file.delimiter, mapping.file.decimal) == ("windows-1252", ";", ",")
    external_id, name, _, phones, since, status, price, customer, size = mapping.columns
    assert external_id == Column(
        target="external_id", sources=("Winkel", "Nr"), is_joined=True, separator="/", source="old-till"
    )
    assert name == Column(target="name", sources=("Naam",))
    assert phones.country == Varying(column="Land")
    assert (since.date, since.time_zone) == ("%d-%m-%Y", "Europe/Amsterdam")
    assert (status.value, status.sources) == ("customer", ())
    assert price.currency == "EUR"
    assert (customer.find, customer.source, customer.otherwise) == ("external_id", "old-till", "add")
    assert (dict(size.map or {}), size.otherwise) == ({"48": "S", "54": "M", "": "-", "*": "?"}, "reject")
    wanted = ("Winkel", "Nr", "Naam", "E-mail", "Telefoon", "Aangemaakt", "Bedrag", "Klantnr", "Maat", "Land")
    assert mapping.wanted == wanted


def test_dotted_names_need_no_quotation_marks() -> None:
    """TOML makes a table of `custom.frame_size`; it means the same."""
    (column,) = mapped('columns.custom.frame_size = { from = "Maat" }').columns
    assert column == Column(target="custom.frame_size", sources=("Maat",))


def test_all_mistakes_at_once() -> None:
    """Each with its place and the nearest right word."""
    found = mistakes("""
        colums = 1
        [file]
        delimiter = ";;"
        decimal = "comma"
        encodng = "utf-8"
        [columns]
        nmae = "Naam"
        name = { form = "Naam" }
        emails = { from = "E-mail", join = ["a"] }
        phones = 7
        since = { from = "D", date = "DD-MM", time_zone = "Europe/Amsterdm" }
        price = { from = "B", currency = "EURO", date = "%Y" }
        status = { value = ["a"] }
        customer = { from = "K", find = "emial" }
        external_id = { from = "" }
        tags = { from = "T", country = "NL", separator = ",", otherwise = "add" }
    """)
    expected = [
        "colums: is not known. Did you mean 'columns'?",
        "file.encodng: is not known. Did you mean 'encoding'?",
        "file.delimiter: ';;' is not one character such as ; or \\t",
        "file.decimal: 'comma' is none of ., ,",
        "columns.nmae: there is no such field. Did you mean 'name'?",
        "columns.name.form: is not known. Did you mean 'from'?",
        "columns.emails: from and join are given, and one is needed",
        "columns.phones: must be the name of a column, or a table with from, join or value",
        "columns.since.date: 'DD-MM' is no format of a date: write one like \"%d-%m-%Y\"",
        "columns.since.time_zone: 'Europe/Amsterdm' is no time zone: write one such as Europe/Amsterdam. Did you mean 'Europe/Amsterdam'?",
        "columns.price.date: has no meaning for price, which is money",
        "columns.price.currency: 'EURO' is not a currency code of ISO 4217, such as EUR",
        "columns.status.value: must be a text, a number, a date, true or false",
        "columns.customer.find: 'emial' is none of external_id, email, phone, name, key. Did you mean 'email'?",
        "columns.external_id.from: must be a text that is not empty",
        "columns.tags.separator: has a meaning with join only; split says what stands between items",
        "columns.tags.country: has no meaning for tags, which is a list of code",
        'columns.tags.otherwise: "add" has a meaning with find only',
    ]
    assert list(found) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "columns: names no column"),
        ("columns = 3", "columns: must be a table"),
        ('columns.name = { join = "a" }', "columns.name.join: must be a list of columns"),
        (
            'columns.name = { separator = "a" }',
            "columns.name: none of from, join and value is given, and one is needed",
        ),
        (
            'columns.name = { from = "a", map = { x = [1] } }',
            "columns.name.map.x: must be a text, a number, a date, true or false",
        ),
        (
            'columns.phones = { from = "a", country = { form = "b" } }',
            "columns.phones.country.form: is not known. Did you mean 'from'?",
        ),
    ],
)
def test_a_mistake(text: str, expected: str) -> None:
    """Said with its place."""
    assert expected in mistakes(text)


def test_files_that_are_no_mapping(tmp_path: Path) -> None:
    """Missing, not text, not TOML: each in one sentence."""
    path = tmp_path / "m.toml"
    with pytest.raises(InvalidError, match="can not be read"):
        read_mapping(path, TARGETS)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidError, match="not in UTF-8"):
        read_mapping(path, TARGETS)
    path.write_text("[columns\n")
    with pytest.raises(InvalidError, match=r"no TOML: .*line 1"):
        read_mapping(path, TARGETS)
    path.write_text('columns.nam = "x"', encoding="utf-8-sig")
    with pytest.raises(InvalidError, match=r"^m\.toml: columns\.nam: there is no such field\. Did you mean 'name'\?$"):
        read_mapping(path, TARGETS)


def test_by_name() -> None:
    """Without a mapping, columns with the fields' own names are taken, whatever their case; others are left."""
    header = ("External-ID", " Full Name", "E-mail", "Custom.frame size", "shoe size", "name", "Tags", "tags")
    mapping = mapping_by_name(header, TARGETS)
    assert [(column.target, column.sources) for column in mapping.columns] == [
        ("external_id", ("External-ID",)),
        ("name", ("name",)),
        ("emails", ("E-mail",)),
        ("tags", ("Tags",)),
        ("custom.frame_size", ("Custom.frame size",)),
    ]


def test_targets_of_a_record_type() -> None:
    """A declared field is a target with the same facts."""
    fields = declaration_of(Customer).by_name
    assert Target.of_field(fields["name"]) == Target(name="name", required=True)
    assert Target.of_field(fields["tags"]) == Target(name="tags", kind="code", many=True)
    assert Target.of_field(fields["kind"]).choices == ("person", "organisation")


@pytest.mark.parametrize(
    ("said", "is_taken"), [("rejekt", False), ("emty", False), ("rejected", True), ("direct", True)]
)
def test_a_misspelt_word_is_no_value(said: str, is_taken: bool) -> None:
    table = {"columns": {"name": {"from": "a", "otherwise": said}}}
    if is_taken:
        assert mapping_of(table, TARGETS).columns[0].otherwise == said
    else:
        with pytest.raises(InvalidError, match=r"Did you mean '(reject|empty)'"):
            mapping_of(table, TARGETS)
