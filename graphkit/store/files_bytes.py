"""The bytes of a text file as UTF-8: unpacked within bounds, in the encoding the caller names, never a guessed one."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

from graphkit.model.validate import Finding
from graphkit.store.files_guess import decodes, guess_encoding, improbable, is_text
from graphkit.store.files_raw import FileRefused, Findings

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["refuse_encoding", "text_bytes", "unpack"]

_BOM = b"\xef\xbb\xbf"
_UTF8 = frozenset({"utf-8", "utf8", "utf-8-sig"})
_OTHER_MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_AS_CSV = 'save it as CSV in UTF-8: spreadsheets call that "CSV UTF-8 (comma delimited)"'
_NO_TEXT = {
    b"\x1f\x8b": ("gzip", "name it .csv.gz"),
    b"PK\x03\x04": ("zip", "unpack it"),
    b"BZh": ("bzip2", "unpack it"),
    b"\xfd7zXZ": ("xz", "unpack it"),
    b"\x28\xb5\x2f\xfd": ("zstd", "unpack it"),
    b"7z\xbc\xaf": ("7z", "unpack it"),
    b"PAR1": ("Parquet", "name it .parquet"),
    b"\xd0\xcf\x11\xe0": ("Excel", _AS_CSV),
    b"%PDF-": ("PDF", _AS_CSV),
    b"\x89PNG": ("PNG", _AS_CSV),
}
_WORKBOOK = b"xl/workbook.xml"
_MAX_UNPACKED, _FREE_UNPACKED, _MAX_RATIO = 8 * 2**30, 16 * 2**20, 100


def unpack(path: Path, name: str) -> bytes:
    """Bytes of a file, unpacked when its name ends in .gz; one that unpacks to far too much is refused."""
    try:
        if path.suffix != ".gz":
            return path.read_bytes()
        packed = path.stat().st_size
        with gzip.open(path) as file:
            limit = min(_MAX_UNPACKED, max(_FREE_UNPACKED, _MAX_RATIO * packed))
            data = file.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        plain = isinstance(error, gzip.BadGzipFile) and reason.startswith("Not a gzipped file")
        hint = "pack it with gzip, or name it without .gz" if plain else "write the file again"
        raise FileRefused(
            Finding("file-unreadable", "error", name, None, None, None, f"cannot be read: {reason}", hint)
        ) from error
    if len(data) > limit:
        text = f"{packed} bytes unpack to more than {limit}"
        raise FileRefused(Finding("too-large", "error", name, None, None, str(packed), text, "give the file unpacked"))
    return data


def text_bytes(
    data: bytes, name: str, encoding: str, findings: Findings, *, named: bool = False
) -> tuple[bytes, int | None]:
    """UTF-8 bytes of the text and how many came before them; other encodings only when the caller names them.

    A few words of another encoding may be UTF-8 by chance, as 茅山 of gb18030 is: who names the encoding of this very file
    is believed.
    """
    _check_beginning(data, name)
    if encoding.lower().replace("_", "-") not in _UTF8 and not data.startswith(_BOM):
        if not named and _is_utf8(data):
            text = f"the text is UTF-8, not {encoding}"
            hint = f'say in dataset.toml or the mapping which it is: [encoding] "{name}" = "utf-8"'
            raise FileRefused(Finding("encoding", "error", name, 1, None, None, text, hint))
        try:
            decoded = data.decode(encoding)
            found = decoded.removeprefix("\ufeff").encode()
            doubt = None if named else improbable(data, decoded, encoding)
        except (UnicodeError, LookupError) as error:
            line = data.count(b"\n", 0, getattr(error, "start", 0)) + 1
            raise FileRefused(
                Finding(
                    "encoding", "error", name, line, None, None, f"not {encoding}: {error}", "name the right --encoding"
                )
            ) from error
        if doubt is not None:
            text = f"the text is hardly {encoding}, {doubt}"
            hint = (
                f'name the right --encoding, or say in dataset.toml or the mapping: [encoding] "{name}" = "{encoding}"'
            )
            raise FileRefused(Finding("encoding", "error", name, 1, None, None, text, hint))
        return found, None
    for mark, other in _OTHER_MARKS.items():
        if data.startswith(mark):
            text = f"the file is {other}, not UTF-8"
            raise FileRefused(
                Finding("encoding", "error", name, 1, None, None, text, f"save it as UTF-8, or give --encoding {other}")
            )
    if data.startswith(_BOM):
        text = "the file starts with a byte order mark, which is left out"
        findings.add(Finding("byte-order-mark", "warning", name, 1, None, None, text, "save it as UTF-8 without BOM"))
        return data[len(_BOM) :], len(_BOM)
    return data, 0


def _check_beginning(data: bytes, name: str) -> None:
    """Refuse a file that begins as files of another kind do, whatever encoding it would be read in."""
    for mark, told in _NO_TEXT.items():
        if data.startswith(mark):
            kind, hint = ("Excel", _AS_CSV) if _WORKBOOK in data else told
            text = f"the file is no text, it begins as {kind} files do"
            raise FileRefused(Finding("encoding", "error", name, 1, None, None, text, hint))


def refuse_encoding(data: bytes, name: str, line: int, said: str, rows: int) -> FileRefused:
    """Return the refusal of a file that is not what its encoding says: what it looks like, or that it is no text at all."""
    guess = guess_encoding(data)
    text, hint = f"{said}, it looks like {guess}", f"save it as UTF-8, or give --encoding {guess}"
    if guess is None:
        text, hint = said, "save it as UTF-8, or name its encoding by --encoding"
    if guess is None and not is_text(data):
        text, hint = "the file is no text, it holds control characters throughout", _AS_CSV
    return FileRefused(Finding("encoding", "error", name, line, None, None, text, hint), rows)


def _is_utf8(data: bytes) -> bool:
    """Whether a text holds more than ASCII and is UTF-8 to its end, which text of another encoding practically never is."""
    return not data.isascii() and decodes(data, "utf-8")
