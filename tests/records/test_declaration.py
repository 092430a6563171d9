"""Record types that are declared wrongly."""

from __future__ import annotations

from typing import Annotated, Any, cast

import attrs
import pytest

from crmkit import Customer, DeclarationError, Id, Owner, declaration_of


@attrs.frozen(kw_only=True)
class Baseless:
    """Somebody forgot what it inherits from."""

    customer: Annotated[Id[Customer], Owner(on_erase="remove")]


def test_a_forgotten_base_class_is_named():
    with pytest.raises(DeclarationError, match=r"Baseless: Let it inherit from crmkit\.Record"):
        declaration_of(cast("type[Any]", Baseless))
