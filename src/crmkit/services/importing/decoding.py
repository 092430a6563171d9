"""A file of text on disk: opened, unpacked, its encoding found and checked, then given in pieces.

All faults of a file are found before its first row is given, so that nothing is written from a file that turns out
to be unreadable at its end.
"""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

import attrs

from crmkit.errors import InvalidError

CHUNK_BYTES: Final = 1 << 16
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_KNOWN_BINARIES: Final = (
    (b"PK\x03\x04", "a spreadsheet or another zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file"),
    (b"%PDF", "a PDF"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
)
_CONTROL: Final = bytes(set(range(32)) - set(b"\t\n\r\f\v\x1b\x1c\x1d\x1e\x1f\x1a"))
_MOST_UNPACKED: Final = 64 << 20
_MOST_RATIO: Final = 500


@attrs.frozen(kw_only=True)
class TextFile:
    """A checked file of text.

    Attributes:
        path: where it is.
        encoding: the Python name of its encoding; `utf-8-sig` and `utf-16` say that it begins with a mark.
        size: bytes of its text, unpacked.
    """

    path: Path
    encoding: str
    size: int

    def chunks(self) -> Iterator[str]:
        """Its text, in pieces of at most 64 Ki characters that are cut anywhere.

        Raises:
            InvalidError: the file can no longer be read, or was changed to something that can not be decoded.
        """
        with _opened(self.path) as stream:
            yield from _decoded(stream, self.path, self.encoding)


def open_text(path: Path, declared: str | None = None) -> TextFile:
    """Find the encoding of a file and read it once to its end to see that all of it can be decoded.

    Args:
        path: a file of text, or one packed with gzip, whatever its name.
        declared: its encoding. A byte order mark overrules it; without either it must be UTF-8.

    Raises:
        InvalidError: it is missing, unreadable, empty, binary, cut off or in another encoding. The message says what
            to do.
    """
    with _opened(path) as stream:
        head = stream.read(CHUNK_BYTES)
    encoding = _encoding(path, head, declared)
    _refuse_binary(path, head, encoding)
    with _opened(path) as stream:
        size = sum(_checked(stream, path, encoding))
    if declared is not None:
        _refuse_hidden_utf8(path, encoding)
    return TextFile(path=path, encoding=encoding, size=size)


@contextmanager
def _opened(path: Path) -> Generator[BinaryIO, None, None]:
    try:
        with path.open("rb") as plain:
            is_packed = plain.read(2) == b"\x1f\x8b"
            plain.seek(0)
            yield cast(BinaryIO, gzip.GzipFile(fileobj=plain)) if is_packed else plain
    except FileNotFoundError as error:
        raise _fault(path, "file-missing", "There is no file {file!r}. Check the name and the folder.") from error
    except IsADirectoryError as error:
        raise _fault(path, "file-is-folder", "{file!r} is a folder. Name the file to read.") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _fault(path, "file-damaged", "{file!r} is a damaged or cut off gzip file. Fetch it again.") from error
    except OSError as error:
        text = "{file!r} can not be read ({reason}). Check that it is a file that you may read."
        raise _fault(path, "file-unreadable", text, reason=error.strerror or str(error)) from error


def _fault(path: Path, code: str, text: str, **params: object) -> InvalidError:
    params = {"file": path.name, **params}
    return InvalidError(text.format_map(params), code=code, field="file", params=params)


def _encoding(path: Path, head: bytes, declared: str | None) -> str:
    if not head:
        raise _fault(path, "file-empty", "{file!r} is empty. Export it again, with its header row.")
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    return _looked_up(path, declared) if declared else "utf-8"


def _looked_up(path: Path, declared: str) -> str:
    try:
        name = codecs.lookup(declared).name
        "".encode(name)  # refuses codecs that are not of text
    except (LookupError, UnicodeError, ValueError) as error:
        text = "There is no encoding {encoding!r}. Usual ones are utf-8, windows-1252 and utf-16."
        raise _fault(path, "unknown-encoding", text, encoding=declared) from error
    return name


def _refuse_binary(path: Path, head: bytes, encoding: str) -> None:
    for magic, what in _KNOWN_BINARIES:
        if head.startswith(magic):
            text = "{file!r} is {what}, not a table in text. Save it as CSV and import that."
            raise _fault(path, "file-binary", text, what=what)
    if encoding.startswith(("utf-16", "utf-32", "utf_16", "utf_32")):
        return
    if head.count(0) * 3 > len(head) and head.strip(b"\x00") != b"":
        text = '{file!r} looks like UTF-16 without a byte order mark. Set encoding = "{encoding}" under [file].'
        is_little = head[1::2].count(0) >= head[::2].count(0)
        raise _fault(path, "file-encoding", text, encoding="utf-16-le" if is_little else "utf-16-be")
    is_odd = b"\0" in head or not _is_utf8(head)
    if is_odd and len(head) - len(head.translate(None, _CONTROL)) > len(head) // 20 + 1:
        raise _fault(path, "file-binary", "{file!r} is not text. Save it as CSV or JSON Lines and import that.")


def _checked(stream: BinaryIO, path: Path, encoding: str) -> Iterator[int]:
    """The sizes of the file's pieces, each of which was decoded."""
    packed = path.stat().st_size
    is_packed, read = isinstance(stream, gzip.GzipFile), 0
    for _ in _decoded(stream, path, encoding):
        position = stream.tell()
        if is_packed and position > _MOST_UNPACKED and position > packed * _MOST_RATIO:
            text = "{file!r} unpacks to more than {ratio} times its size. If that is right, unpack it and import that."
            raise _fault(path, "file-bomb", text, ratio=_MOST_RATIO)
        yield position - read
        read = position


def _decoded(stream: BinaryIO, path: Path, encoding: str) -> Iterator[str]:
    decoder, done, line = codecs.getincrementaldecoder(encoding)(), 0, 1
    while True:
        piece = stream.read(CHUNK_BYTES)
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            byte = done + len(piece) - len(error.object) + error.start
            line += error.object[: error.start].decode(encoding, "replace").count("\n")
            raise _undecodable(path, encoding, error, byte=byte + 1, line=line) from error
        yield text
        if not piece:
            return
        done += len(piece)
        line += text.count("\n")


def _undecodable(path: Path, encoding: str, error: UnicodeDecodeError, *, byte: int, line: int) -> InvalidError:
    bad = error.object[error.start : error.start + 1].hex().upper()
    text = (
        "{file!r} is not in {encoding}: line {line}, byte {byte} (value {value}) can not be read. "
        'Say what it is under [file] of the mapping, for instance encoding = "{suggestion}".'
    )
    suggestion = _suggestion(error.object, encoding)
    params = {"encoding": encoding, "line": line, "byte": byte, "value": bad, "suggestion": suggestion}
    return _fault(path, "file-encoding", text, **params)


def _suggestion(sample: bytes, encoding: str) -> str:
    """A likely encoding of bytes that are not in this one; a guess for a person to judge."""
    if not encoding.startswith("utf") and _is_utf8(sample):
        return "utf-8"
    runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", sample)]
    if runs and sum(runs) / len(runs) < 2:  # single accented letters among plain ones
        return "windows-1252"
    if len(re.findall(rb"[\xe0-\xfa]", sample)) * 10 > sum(runs) * 9:
        return "windows-1255"
    is_arabic = len(re.findall(rb"[\xc7\xe1\xed\xe3\xe4\xe6]", sample)) * 3 > sum(runs)
    return "windows-1256" if is_arabic else "windows-1251"


def _is_utf8(sample: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _refuse_hidden_utf8(path: Path, encoding: str) -> None:
    """Refuse UTF-8 that is declared as an encoding of one byte per letter: every accent would become two letters."""
    if len(bytes(range(32, 127)).decode(encoding, "replace")) != 95 or encoding.startswith("utf"):
        return
    with _opened(path) as stream:
        head = stream.read(CHUNK_BYTES)
    if head.isascii() or not _is_utf8(head) or not _is_one_byte(encoding):
        return
    text = '{file!r} is said to be {encoding} and is UTF-8. Set encoding = "utf-8" under [file] of the mapping.'
    raise _fault(path, "file-encoding", text, encoding=encoding, suggestion="utf-8")


def _is_one_byte(encoding: str) -> bool:
    return len(bytes(range(160, 256)).decode(encoding, "replace")) == 96
