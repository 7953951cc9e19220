"""The bytes of a text file as UTF-8: unpacked within bounds, in the encoding the caller names, never a guessed one."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

from graphkit.model.validate import Finding
from graphkit.store.files_raw import FileRefused, Findings

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["guess_encoding", "guess_utf_16", "text_bytes", "unpack"]

_BOM = b"\xef\xbb\xbf"
_UTF8 = frozenset({"utf-8", "utf8", "utf-8-sig"})
_OTHER_MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_PACKED = {
    b"\x1f\x8b": ("gzip", "name it .csv.gz"),
    b"PK\x03\x04": ("zip", "unpack it"),
    b"PAR1": ("Parquet", "name it .parquet"),
}
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
        raise FileRefused(
            Finding(
                "file-unreadable", "error", name, None, None, None, f"cannot be read: {reason}", "write the file again"
            )
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
    if encoding.lower().replace("_", "-") not in _UTF8 and not data.startswith(_BOM):
        if not named and _is_utf8(data):
            text = f"the text is UTF-8, not {encoding}"
            hint = f'say in dataset.toml or the mapping which it is: [encoding] "{name}" = "utf-8"'
            raise FileRefused(Finding("encoding", "error", name, 1, None, None, text, hint))
        try:
            return data.decode(encoding).removeprefix("\ufeff").encode(), None
        except (UnicodeError, LookupError) as error:
            line = data.count(b"\n", 0, getattr(error, "start", 0)) + 1
            raise FileRefused(
                Finding(
                    "encoding", "error", name, line, None, None, f"not {encoding}: {error}", "name the right --encoding"
                )
            ) from error
    for mark, (ending, hint) in _PACKED.items():
        if data.startswith(mark):
            text = f"the file is no text, it begins as {ending} files do"
            raise FileRefused(Finding("encoding", "error", name, 1, None, None, text, hint))
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


def _is_utf8(data: bytes) -> bool:
    """Whether a text holds more than ASCII and is UTF-8 to its end, which text of another encoding practically never is."""
    if data.isascii():
        return False
    try:
        data.decode()
    except UnicodeError:
        return False
    return True


def guess_encoding(data: bytes) -> str:
    """Guess the encoding that a text which is not UTF-8 most likely has."""
    if data[:2000].count(b"\0") * 4 >= len(data[:2000]):
        return guess_utf_16(data)
    try:
        data.decode("gb18030")
    except UnicodeError:
        return "latin-1"
    return "gb18030" if sum(b >= 0x80 for b in data[:100_000]) > 1 else "latin-1"


def guess_utf_16(data: bytes) -> str:
    """Guess which half of each pair of bytes comes first in UTF-16 without a mark; by itself `utf-16` takes the lower one."""
    return "utf-16-be" if data[::2].count(0) > data[1::2].count(0) else "utf-16-le"
