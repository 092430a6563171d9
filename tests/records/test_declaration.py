"""Record types that are declared wrongly."""

from __future__ import annotations

from typing import Annotated, Any, cast

import attrs
import pytest

from crmkit import Choices, Code, Customer, DeclarationError, Id, Owner, Personal, Record, declaration_of


@attrs.frozen(kw_only=True)
class Baseless:
    """Somebody forgot what it inherits from."""

    customer: Annotated[Id[Customer], Owner(on_erase="remove")]


def test_a_forgotten_base_class_is_named():
    with pytest.raises(DeclarationError, match=r"Baseless: Let it inherit from crmkit\.Record"):
        declaration_of(cast("type[Any]", Baseless))


@attrs.frozen(kw_only=True)
class Health(Record):
    """What nothing can stand for once it is blanked."""

    customer: Annotated[Id[Customer], Owner(on_erase="keep")]
    state: Annotated[Code, Choices("ill", "well"), Personal()]
    doctor: Annotated[Id[Customer], Personal()]
    is_insured: Annotated[bool, Personal()] = False
    mood: Annotated[Code, Choices("", "good", "bad"), Personal()] = ""
    nurse: Annotated[Id[Customer] | None, Personal()] = None


def test_a_personal_field_that_can_not_be_blanked_is_refused():
    with pytest.raises(DeclarationError) as caught:
        declaration_of(Health)
    named = [name for name in ("state", "doctor", "is_insured", "mood", "nurse") if f"'{name}'" in str(caught.value)]
    assert named == ["state", "doctor", "is_insured"]


@attrs.frozen(kw_only=True)
class Misnamed(Record, shared=True):
    """Fields that stores, questions and imports could not name or fill."""

    _hidden: str = ""
    shown: str = attrs.field(default="", alias="title")
    copied: str = attrs.field(default=attrs.Factory(lambda record: record.shown, takes_self=True))
    tags: frozenset[Code] = attrs.field(factory=frozenset[Code])


def test_a_field_of_two_names_and_a_default_made_of_the_record_are_refused():
    with pytest.raises(DeclarationError) as caught:
        declaration_of(Misnamed)
    said = str(caught.value)
    assert [name for name in ("'_hidden'", "'shown'", "'copied'", "'tags'") if name in said] == [
        "'_hidden'",
        "'shown'",
        "'copied'",
    ]
