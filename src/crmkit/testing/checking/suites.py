"""The contracts of everything that a plugin offers, made without its author's tests. Runs in the process that imports the plugin.

What only the author can say (which answer makes which score, what a provider answers) is left out, with that reason.
"""

from __future__ import annotations

import inspect
import tempfile
import types
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import attrs
import pytest

from ..._plugins import manifest_of, read_manifest
from ..._plugins.importing import imported
from ...ports.channel import Channel
from ...ports.hook import AccessRule
from ...ports.kpi import Counted, Kpi
from ...ports.plugin import GROUP, Commands, Plugin
from ...ports.store import SnapshotStore, Store
from ...ports.survey_type import Answers, Scale, SurveyType
from ...ports.work import Service
from ...records import CORE_TYPES, Record, declaration_of
from ...settings import plugin_settings
from ..channel import ChannelContract
from ..contract import Contract
from ..hooks import HooksContract
from ..kpi import KpiContract
from ..made_up import made_up
from ..plugin import PluginContract
from ..provider import Provider
from ..record_type import RecordTypeContract
from ..samples import Samples
from ..survey_type import SurveyTypeContract
from ..watching import hooks_in

_UNKNOWN_ANSWER: Final = "what its provider answers is known to its author's own tests"
_UNKNOWN_VALUE: Final = "which examples make which value is known to its author's own tests"
_HTTP: Final = ("http://", "https://")
_SENDING: Final = (
    "test_a_taken_message_has_a_receipt", "test_two_messages_have_two_names", "test_several_messages_have_an_end_each",
    "test_the_permit_stays_here", "test_a_key_goes_with_a_promise_to_drop_it", "test_asking_what_came_in_moves_on",
)  # fmt: skip
_MONTH: Final = (date(2026, 3, 1), date(2026, 3, 31))


def suites(target: str, settings: Mapping[str, Any]) -> dict[str, type[Contract]]:
    """Return the contracts of a plugin, by the names of their classes.

    Args:
        target: as its entry point says.
        settings: what its author gives for tests.
    """
    plugin = imported(target)
    made: dict[str, type[Contract]] = {}
    for about, base, more in _contracts(plugin, settings):
        name = f"Test{len(made):03}{base.__name__}"
        made[name] = type(name, (base,), {**more, "about": about, "__module__": __name__})
    return made


def offers_of(plugin: Any) -> Sequence[Any]:
    """Return what a plugin offers."""
    if isinstance(plugin, Plugin):
        return plugin.offers
    return plugin.crmkit_offers() if hasattr(plugin, "crmkit_offers") else ()


Made = tuple[str, type[Contract], dict[str, Any]]


def _contracts(plugin: Any, settings: Mapping[str, Any]) -> Iterator[Made]:
    offers = offers_of(plugin)
    name = getattr(plugin, "name", "") or plugin.__name__
    others = [
        imported(point.value)
        for point in metadata.entry_points(group=GROUP)
        if point.name in getattr(plugin, "requires", ())
    ]
    whole = {"plugin": plugin, "settings": settings, "others": others}
    yield f"plugin {name}", PluginContract, whole
    if hooks_in(plugin) or any(isinstance(offer, AccessRule) for offer in offers):
        yield "hooks", HooksContract, whole
    for offer in offers:
        yield from _contract(plugin, offer, settings)


def _contract(plugin: Any, offer: Any, settings: Mapping[str, Any]) -> Iterator[Made]:
    of: Any = offer if isinstance(offer, type) else type(offer)
    name: str = getattr(offer, "name", "") or getattr(offer, "__name__", "")
    one: Any = offer
    if issubclass(of, Record) and of not in CORE_TYPES:
        yield f"record type {one.__name__}", RecordTypeContract, {"record_type": one, "plugin": _plugin(plugin)}
    elif issubclass(of, SurveyType):
        yield f"survey type {name}", SurveyTypeContract, _survey_type(one)
    elif issubclass(of, Kpi):
        yield f"KPI {name}", KpiContract, _kpi(_plugin(plugin), one)
    elif issubclass(of, Channel):
        yield f"channel {name}", ChannelContract, _channel(plugin, one, settings)
    elif issubclass(of, Store):
        yield from _store(one)


def _plugin(plugin: Any) -> Plugin | None:
    return plugin if isinstance(plugin, Plugin) else None


# --- survey types and KPIs ---
def _survey_type(offer: SurveyType) -> dict[str, Any]:
    tried = (_raw(offer, offer.lo), _raw(offer, offer.hi)) if isinstance(offer, Scale) else ("Fine.", "خوب بود", 1)
    taken = [(raw, answers) for raw in tried if isinstance(answers := offer.check(raw), Answers)]
    examples = tuple((raw, None if answers.score is None else float(answers.score)) for raw, answers in taken)
    excluded = {"test_examples_have_their_score": _UNKNOWN_VALUE}
    return {"survey_type": offer, "examples": examples, "excluded": excluded}


def _raw(scale: Scale, value: int) -> Any:
    return {item.name: value for item in scale.items} or value


def _kpi(plugin: Plugin | None, kpi: Kpi) -> dict[str, Any]:
    records: list[Record] = []
    for of in dict.fromkeys(source.of for source in kpi.sources):
        samples = Samples(of)
        records += [_lately(record, n) for n, record in enumerate((*samples.around, *samples.records))]
    period = None if all(isinstance(source, Counted) for source in kpi.sources) else _MONTH
    excluded = {"test_examples_have_their_value": _UNKNOWN_VALUE}
    return {"kpi": kpi, "plugin": plugin, "examples": ((tuple(records), None),), "period": period, "excluded": excluded}


def _lately(record: Record, n: int) -> Record:
    """Return a record with all its instants in one month, in the order in which its fields are declared."""
    fields = [field.name for field in declaration_of(type(record)).own_fields if field.kind == "instant"]
    begun = datetime(2026, 3, 1 + n % 20, 9, tzinfo=UTC)
    there: dict[str, Any] = {
        name: begun + timedelta(days=place) for place, name in enumerate(fields) if getattr(record, name) is not None
    }
    return attrs.evolve(record, **there)


# --- channels ---
def _channel(plugin: Any, of: type[Channel], settings: Mapping[str, Any]) -> dict[str, Any]:
    cls = getattr(plugin, "settings", None)
    url = _url_setting(cls)

    def channel(self: Any, provider: Provider) -> Channel:
        if cls is None or not inspect.signature(of).parameters:
            return of()
        given = made_up(cls, settings) or {}
        return of(plugin_settings(cls, code={**given, **_at(provider, url, cls)}, plugin=plugin.name))  # type: ignore[call-arg]  # a channel with settings

    def accept(self: Any, provider: Provider) -> None:
        """Nothing that is accepted is tried."""

    more: dict[str, Any] = {"channel": channel, "excluded": dict.fromkeys(_SENDING, _UNKNOWN_ANSWER), "patience_s": 15}
    return {**more, "accept": accept} if url else more


def _url_setting(cls: type[Any] | None) -> str:
    """Return the setting that is the URL of the provider; empty where there is none."""
    found = [a.alias or a.name for a in attrs.fields(cls) if _is_url(a)] if cls else []
    return found[0] if found else ""


def _is_url(attribute: Any) -> bool:
    return attribute.name == "url" or attribute.name.endswith("_url") or str(attribute.default).startswith(_HTTP)


def _at(provider: Provider, url: str, cls: Any) -> dict[str, Any]:
    """Return settings that lead a channel to a provider on this machine, and let it give up soon."""
    found: dict[str, Any] = {}
    for attribute in attrs.fields(cls) if cls else ():
        key = attribute.alias or attribute.name
        if key == url:
            place, told = urlsplit(provider.url), str(attribute.default)
            path = urlsplit(told) if told.startswith(_HTTP) else place
            found[key] = urlunsplit(path._replace(scheme=place.scheme, netloc=place.netloc))
        elif "timeout" in key and isinstance(attribute.default, int | float):
            found[key] = type(attribute.default)(1)
    return found


# --- stores ---
class _Unopened(Contract):
    """What is told of a store that nobody here knows how to open."""

    def test_it_is_opened(self) -> None:
        """Only one that lives in a folder can be."""
        pytest.skip("how its store is opened is known to its author's own tests")


def _store(of: type[Store]) -> Iterator[Made]:
    if not issubclass(of, SnapshotStore):
        yield f"store {of.__name__}", _Unopened, {}
        return
    if find_spec("hypothesis") is None:
        raise ModuleNotFoundError("The contract of stores draws random records: pip install hypothesis.")
    from ..store import StoreContract  # takes hypothesis, which only authors of stores need

    def store(self: Any, types: Sequence[type[Record]]) -> Store:
        return of(Path(tempfile.mkdtemp()), types)

    yield f"store {of.__name__}", StoreContract, {"store": store}


# --- facts, for what is judged without running anything ---
def facts(target: str, name: str) -> dict[str, Any]:
    """Return what is to be known of a plugin for people.

    What it offers, as its manifest would say; the version for which the manifest that it has was made (empty where it has
    none); and what of it has no docstring.
    """
    plugin = imported(target)
    kept = read_manifest(name, target, None) or {}
    undocumented = sorted(_undocumented(plugin))
    return {
        "manifest": manifest_of(plugin, name=name),
        "made_for": kept.get("version", ""),
        "undocumented": undocumented,
    }


def _undocumented(plugin: Any) -> Iterator[str]:
    for hook in hooks_in(plugin):
        if not inspect.getdoc(hook.function):
            yield f"hook {hook.name}"
    for offer in offers_of(plugin):
        if isinstance(offer, type) and not _own_doc(offer):
            yield offer.__name__
        if isinstance(offer, type) and issubclass(offer, Service):
            yield from (f"{offer.__name__}.{name}" for name, verb in _verbs(offer) if not inspect.getdoc(verb))
        if isinstance(offer, Commands) and not offer.help:
            yield f"command {offer.name}"
    cls = getattr(plugin, "settings", None)
    if cls is not None and not _own_doc(cls):
        yield f"{cls.__name__} (of its settings)"


def _own_doc(of: type[Any]) -> str:
    doc = of.__dict__.get("__doc__") or ""
    return "" if doc.startswith("Method generated by attrs") else doc


def _verbs(of: type[Service]) -> Iterator[tuple[str, Any]]:
    return (
        (name, method)
        for name, method in vars(of).items()
        if isinstance(method, types.FunctionType) and not name.startswith("_")
    )
