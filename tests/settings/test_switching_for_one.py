"""A plugin is switched off and on for one company by one line of crmkit.toml; everything else stays as it was written."""

from __future__ import annotations

import tomllib

import pytest

from crmkit.errors import InvalidError
from crmkit.settings.switching import switched_for
from crmkit.settings.tenants import tenants_of

TOP = '# ours\nstore = "memory:"\ndisabled = ["sms"]\n'
MORE = "\n[settings.x]\na = 1 # one\n"


def off_at(text: str, tenant: str = "acme") -> set[str]:
    data = tomllib.loads(text)
    found = tenants_of(data.get("tenants", {}), [])
    own = found.get(tenant)
    return set(data.get("disabled", [])) if own is None else set(own.switched_off(data.get("disabled", [])))


@pytest.mark.parametrize(
    "tenants",
    [
        "",
        "[tenants.acme]\n",
        "[tenants.acme] # first\n# nothing yet\n",
        '[tenants."acme"]\nenabled = ["sms"]\n',
        '[tenants.acme]\ndisabled = [ "fax" ] # why\n[tenants.acme.settings.x]\na = 2\n',
        '[tenants.umbra]\ndisabled = ["fax"]\n\n[tenants.acme]\ndisabled = []\n',
    ],
)
@pytest.mark.parametrize("more", ["", MORE])
@pytest.mark.parametrize("plugin", ["sms", "fax", "loyalty"])
def test_off_and_on_again(tenants: str, more: str, plugin: str):
    text = TOP + tenants + more
    off = switched_for(text, plugin, "acme", off=True)
    assert off_at(off) == off_at(text) | {plugin}
    on = switched_for(off, plugin, "acme", off=False)
    assert off_at(on) == off_at(text) - {plugin}
    for made in (off, on):
        others = [line for line in made.splitlines() if line and "able" not in line]
        assert [line for line in others if line != "[tenants.acme]"] == [
            line for line in text.splitlines() if line and "able" not in line and line != "[tenants.acme]"
        ]
        assert off_at(made, "umbra") == off_at(text, "umbra")
        assert tomllib.loads(made).get("settings") == tomllib.loads(text).get("settings")
        assert switched_for(made, plugin, "acme", off=plugin in off_at(made)) == made


def test_a_name_that_needs_quotes():
    made = switched_for(TOP, "fax", "acme & sons", off=True)
    assert tomllib.loads(made)["tenants"] == {"acme & sons": {"disabled": ["fax"]}}
    assert switched_for(made, "fax", "acme & sons", off=False).count("[tenants.") == 1


@pytest.mark.parametrize(
    "text", ['tenants = {acme = {disabled = ["fax"]}}\n', '[tenants]\nacme = {enabled = ["fax"]}\n']
)
def test_what_only_a_person_can_change_is_left_to_one(text: str):
    with pytest.raises(InvalidError, match="can not be changed by itself"):
        switched_for(text, "loyalty", "acme", off=True)
