"""Ids that are made past ``UUID.__init__`` are what it would have made, and as firm."""

import pickle
from uuid import UUID, uuid4

import pytest

from crmkit.records.ids import INLINE_IDS, id_from_bytes, id_from_bytes_inline, id_from_int


def inline(value):
    """Make an id as generated code does."""
    scope = {**INLINE_IDS, "value": value}
    exec("\n".join(id_from_bytes_inline("made", "value")), scope)
    return scope["made"]


@pytest.mark.parametrize("make", [id_from_bytes, lambda value: id_from_int(int.from_bytes(value, "big")), inline])
def test_ids_are_what_the_uuid_module_makes(make):
    for value in [uuid4().bytes for _ in range(50)]:
        made, meant = make(value), UUID(bytes=value)
        assert type(made) is UUID
        assert (made, hash(made), repr(made), made.is_safe) == (meant, hash(meant), repr(meant), meant.is_safe)
        assert pickle.loads(pickle.dumps(made)) == meant
        with pytest.raises(TypeError):
            made.int = 1
