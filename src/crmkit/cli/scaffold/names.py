"""The names that follow from the one that a plugin is given."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Mapping
from typing import Final

import attrs

from ... import __all__ as face
from ...errors import InvalidError

LONGEST: Final = 30
"""Lines of generated code stay within their length up to here."""
_TAKEN: Final = ("plugin", "Snapshot")
"""Names that templates have a use for: the plugin's own variable, and the base class ``SnapshotStore``."""
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)


@attrs.frozen
class Names:
    """What things are called. ``name`` is the plugin's: ``loyalty-card``."""

    name: str

    @property
    def distribution(self) -> str:
        """What is installed: ``crmkit-loyalty-card``."""
        return f"crmkit-{self.name}"

    @property
    def package(self) -> str:
        """What is imported: ``crmkit_loyalty_card``."""
        return f"crmkit_{self.variable}"

    @property
    def variable(self) -> str:
        """Within code: ``loyalty_card``."""
        return self.name.replace("-", "_")

    @property
    def type(self) -> str:
        """Of a class: ``LoyaltyCard``."""
        return "".join(word.capitalize() for word in self.name.split("-"))

    @property
    def words(self) -> str:
        """For people: ``loyalty card``."""
        return self.name.replace("-", " ")

    def in_templates(self) -> Mapping[str, str]:
        """Return the names by which templates know them."""
        return {
            "name": self.name,
            "distribution": self.distribution,
            "package": self.package,
            "variable": self.variable,
            "Class": self.type,
            "words": self.words,
            "Title": self.words.capitalize(),
        }


def names_of(given: str) -> Names:
    """Return the names of a plugin; ``crmkit-`` before it may be left out.

    Raises:
        InvalidError: it is no name that a distribution, a package and a class can have.
    """
    names = Names(given.removeprefix("crmkit-"))
    if not _NAME.fullmatch(names.name) or len(names.name) > LONGEST:
        raise InvalidError(
            f"{given!r} is no name for a plugin: write at most {LONGEST} small letters, digits and single hyphens, such as loyalty-card.",
            code="plugin_name",
            field="name",
        )
    if keyword.iskeyword(names.variable) or {names.variable, names.type} & {*dir(builtins), *face, *_TAKEN}:
        raise InvalidError(
            f"{given!r} is a word of Python's or crmkit's own: choose another name, such as my-{names.name}.",
            code="plugin_name",
            field="name",
        )
    return names
