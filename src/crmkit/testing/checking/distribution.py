"""A distribution that is to be checked: a source folder or a wheel, read without importing anything of it."""

from __future__ import annotations

import configparser
import tomllib
import zipfile
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from email.parser import HeaderParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs

from ...errors import InvalidError
from ...ports.plugin import GROUP


@attrs.frozen(kw_only=True)
class Distribution:
    """What is to be checked.

    Attributes:
        place: the folder from which its modules are imported.
        root: the source folder; None for a wheel.
        points: name -> target of its plugins.
        readme: what people read first; empty where there is none.
        requires: what it needs, each as it is written.
        files: the names of what lies beside its modules: licence, changelog, CI; of a wheel what its metadata holds.
        settings: what its author gives for tests: ``[tool.crmkit.check.settings]`` of pyproject.toml, by plugin.
    """

    name: str
    version: str
    place: Path
    root: Path | None = None
    points: Mapping[str, str]
    readme: str = ""
    requires: tuple[str, ...] = ()
    requires_python: str = ""
    urls: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    settings: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict[str, Mapping[str, Any]])

    @property
    def is_wheel(self) -> bool:
        """Whether it is one, so that nothing is known of its tests."""
        return self.root is None

    @property
    def packages(self) -> tuple[Path, ...]:
        """Its packages or modules, as its entry points name them."""
        tops = dict.fromkeys(target.partition(":")[0].strip().partition(".")[0] for target in self.points.values())
        places = (self.place / top if (self.place / top).is_dir() else self.place / f"{top}.py" for top in tops)
        return tuple(place for place in places if place.exists())


@contextmanager
def opened(path: Path) -> Generator[Distribution]:
    """Read a distribution; a wheel is unpacked into a temporary folder, for as long as it is open.

    Raises:
        InvalidError: it is neither a source folder with a pyproject.toml nor a wheel, or offers no plugin.
    """
    with TemporaryDirectory(prefix="crmkit-check-") as temporary:
        if path.suffix == ".whl":
            found = _wheel(path, Path(temporary))
        elif (path / "pyproject.toml").is_file():
            found = _folder(path.resolve())
        else:
            raise InvalidError(
                f"{str(path)!r} is neither a wheel nor a folder with a pyproject.toml: name one of these.",
                code="no_distribution",
            )
        if not found.points:
            raise InvalidError(
                f'{found.name} offers no plugin: give it an entry point, [project.entry-points.{GROUP}] name = "module:plugin".',
                code="no_plugin",
            )
        yield found


def _folder(root: Path) -> Distribution:
    try:
        declared: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidError(f"The pyproject.toml of {root.name!r} can not be read: {error}.", code="pyproject") from None
    project: dict[str, Any] = declared.get("project", {})
    checked: dict[str, Any] = declared.get("tool", {}).get("crmkit", {}).get("check", {})
    points: dict[str, str] = project.get("entry-points", {}).get(GROUP, {})
    urls: dict[str, str] = project.get("urls", {})
    return Distribution(
        name=str(project.get("name") or root.name), version=str(project.get("version") or _version(root, declared)), root=root,
        place=root / "src" if (root / "src").is_dir() else root, points=points, readme=_text(root, ("README.md", "README.rst", "README.txt", "README")),
        requires=tuple(project.get("dependencies", ())), requires_python=str(project.get("requires-python") or ""),
        urls=tuple(urls.values()), files=tuple(sorted(_names(root))), settings=checked.get("settings", {}),
    )  # fmt: skip


def _version(root: Path, declared: Mapping[str, Any]) -> str:
    """Return the version that hatch reads from a file, where it does; a version that a build makes is not known yet."""
    path: str = declared.get("tool", {}).get("hatch", {}).get("version", {}).get("path", "")
    for line in _text(root, (path,)).splitlines() if path else ():
        name, _, value = line.partition("=")
        if name.strip() in ("__version__", "VERSION"):
            return value.strip().strip("\"'")
    return ""


def _names(root: Path) -> Iterator[str]:
    yield from (one.name for one in root.iterdir())
    yield from (f".github/workflows/{one.name}" for one in (root / ".github" / "workflows").glob("*.y*ml"))
    yield from (f"tests/{one.name}" for one in (root / "tests").glob("test_*.py"))


def _text(root: Path, names: Iterable[str]) -> str:
    for name in names:
        if (root / name).is_file():
            return (root / name).read_text("utf-8", "replace")
    return ""


def _wheel(path: Path, place: Path) -> Distribution:
    try:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(place)
    except (OSError, zipfile.BadZipFile) as error:
        raise InvalidError(f"{path.name!r} is no wheel that can be read: {error}.", code="no_wheel") from None
    info = next(iter(sorted(place.glob("*.dist-info"))), None)
    if info is None:
        raise InvalidError(f"{path.name!r} has no metadata: build it anew.", code="no_wheel")
    facts = HeaderParser().parsestr(_text(info, ("METADATA",)))
    payload = facts.get_payload()
    licences = tuple(
        one.name for one in info.rglob("*") if one.name.upper().startswith(("LICENSE", "LICENCE", "COPYING"))
    )
    return Distribution(
        name=facts.get("Name") or path.name.partition("-")[0], version=facts.get("Version") or "", place=place, points=_points(info),
        readme=payload if isinstance(payload, str) else "", requires=tuple(map(str, facts.get_all("Requires-Dist") or ())),
        requires_python=facts.get("Requires-Python") or "", urls=tuple(map(str, facts.get_all("Project-URL") or ())), files=licences,
    )  # fmt: skip


class _Points(configparser.ConfigParser):
    def optionxform(self, optionstr: str) -> str:
        """Keep a name as it is written."""
        return optionstr


def _points(info: Path) -> dict[str, str]:
    read = _Points(delimiters=("=",), interpolation=None)
    read.read_string(_text(info, ("entry_points.txt",)))
    return dict(read[GROUP]) if read.has_section(GROUP) else {}
