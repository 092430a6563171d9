"""The kinds of plugins that can be written, and what is particular to the code of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs


@attrs.frozen(kw_only=True)
class Kind:
    """One kind of plugin. Names within it are templates, as the files in its folder are.

    Attributes:
        folder: of its templates; on the command line it is called so too.
        noun: as a sentence names it.
        modules: module -> what the table of contents takes from it.
        offers: what the plugin offers, in code.
        tested: what its test takes from the package.
        face: what its one module takes from ``crmkit``, where it has one module.
        capabilities: see ``Plugin``.
        has_settings: its module has a class ``Settings``.
        test_needs: what its tests need beside pytest, as requirements.
    """

    folder: str
    noun: str
    modules: Mapping[str, tuple[str, ...]]
    offers: tuple[str, ...]
    tested: tuple[str, ...]
    face: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    has_settings: bool = False
    test_needs: tuple[str, ...] = ()


_COMMANDS: Final = """Commands(
            "${name}s",
            "$package.commands:${variable}s",
            "$Title: open, close, list.",
        )"""
_KINDS: Final = (
    Kind(
        folder="channel",
        noun="a channel",
        modules={"channel": ("${Class}Channel", "Settings")},
        offers=("${Class}Channel",),
        tested=("${Class}Channel", "Settings"),
        face=("Secret",),
        capabilities=("network", "personal-data"),
        has_settings=True,
    ),
    Kind(
        folder="survey-type",
        noun="a survey type",
        modules={"survey_type": ("$variable",)},
        offers=("$variable",),
        tested=("$variable",),
    ),
    Kind(
        folder="kpi",
        noun="a KPI",
        modules={"kpi": ("${variable}_rate",)},
        offers=("${variable}_rate",),
        tested=("${variable}_rate",),
        face=("Deal", "kpis"),
    ),
    Kind(
        folder="store",
        noun="a store",
        modules={"store": ("${Class}Store",)},
        offers=("${Class}Store",),
        tested=("${Class}Store",),
        face=("Record", "declaration_of"),
        capabilities=("files", "personal-data"),
        test_needs=("hypothesis>=6.140",),
    ),
    Kind(
        folder="record-type",
        noun="a record type",
        modules={"record_type": ("$Class",), "verbs": ("${Class}s",), "commands": ()},
        offers=(
            "$Class",
            "${Class}s",
            _COMMANDS,
        ),
        tested=("$Class", "${Class}s", "plugin"),
        capabilities=("personal-data",),
    ),
    Kind(
        folder="hooks",
        noun="hooks",
        modules={"hooks": ("amount_is_known", "note_sale", "tidy_source")},
        offers=("tidy_source", "amount_is_known", "note_sale"),
        tested=("amount_is_known", "plugin", "tidy_source"),
        face=("Change", "Context", "Deal", "Event", "Refusal", "adjust", "check", "subscriber"),
        capabilities=("personal-data",),
    ),
)
KINDS: Final[Mapping[str, Kind]] = {kind.folder: kind for kind in _KINDS}
