from __future__ import annotations

import pytest

from tests.work import shop


@pytest.fixture
def crm_plugins() -> list[object]:
    shop.told.clear()
    return [shop.plugin]
