"""The contract of whole plugins: how one behaves beside others, as a pytest class for its author to run.

    class TestMine(PluginContract):
        plugin = plugin

It is loaded alone and beside others, twice at once, taken away and brought back. What it offers has contracts of its
own: of channels, survey types, KPIs, stores, record types and hooks.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import itertools
import json
import logging
import tempfile
import threading
import types
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any, ClassVar, Final

import attrs
import pytest

from .._plugins import manifest_of, read_manifest
from ..crm import CRM
from ..errors import CRMError, DeclarationError, PluginError
from ..ports.plugin import GROUP, Commands, Plugin
from ..ports.secret import Secret
from ..ports.work import Change, Service, adjust
from ..records import CORE_TYPES, Customer, Record, declaration_of
from ..records.as_json import to_json
from ..services.working import Working
from ..settings import plugin_settings
from .contract import NOTHING, Contract
from .made_up import SECRET, kinds_of, made_up, wrong_for
from .samples import Samples, kept
from .state import modules_of, state_in

_TAG: Final = "from-the-neighbour"
_SECRETIVE: Final = ("token", "password", "passphrase", "secret", "api_key", "credential")


@adjust(Customer)
def _tag(change: Change[Customer]) -> Customer:
    return attrs.evolve(change.after, tags=change.after.tags | {_TAG})


class PluginContract(Contract):
    """Set ``plugin``.

    Attributes:
        settings: the plugin's, where made-up ones do not do.
        others: plugins that it requires.
    """

    plugin: ClassVar[Plugin | types.ModuleType]
    settings: ClassVar[Mapping[str, Any]] = NOTHING
    others: ClassVar[Sequence[Any]] = ()

    def happens(self, crm: CRM) -> None:
        """Do in the CRM what its users do: the plugin's own verbs."""

    # --- loading ---
    def test_it_loads(self) -> None:
        """With nothing but what it requires it is active, and has nothing to complain of."""
        with self._open() as crm:
            assert crm.house.loaded.state_of(self._name).state == "active"
            assert not crm.house.loaded.problems, crm.house.loaded.problems[0]

    def test_it_loads_beside_others(self) -> None:
        """In any order with others it is active, and what another plugin makes of a record is still there."""
        near, far = Plugin("a-neighbour", offers=[_tag]), Plugin("z-neighbour")
        for order in itertools.permutations((self.plugin, near, far)):
            with self._open(plugins=order) as crm:
                assert {state.name for state in crm.plugins if state.state == "active"} >= {
                    self._name,
                    near.name,
                    far.name,
                }
                kept_one = crm.customers.add(name="Anna Jansen")
                assert _TAG in kept_one.tags, (
                    f"Its hooks undo what another plugin's did to a record (order: {_names(order)})."
                )

    def test_its_manifest_is_current(self) -> None:
        """What its wheel says of it, without importing it, is what it offers. Written by ``crmkit plugins manifest``."""
        found = self.manifest()
        if found is None:
            pytest.skip("it is in no distribution that is installed")
        assert found, f"It has no manifest: write one by crmkit plugins manifest MODULE:{self._name}."
        made = manifest_of(
            self.plugin,
            name=str(found.get("name", self._name)),
            distribution=found.get("distribution", ""),
            version=found.get("version", ""),
        )
        for fact, value in json.loads(json.dumps(made)).items():
            assert found.get(fact) == value, (
                f"The manifest says {fact} = {found.get(fact)!r}, the plugin {value!r}: write it anew."
            )

    def manifest(self) -> Mapping[str, Any] | None:
        """Return the manifest of the installed plugin, empty where it has none; None where the plugin is not installed."""
        for point in metadata.entry_points(group=GROUP):
            if self._name in (point.name, point.value.partition(":")[0]):
                return read_manifest(point.name, point.value, point.dist) or {}
        return None

    # --- settings ---
    def test_wrong_settings_are_told_at_once(self) -> None:
        """All that is wrong with settings is told in one go, each with its key; unknown ones too."""
        of = self._settings_class()
        wrong = {key: value for key, kind in kinds_of(of).items() if (value := wrong_for(kind)) is not None}
        told = "\n".join(_problems(of, {**wrong, "no_such_setting": 1}, self._name))
        for key in (*wrong, "no_such_setting"):
            assert key in told, f"A wrong {key} is not told: {told}"

    def test_missing_settings_are_told_at_once(self) -> None:
        """Each setting that must be given is named where it is not; where none must be, the defaults do."""
        of = self._settings_class()
        required = kinds_of(of, required=True)
        told = "\n".join(_problems(of, {}, self._name))
        assert bool(told) is bool(required), f"Its defaults are refused: {told}"
        for key in required:
            assert key in told, f"A missing {key} is not told: {told}"

    def test_secrets_are_not_shown(self) -> None:
        """What is secret is a ``Secret``, and is shown neither with the settings nor in the log."""
        of = self._settings_class()
        secret = {key for key, kind in kinds_of(of).items() if _is_secret(key, kind)}
        given = {**(made_up(of, self.settings) or {}), **dict.fromkeys(secret, SECRET)}
        settings = plugin_settings(of, code=given, plugin=self._name)
        shown = f"{settings!r} {settings}"
        assert SECRET not in shown, (
            f"{', '.join(sorted(secret))} is shown: annotate it as Secret, and leave repr= alone."
        )
        with _log() as log, self._crm(settings=given) as crm:
            self._used(crm)
        assert SECRET not in log.getvalue(), "A secret stands in the log."

    # --- working ---
    def test_it_keeps_nothing_for_the_process(self) -> None:
        """Two CRMs in one process do not meet: nothing of its modules and classes changes while they work."""
        modules = modules_of(self.plugin)
        with self._crm() as one, self._crm() as other:
            before = state_in(modules)
            for crm in (one, other):
                self._used(crm)
        changed = [name for name, value in state_in(modules).items() if before.get(name, value) != value]
        assert not changed, (
            f"{changed[0]} changed while a CRM was used: keep it in an object of one CRM, or in a record."
        )

    def test_it_leaves_no_threads(self) -> None:
        """When its CRM is closed, every thread that was begun is over."""
        before = set(threading.enumerate())
        with self._crm() as crm:
            self._used(crm)
        left = [thread.name for thread in set(threading.enumerate()) - before if thread.is_alive()]
        assert not left, f"{left[0]} still runs: end it in close()."

    def test_its_services_can_be_used(self) -> None:
        """A family of verbs is got from a CRM and from a unit of work; what people call in it are verbs that say what they do."""
        services = [offer for offer in self._offers() if isinstance(offer, type) and issubclass(offer, Service)]
        if not services:
            pytest.skip("it has no services")
        with self._crm() as crm, crm.transaction() as tx:
            for of in services:
                assert isinstance(crm.service(of), of)
                assert isinstance(tx.service(of), of)
                for name, method in _public(of):
                    assert hasattr(method, "_crmkit_verb"), (
                        f"{of.__name__}.{name} is no verb: put @verb on it, or _ before it."
                    )
                    assert method.__doc__, f"{of.__name__}.{name} has no docstring."

    def test_its_commands_are_a_group_of_its_own(self) -> None:
        """Its commands are under one word, the plugin's name or that of one of its records; each tells its help."""
        commands = [offer for offer in self._offers() if isinstance(offer, Commands) or _is_command(offer)]
        if not commands:
            pytest.skip("it has no commands")
        records = {declaration_of(of).plural for of in self._types()} | {
            declaration_of(of).name for of in self._types()
        }
        for offer in commands:
            name = str(offer.name)
            assert name in {self._name, *records} or name.startswith(f"{self._name}-"), (
                f"The command {name!r} could be anyone's: call it {self._name!r}."
            )
            command = _loaded(offer) if isinstance(offer, Commands) else offer
            assert command.name == name, f"The command of {name!r} calls itself {command.name!r}."
            for told in (command, *getattr(command, "commands", {}).values()):
                assert told.get_short_help_str(), f"The command {told.name!r} has no help."

    # --- leaving ---
    def test_its_data_outlives_it(self) -> None:
        """Taken away, its records are still read as people gave them, and customers are still kept; brought back, all is as it was."""
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{Path(folder, 'crm.db')}"
            with self._crm(url=url) as crm:
                made = dict(self._kept(crm))
            with CRM.open(url, plugins=self.others, discover=False, disabled={self._name}, environ={}) as crm:
                crm.customers.add(name="Anna Jansen")
                for record, given in made.items():
                    of = crm.house.type_named(declaration_of(type(record)).name)
                    _same(to_json(_read(crm, of, record)), to_json(record), "without the plugin")
                    _legible(_read(crm, of, record), given)
            with self._crm(url=url) as crm:
                for record in made:
                    _same(to_json(_read(crm, type(record), record)), to_json(record), "when it is back")

    # --- parts ---
    @property
    def _name(self) -> str:
        return self.plugin.name if isinstance(self.plugin, Plugin) else self.plugin.__name__

    def _settings_class(self) -> type[Any]:
        of = self.plugin.settings if isinstance(self.plugin, Plugin) else None
        if of is None:
            pytest.skip("it has no settings")
        return of

    def _offers(self) -> Sequence[Any]:
        with self._crm() as crm:
            return [offer.value for offer in crm.house.loaded.everything if offer.plugin.name == self._name]

    def _types(self) -> list[type[Record]]:
        return [
            one for one in self._offers() if isinstance(one, type) and issubclass(one, Record) and one not in CORE_TYPES
        ]

    @contextmanager
    def _crm(self, **how: Any) -> Generator[CRM]:
        """As ``_open``; where the plugin does not load, which is one check's to tell, the others are skipped."""
        with contextlib.ExitStack() as stack:
            try:
                crm = stack.enter_context(self._open(**how))
            except PluginError:
                pytest.skip("it does not load")
            yield crm

    @contextmanager
    def _open(
        self, *, plugins: Sequence[Any] = (), url: str = "memory:", settings: Mapping[str, Any] | None = None
    ) -> Generator[CRM]:
        """A CRM with the plugin and what it requires; whatever is wrong with any of them is raised."""
        of = getattr(self.plugin, "settings", None)
        given = settings if settings is not None else made_up(of, self.settings)
        with CRM.open(
            url, plugins=[*self.others, *(plugins or (self.plugin,))], discover=False, environ={}, strict=True, pause=_never,
            settings={} if given is None else {self._name: given}, secret="s",  # noqa: S106  # of a CRM that is gone at once
        ) as crm:  # fmt: skip
            yield crm

    def _used(self, crm: CRM) -> None:
        """Use what it offers as far as that goes without its provider: its records are kept, core ones pass its hooks."""
        list(self._kept(crm))
        for of in CORE_TYPES[1:]:
            if declaration_of(of).mode != "operational":
                kept(crm, Samples(of))
        self.happens(crm)
        crm.service(Working).tell_subscribers()

    def _kept(self, crm: CRM) -> Iterator[tuple[Record, Mapping[str, Any]]]:
        """Keep records of each of its types; yield each with what it was made of."""
        for of in self._types():
            samples = Samples(of)
            for record in kept(crm, samples)[0]:
                yield record, samples.given[record.id]


def _never(seconds: float) -> None:
    """Contracts do not sleep."""


def _names(plugins: Sequence[Any]) -> str:
    return ", ".join(getattr(plugin, "name", "") or plugin.__name__ for plugin in plugins)


def _problems(of: type[Any], given: Mapping[str, Any], name: str) -> Sequence[str]:
    try:
        plugin_settings(of, code=given, plugin=name)
    except DeclarationError as error:
        return error.problems
    return ()


def _is_secret(key: str, kind: Any) -> bool:
    return Secret in (kind, *getattr(kind, "__args__", ())) or any(word in key.lower() for word in _SECRETIVE)


@contextmanager
def _log() -> Generator[io.StringIO]:
    """Yield what is written to the log meanwhile, all of it."""
    log, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(log), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield log
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


def _public(of: type[Service]) -> Iterator[tuple[str, Any]]:
    for name, method in vars(of).items():
        if isinstance(method, types.FunctionType) and not name.startswith("_"):
            yield name, method


def _is_command(offer: Any) -> bool:
    return hasattr(offer, "get_short_help_str") and hasattr(offer, "name")


def _loaded(offer: Commands) -> Any:
    module, _, name = offer.target.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise AssertionError(f"The command {offer.name!r} can not be loaded from {offer.target!r}: {error}.") from error


def _read(crm: CRM, of: type[Any], record: Record) -> Record:
    with contextlib.suppress(CRMError):
        found: Record = crm.get(of, record.id)
        return found
    raise AssertionError(f"{record!r} can not be read.")


def _same(found: Mapping[str, Any], given: Mapping[str, Any], how: str) -> None:
    for name, value in given.items():
        assert found.get(name) == value, f"{name} is {found.get(name)!r} {how}, not {value!r}."


def _legible(record: Record, given: Mapping[str, Any]) -> None:
    """Whoever reads a text without the plugin finds what people wrote, but for how it is tidied."""
    for name, value in given.items():
        if isinstance(value, str):
            read = str(getattr(record, name))
            assert _letters(value) == _letters(read), (
                f"{name} is {read!r} to whoever has not the plugin, not {value!r}."
            )


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
