"""CSV to text columns, strictly: every record is accounted for, nothing is guessed.

The bytes are scanned once with NumPy (line ends, quotes, commas); records of a wrong shape, broken quotes, invalid
UTF-8 or NUL are put aside with their physical line, and only well-formed records reach pyarrow, every column as text.
pyarrow alone would let an unclosed quote swallow the rest of a file and count records instead of lines.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from graphkit.model.validate import Finding, RejectedRow
from graphkit.store.files_raw import FileRefused, Findings, RawTable, file_digest

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

BOM = b"\xef\xbb\xbf"
_OTHER_MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_MAX_UNPACKED, _FREE_UNPACKED, _MAX_RATIO = 8 * 2**30, 16 * 2**20, 100
_LF, _CR, _QUOTE, _COMMA = 10, 13, 34, 44
_LINE_SEARCH = 1_000  # how many broken places of one file are located one by one


def read_csv(path: Path, name: str, findings: Findings, *, encoding: str = "utf-8") -> RawTable:
    """Read a `.csv` or `.csv.gz` file.

    Raises
    ------
    FileRefused
        Unreadable, empty, of another encoding, or without a usable header.
    """
    data, shift = _text_bytes(_unpack(path, name), name, encoding, findings)
    if not data.strip():
        raise FileRefused(
            Finding("file-empty", "error", name, 1, None, None, "the file is empty", "write at least the header line")
        )
    return _Scan(data, path, name, findings, shift).table()


def _unpack(path: Path, name: str) -> bytes:
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


def _text_bytes(data: bytes, name: str, encoding: str, findings: Findings) -> tuple[bytes, int | None]:
    """UTF-8 bytes of the text and how many came before them; other encodings only when the caller names them."""
    if encoding.lower().replace("_", "-") not in {"utf-8", "utf8"}:
        try:
            return data.decode(encoding).removeprefix("\ufeff").encode(), None
        except (UnicodeError, LookupError) as error:
            line = data.count(b"\n", 0, getattr(error, "start", 0)) + 1
            raise FileRefused(
                Finding(
                    "encoding", "error", name, line, None, None, f"not {encoding}: {error}", "name the right --encoding"
                )
            ) from error
    for mark, other in _OTHER_MARKS.items():
        if data.startswith(mark):
            text = f"the file is {other}, not UTF-8"
            raise FileRefused(
                Finding("encoding", "error", name, 1, None, None, text, f"save it as UTF-8, or give --encoding {other}")
            )
    if data.startswith(BOM):
        text = "the file starts with a byte order mark, which is left out"
        findings.add(Finding("byte-order-mark", "warning", name, 1, None, None, text, "save it as UTF-8 without BOM"))
        return data[len(BOM) :], len(BOM)
    return data, 0


def _guess(data: bytes) -> str:
    """Guess the encoding that a text which is not UTF-8 most likely has."""
    if data[:2000].count(b"\0") * 4 >= len(data[:2000]):
        return "utf-16"
    try:
        data.decode("gb18030")
    except UnicodeError:
        return "latin-1"
    return "gb18030" if sum(b >= 0x80 for b in data[:100_000]) > 1 else "latin-1"


@dataclass
class _Scan:
    """One pass over the bytes of a file."""

    data: bytes
    path: Path
    name: str
    findings: Findings
    shift: int | None = 0

    def table(self) -> RawTable:
        """Header, records and lines of the file."""
        bytes_ = np.frombuffer(self.data, dtype=np.uint8)
        ends = self._line_ends(bytes_)
        starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else np.zeros(1, np.int64)
        if not len(ends) or ends[-1] < len(bytes_) - 1:  # no line end at the end
            starts = np.concatenate((starts, [ends[-1] + 1])) if len(ends) else starts
            ends = np.append(ends, len(bytes_))
        lines = np.arange(1, len(starts) + 1)
        stops = np.where((ends > starts) & (bytes_[np.maximum(ends - 1, 0)] == _CR), ends - 1, ends)
        broken = self._broken_lines(starts)  # line index -> (rule, message)
        joined, quotes = self._quotes(bytes_, starts, broken)
        first = ~joined  # lines where a record begins
        blank = self._blank(bytes_, starts, stops)
        filled, odd = first & ~blank, bool((first & blank & (stops > starts)).any())
        begin = np.flatnonzero(filled)
        if not len(begin):
            raise FileRefused(
                Finding(
                    "file-empty",
                    "error",
                    self.name,
                    1,
                    None,
                    None,
                    "the file holds only blank lines",
                    "write the header line",
                )
            )
        following = np.append(np.flatnonzero(first), len(starts))
        last = following[np.searchsorted(following, begin, side="right")] - 1
        spans = starts[begin], stops[last]
        header = self._header(int(spans[0][0]), int(spans[1][0]), broken.get(int(begin[0])), len(begin) - 1)
        bad = np.zeros(len(begin), dtype=np.bool_)
        reasons: dict[int, tuple[str, str]] = {}
        for line, reason in broken.items():
            record = int(np.searchsorted(begin, line, side="right")) - 1
            if record > 0 and line <= last[record]:
                bad[record], reasons[record] = True, reason
        counts = self._widths(bytes_, quotes, spans)
        for record in np.flatnonzero((counts != len(header)) & ~bad).tolist():
            if record:
                bad[record] = True
                reasons[record] = ("row-width", f"{counts[record]} fields where the header has {len(header)}")
        shape = {"quoted": bool(len(quotes)), "multiline": bool((last > begin).any()), "odd": odd}
        return self._build(header, begin, lines, spans, bad, reasons, **shape)

    def _line_ends(self, bytes_: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Offsets of the last byte of each line end; a lone CR ends a line too."""
        ends = np.flatnonzero(bytes_ == _LF)
        if b"\r" in self.data:
            cr = np.flatnonzero(bytes_ == _CR)
            lone = cr[(cr + 1 >= len(bytes_)) | (bytes_[np.minimum(cr + 1, len(bytes_) - 1)] != _LF)]
            quotes = np.flatnonzero(bytes_ == _QUOTE) if b'"' in self.data else np.empty(0, dtype=np.int64)
            outside = lone[np.searchsorted(quotes, lone) % 2 == 0]
            if len(outside):
                line = int(np.searchsorted(ends, outside[0])) + 1
                text = "a lone carriage return is read as a line end"
                self.findings.add(
                    Finding(
                        "line-ends", "warning", self.name, line, None, None, text, "save the file with LF line ends"
                    )
                )
            ends = np.union1d(ends, lone) if len(lone) else ends
        return ends

    @staticmethod
    def _blank(bytes_: NDArray[np.uint8], starts: NDArray[np.int64], stops: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Lines without anything but blanks."""
        length = stops - starts
        blank: NDArray[np.bool_] = length == 0
        for i in np.flatnonzero(~blank & (length < 100) & (bytes_[np.minimum(starts, len(bytes_) - 1)] <= 32)).tolist():
            blank[i] = not bytes_[starts[i] : stops[i]].tobytes().strip(b" \t\r\x0b\x0c")
        return blank

    def _broken_lines(self, starts: NDArray[np.int64]) -> dict[int, tuple[str, str]]:
        """Lines with invalid UTF-8 or NUL; the file is refused when most of it is of another encoding."""
        broken: dict[int, tuple[str, str]] = {}
        at, data = 0, self.data
        while at < len(data) and len(broken) <= _LINE_SEARCH:
            try:
                codecs.utf_8_decode(memoryview(data)[at:], "strict", True)
                break
            except UnicodeDecodeError as error:
                place = at + error.start
                line = int(np.searchsorted(starts, place, side="right")) - 1
                broken[line] = ("encoding", f"byte {place + (self.shift or 0)} ({data[place]:#04x}) is not UTF-8")
                at = int(starts[line + 1]) if line + 1 < len(starts) else len(data)
        slip = len(broken) <= _LINE_SEARCH and 0 not in broken and 2 * len(broken) < self._foreign_lines(starts)
        if broken and not slip:  # another encoding, or too many broken places to name
            line = min(broken) + 1
            guess = _guess(data)
            text, hint = (
                f"the text is not UTF-8 (line {line}), it looks like {guess}",
                f"save it as UTF-8, or give --encoding {guess}",
            )
            raise FileRefused(
                Finding("encoding", "error", self.name, line, None, None, text, hint), rows=max(0, len(starts) - 1)
            )
        at = data.find(b"\0")
        nul_lines = 0
        while at >= 0:
            line = int(np.searchsorted(starts, at, side="right")) - 1
            broken.setdefault(line, ("nul", "a NUL character"))
            nul_lines += 1
            at = data.find(b"\0", int(starts[line + 1])) if line + 1 < len(starts) else -1
        if nul_lines and (0 in broken or nul_lines > max(3, 0.5 * len(starts))):
            text = "the text holds NUL characters throughout, it looks like utf-16"
            finding = Finding(
                "encoding",
                "error",
                self.name,
                min(broken) + 1,
                None,
                None,
                text,
                "save it as UTF-8, or give --encoding utf-16",
            )
            raise FileRefused(finding, rows=max(0, len(starts) - 1))
        return broken

    def _foreign_lines(self, starts: NDArray[np.int64]) -> int:
        """Count the lines with bytes beyond ASCII."""
        places = np.flatnonzero(np.frombuffer(self.data, dtype=np.uint8) >= 0x80)
        return len(np.unique(np.searchsorted(starts, places, side="right")))

    def _quotes(
        self,
        bytes_: NDArray[np.uint8],
        starts: NDArray[np.int64],
        broken: dict[int, tuple[str, str]],
    ) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """(Lines that continue a quoted field, offsets of good quotes); broken quoting goes to `broken`."""
        joined = np.zeros(len(starts), dtype=np.bool_)
        if b'"' not in self.data:
            return joined, np.empty(0, dtype=np.int64)
        quotes = np.flatnonzero(bytes_ == _QUOTE)
        line_of = np.searchsorted(starts, quotes, side="right") - 1
        while True:
            inside = np.searchsorted(quotes, starts) % 2 == 1
            counts = np.bincount(line_of, minlength=len(starts))
            before = bytes_[np.maximum(quotes - 1, 0)]
            after = bytes_[np.minimum(quotes + 1, len(bytes_) - 1)]
            opening = np.arange(len(quotes)) % 2 == 0
            at_start, at_end = quotes == 0, quotes == len(bytes_) - 1
            doubled_before = np.concatenate(([False], np.diff(quotes) == 1))
            doubled_after = np.concatenate((np.diff(quotes) == 1, [False]))
            fine_open = at_start | np.isin(before, (_COMMA, _LF, _CR)) | doubled_before
            fine_close = at_end | np.isin(after, (_COMMA, _LF, _CR)) | doubled_after
            wrong = np.flatnonzero(np.where(opening, ~fine_open, ~fine_close))
            if not len(wrong):
                break
            lines = np.unique(line_of[wrong])
            stray = inside[lines] | (counts[lines] % 2 == 1)
            whole = lines[: int(stray.argmax())] if stray.any() else lines  # their quotes pair up on the line itself
            broken |= {int(line): ("quote", "text stands beside a quoted part of a field") for line in whole}
            if stray.any():
                line = int(lines[stray.argmax()])
                self._give_up(line if not inside[line] else self._opening_line(line_of, line), broken, len(starts))
                return joined, quotes[line_of < min(broken_from(broken), line)]
            here = np.isin(line_of, whole)
            quotes, line_of = quotes[~here], line_of[~here]
        if len(quotes) % 2:
            self._give_up(int(line_of[-1]), broken, len(starts))
            inside[int(line_of[-1]) + 1 :] = False
            quotes = quotes[line_of < line_of[-1]]
        return inside, quotes

    @staticmethod
    def _opening_line(line_of: NDArray[np.int64], line: int) -> int:
        """Line where the quoted field that reaches into `line` was opened."""
        return int(line_of[np.flatnonzero(line_of < line)[-1]]) if (line_of < line).any() else line

    @staticmethod
    def _give_up(line: int, broken: dict[int, tuple[str, str]], n_lines: int) -> None:
        """Mark a quote that is never closed properly: nothing from its line on can be trusted."""
        broken[line] = ("quote", "a quote is opened here and not closed properly")
        for other in range(line + 1, n_lines):
            broken[other] = ("quote", f"stands after the broken quote of line {line + 1}")

    def _widths(
        self, bytes_: NDArray[np.uint8], quotes: NDArray[np.int64], spans: tuple[NDArray[np.int64], NDArray[np.int64]]
    ) -> NDArray[np.int64]:
        """Fields per record: commas outside quotes plus one."""
        commas = np.flatnonzero(bytes_ == _COMMA)
        if len(quotes):
            commas = commas[np.searchsorted(quotes, commas) % 2 == 0]
        return np.searchsorted(commas, spans[1]) - np.searchsorted(commas, spans[0]) + 1

    def _header(self, start: int, stop: int, broken: tuple[str, str] | None, rows: int) -> list[str]:
        """Names of the columns."""
        line = self.data.count(b"\n", 0, start) + 1
        raw = self.data[start:stop]

        def refuse(text: str, hint: str, value: str | None = None) -> FileRefused:
            return FileRefused(Finding("header", "error", self.name, line, None, value, text, hint), rows)

        if broken:
            raise refuse(broken[1], "correct the header line")
        text = raw.decode()
        if "\n" in text or "\r" in text or len(text) > 1_000_000:
            raise refuse("the header holds a line break", "write all names on one line")
        names = next(csv.reader(io.StringIO(text), strict=True))
        if len(names) == 1 and (";" in text or "\t" in text):
            sign = ";" if ";" in text else "\t"
            raise refuse(f"columns are separated by {sign!r}, not by commas", "separate columns by commas", text[:100])
        if any(not n.strip() for n in names):
            raise refuse("a header name is empty", "name every column", text[:100])
        doubled = sorted({n for n in names if names.count(n) > 1}) if len(set(names)) < len(names) else []
        if doubled:
            raise refuse(f"header name {doubled[0]!r} occurs twice", "names must be unique", doubled[0])
        return names

    def _build(
        self, header: list[str], begin: NDArray[np.int64], lines: NDArray[np.int64], spans: tuple[NDArray[np.int64], NDArray[np.int64]],
        bad: NDArray[np.bool_], reasons: dict[int, tuple[str, str]], *, quoted: bool, multiline: bool, odd: bool,
    ) -> RawTable:  # fmt: skip
        """Parse the good records; keep the others with their bytes."""
        table = RawTable(
            self.name,
            self.path,
            header,
            {},
            lines[begin[1:]][~bad[1:]],
            int(bad.sum()),
            data=self.data,
            shift=self.shift,
        )
        digest = file_digest(self.path) if reasons else ""
        for record, (rule, message) in sorted(reasons.items()):
            start, stop, line = int(spans[0][record]), int(spans[1][record]), int(lines[begin[record]])
            raw = self.data[start:stop]
            shown = raw[:200].decode("utf-8", "backslashreplace")
            hint, offset = _HINTS.get(rule), None if self.shift is None else start + self.shift
            self.findings.add(Finding(rule, "error", self.name, line, None, shown, message, hint))
            table.broken.append(RejectedRow(self.name, digest, record, line, offset, None, rule, message, raw))
        keep = np.flatnonzero(~bad[1:]) + 1
        table.spans = spans[0][keep], spans[1][keep]
        if bad.any() or odd:
            body = b"\n".join(self.data[a:b] for a, b in zip(*(s.tolist() for s in table.spans), strict=True)) + b"\n"
        else:
            body = self.data[int(spans[1][0]) :].lstrip(b"\r\n") if len(keep) else b""
        table.columns = _parse(
            body, header, len(keep), int((spans[1] - spans[0]).max()), quoted=quoted, multiline=multiline
        )
        return table


_HINTS = {
    "row-width": "check for a missing or an extra comma; a text with commas needs double quotes",
    "quote": "double every quote inside a quoted text, and close it",
    "encoding": "save the file as UTF-8",
    "nul": "remove the NUL character",
}


def broken_from(broken: dict[int, tuple[str, str]]) -> int:
    """First line that stands after a broken quote."""
    return min((line for line, (rule, text) in broken.items() if rule == "quote" and "opened" in text), default=2**62)


def _parse(body: bytes, header: list[str], n: int, longest: int, *, quoted: bool, multiline: bool) -> dict[str, Any]:
    """Text columns of well-formed records."""
    if not n:
        return {name: pa.chunked_array([pa.array([], pa.string())]) for name in header}
    if len(header) == 1:  # pyarrow takes a quoted empty field of a single column for a blank line
        rows = [
            row
            for row in csv.reader(io.StringIO(body.decode(), newline=""), strict=True)
            if "".join(row).strip() or len(row) > 1
        ]
        return {
            name: pa.chunked_array([pa.array([row[i] for row in rows], pa.large_string())])
            for i, name in enumerate(header)
        }
    places = [f"c{i}" for i in range(len(header))]
    table = pacsv.read_csv(
        pa.BufferReader(body),
        read_options=pacsv.ReadOptions(
            column_names=places, use_threads=True, block_size=min(2**31 - 1, max(1 << 22, 2 * longest + 64))
        ),
        parse_options=pacsv.ParseOptions(
            quote_char='"' if quoted else False, newlines_in_values=multiline, ignore_empty_lines=True
        ),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(places, pa.string()), null_values=[], strings_can_be_null=False, check_utf8=False
        ),
    )
    if table.num_rows != n:
        raise AssertionError(f"scanner counts {n} records, the parser {table.num_rows}")
    return {name: table.column(i) for i, name in enumerate(header)}
