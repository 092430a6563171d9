"""E-mail addresses and telephone numbers get one form each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.services.importing.addresses import Phone, email, phone
from crmkit.services.importing.problems import Problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("anna@example.nl", "anna@example.nl"),
        (" Anna.Jansen+x@Example.NL ", "Anna.Jansen+x@example.nl"),
        ("o'neill@sub.example.co.uk", "o'neill@sub.example.co.uk"),
        ("zoë@münchen.de", "zoë@münchen.de"),
        ("a@xn--mnchen-3ya.de.", "a@xn--mnchen-3ya.de"),
        ("علی@مثال.ایران", "علی@مثال.ایران"),
    ],
)
def test_addresses(text: str, expected: str) -> None:
    """The domain in lower case, the name as it is."""
    assert email(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("anna.example.nl", "email-no-at"),
        ("a@b@example.nl", "email-several-at"),
        ("@example.nl", "email-no-name"),
        ("anna@", "email-no-domain"),
        ("an na@example.nl", "email-space"),
        ("Anna <anna@example.nl>", "email-space"),
        ("<anna@example.nl>", "email-characters"),
        ("anna@example.nl,bob@example.nl", "email-several-at"),
        ("anna,bob@example.nl", "email-characters"),
        (".anna@example.nl", "email-dots"),
        ("an..na@example.nl", "email-dots"),
        ("anna@example", "email-domain"),
        ("anna@-example.nl", "email-domain"),
        ("anna@exa..mple.nl", "email-domain"),
        ("anna@127.0.0.1", "email-domain"),
        ("a" * 65 + "@example.nl", "email-too-long"),
        ("anna@" + "a." * 130 + "nl", "email-too-long"),
    ],
)
def test_texts_that_are_no_addresses(text: str, expected: str) -> None:
    """Each fault has its code."""
    found = email(text)
    assert isinstance(found, Problem)
    assert found.code == expected
    assert found.message


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("06 1234 5678", "NL", "+31612345678"),
        ("06-12345678", "NL", "+31612345678"),
        ("(030) 555 01 01", "NL", "+31305550101"),
        ("+31 (0)6 1234 5678", "", "+31612345678"),
        ("0031 6 12345678", "NL", "+31612345678"),
        ("31612345678", "NL", "+31612345678"),
        ("612345678", "NL", "+31612345678"),
        ("tel:+31-30-5550101", "", "+31305550101"),
        ("۰۹۱۲ ۳۴۵ ۶۷۸۹", "IR", "+989123456789"),
        ("٠٥٠ ١٢٣ ٤٥٦٧", "AE", "+971501234567"),
        ("(212) 555-0123", "US", "+12125550123"),
        ("1-212-555-0123", "US", "+12125550123"),
        ("011 31 6 12345678", "US", "+31612345678"),
        ("06 6982 1234", "IT", "+390669821234"),
        ("391 234 5678", "IT", "+393912345678"),
        ("8 (916) 123-45-67", "RU", "+79161234567"),
        ("06 1 234 5678", "HU", "+3612345678"),
        ("612 34 56 78", "ES", "+34612345678"),
        ("1-770-736-8031 x56442", "US", "+17707368031;ext=56442"),
        ("112", "NL", "112"),
        ("06 1234 5678", "", "0612345678"),
        ("\u202a+31 6 12345678\u202c", "", "+31612345678"),
    ],
)
def test_phones(text: str, country: str, expected: str) -> None:
    """Separators go, digits are folded, the country's calling code takes the place of its own prefix; raw stays."""
    assert phone(text, country) == Phone(expected, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ask Anna", "phone-characters"),
        ("06-CALLME", "phone-characters"),
        ("06 12+34", "phone-characters"),
        ("06 1234 5678 of 030 555", "phone-characters"),
        ("12", "phone-too-short"),
        ("+", "phone-too-short"),
        ("+31612345678901234", "phone-too-long"),
    ],
)
def test_texts_that_are_no_phones(text: str, expected: str) -> None:
    """Letters are never dropped: a number with something between is two numbers or none."""
    found = phone(text, "NL")
    assert isinstance(found, Problem)
    assert found.code == expected
    assert found.message


@given(st.text(max_size=40), st.sampled_from(["", "NL", "US", "IT", "RU"]))
def test_any_text_is_read_or_a_problem(text: str, country: str) -> None:
    """Nothing raises, and the form of a form is itself."""
    found = phone(text, country)
    if isinstance(found, Phone) and found.number.startswith("+"):
        assert phone(found.number, country) == Phone(found.number, found.number)
    address = email(text)
    assert isinstance(address, Problem) or email(address) == address
