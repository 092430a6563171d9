"""Two ways to write one address have one key."""

from __future__ import annotations

import pytest

from crmkit.errors import InvalidError
from crmkit.records.contact_key import contact_key, kind_of_address


@pytest.mark.parametrize(
    ("value", "country"),
    [
        ("+31 6 1234 5678", ""), ("+31 (0)6-12345678", ""), ("0031612345678", ""), ("06 1234 5678", "NL"), ("06-12345678", "nl"),
        ("\u202a+31 6 1234 5678\u202c", ""), ("tel:+31612345678", ""), ("+۳۱۶۱۲۳۴۵۶۷۸", ""), ("٠٦١٢٣٤٥٦٧٨", "NL"),
    ],
)  # fmt: skip
def test_one_phone_number_has_one_key_however_it_is_written(value: str, country: str) -> None:
    assert contact_key("phone", value, country) == "+31612345678"


@pytest.mark.parametrize(
    ("value", "country", "key"),
    [
        ("(202) 555-0101", "US", "+12025550101"), ("1 202 555 0101", "US", "+12025550101"), ("8 912 345-67-89", "RU", "+79123456789"),
        ("06 1 234 5678", "HU", "+3612345678"), ("06 698 12345", "IT", "+390669812345"), ("612 34 56 78", "ES", "+34612345678"),
        ("+31 30 555 0101 ext. 12", "", "+31305550101x12"), ("030 555 0101 x12", "NL", "+31305550101x12"),
    ],
)  # fmt: skip
def test_national_habits_are_known(value: str, country: str, key: str) -> None:
    assert contact_key("phone", value, country) == key


def test_without_a_country_a_national_number_keeps_its_digits() -> None:
    assert contact_key("phone", "06 1234 5678") == "0612345678"
    assert contact_key("phone", "06 1234 5678", "XX") == "0612345678"


def test_e_mail_is_folded_and_normal() -> None:
    assert contact_key("email", " Jose\u0301@Example.ORG ") == contact_key("email", "JOS\u00c9@example.org")
    assert contact_key("email", "a@b@example.org") == "a@b@example.org"


@pytest.mark.parametrize("value", ["anna.example.nl", "@example.nl", "anna@", "an na@example.nl", ""])
def test_what_is_no_e_mail_address_is_refused(value: str) -> None:
    with pytest.raises(InvalidError) as caught:
        contact_key("email", value)
    assert (caught.value.code, caught.value.field) == ("email", "email")
    assert not value or value not in str(caught.value)


@pytest.mark.parametrize("value", ["", "12", "call me", "+"])
def test_what_is_no_phone_number_is_refused(value: str) -> None:
    with pytest.raises(InvalidError) as caught:
        contact_key("phone", value)
    assert caught.value.code == "phone"


def test_postal_addresses_and_handles_are_folded() -> None:
    assert contact_key("postal", "Dam 1\n1012 JS  Amsterdam") == contact_key("postal", "dam 1 1012 js AMSTERDAM")
    assert contact_key("instagram", "@Anna.J") == contact_key("instagram", "anna.j")
    with pytest.raises(InvalidError):
        contact_key("postal", "  ")


def test_the_kind_of_an_address_is_seen() -> None:
    assert [kind_of_address(text) for text in ("a@b.nl", "+31 6 12", "06-1234", "@anna", "anna", "7")] == [
        "email", "phone", "phone", "handle", "handle", "handle",
    ]  # fmt: skip
