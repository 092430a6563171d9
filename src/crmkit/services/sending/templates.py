"""What a message says: as given, or from a template in the customer's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import attrs

from ...errors import InvalidError, NotFoundError, nearest
from ...ports.work import Work
from ...query import each
from ...records import Customer, LocalText, Template

_PLACE: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
KEPT: Final = frozenset({"token"})
"""Places that are filled when the message goes."""


@attrs.frozen
class Words:
    """Subject and text."""

    subject: str
    text: str


def languages_of(work: Work, customer: Customer | None) -> tuple[str, ...]:
    """Return the languages to try, first the customer's, then the CRM's."""
    first = (customer.language,) if customer and customer.language else ()
    return (*first, *work.house.languages)


def worded(work: Work, customer: Customer | None, given: Words, template: str, values: Mapping[str, object]) -> Words:
    """Return what is said; what is given goes before the template.

    Raises:
        InvalidError: nothing is said, or a place has no value. NotFoundError: there is no such template.
    """
    if template:
        found = _template(work, template)
        known = {"name": customer.name if customer else "", **values}
        languages = languages_of(work, customer)
        given = Words(
            given.subject or filled(found.subject, languages, known), given.text or filled(found.body, languages, known)
        )
    if not given.text.strip():
        raise InvalidError("A message says nothing: give a text or a template.", code="required", field="text")
    return given


def filled(text: LocalText, languages: tuple[str, ...], values: Mapping[str, object]) -> str:
    """Return the text in the first of these languages that it has, with values in its ``{places}``.

    Raises:
        InvalidError: a place has no value.
    """

    def value(place: re.Match[str]) -> str:
        name = place[1]
        if name in KEPT and name not in values:
            return place[0]
        if name not in values:
            raise InvalidError(
                f"The template has a place {place[0]!r} and no value for it.{nearest(name, values)}",
                code="no_value",
                field=name,
            )
        return str(values[name])

    return _PLACE.sub(value, text.into(*languages))


def _template(work: Work, key: str) -> Template:
    for found in work.find(Template, each(Template).key == key, limit=1):
        return found
    known = [one.key for one in work.find(Template, limit=50)]
    raise NotFoundError(f"There is no template {key!r}: add it first.{nearest(key, known)}", code="no_template")
