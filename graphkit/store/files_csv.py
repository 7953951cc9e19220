"""CSV to text columns, strictly: every record is accounted for, nothing is guessed.

The bytes are scanned once with NumPy (line ends, quotes, commas); records of a wrong shape, broken quotes, invalid
UTF-8 or NUL are put aside with their physical line, and only well-formed records reach pyarrow, every column as text.
pyarrow alone would let an unclosed quote swallow the rest of a file and count records instead of lines.
"""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from graphkit.model.validate import Finding, RejectedRow
from graphkit.store.files_bytes import refuse_encoding, text_bytes, unpack
from graphkit.store.files_header import HeaderWrong, header_names
from graphkit.store.files_quotes import good_quotes
from graphkit.store.files_raw import FileRefused, Findings, RawTable, file_digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Places = NDArray[np.int64]

_LF, _CR, _QUOTE, _COMMA = b'\n\r",'
_LINE_SEARCH = 1_000  # how many broken places of one file are located one by one


def read_csv(path: Path, name: str, findings: Findings, *, encoding: str = "utf-8", named: bool = False) -> RawTable:
    """Read a `.csv` or `.csv.gz` file.

    Raises
    ------
    FileRefused
        Unreadable, empty, of another encoding, or without a usable header.
    """
    data, shift = text_bytes(unpack(path, name), name, encoding, findings, named=named)
    if not data.strip():
        raise FileRefused(
            Finding("file-empty", "error", name, 1, None, None, "the file is empty", "write at least the header line")
        )
    return _Scan(data, path, name, findings, shift).table()


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
        starts, stops = self._lines(bytes_)
        broken = self._broken_lines(starts)  # line index -> (rule, message)
        joined, quotes = good_quotes(bytes_, starts, broken)
        records = self._records(bytes_, starts, stops, joined)
        header = self._header(records, broken)
        widths = self._widths(bytes_, quotes, records)
        return self._build(header, records, _reasons(records, broken, widths, len(header)), quoted=bool(len(quotes)))

    def _lines(self, bytes_: Bytes) -> tuple[Places, Places]:
        """Where each line starts, and where its text stops."""
        ends = self._line_ends(bytes_)
        starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else np.zeros(1, np.int64)
        if not len(ends) or ends[-1] < len(bytes_) - 1:  # no line end at the end
            starts = np.concatenate((starts, [ends[-1] + 1])) if len(ends) else starts
            ends = np.append(ends, len(bytes_))
        return starts, np.where((ends > starts) & (bytes_[np.maximum(ends - 1, 0)] == _CR), ends - 1, ends)

    def _records(self, bytes_: Bytes, starts: Places, stops: Places, joined: NDArray[np.bool_]) -> _Records:
        """The records of the file, header first; lines of blanks between them are passed over."""
        first = ~joined  # lines where a record begins
        blank = self._blank(bytes_, starts, stops)
        begin = np.flatnonzero(first & ~blank)
        if not len(begin):
            text = "the file holds only blank lines"
            raise FileRefused(Finding("file-empty", "error", self.name, 1, None, None, text, "write the header line"))
        following = np.append(np.flatnonzero(first), len(starts))
        last = following[np.searchsorted(following, begin, side="right")] - 1
        return _Records(begin, last, starts[begin], stops[last], odd=bool((first & blank & (stops > starts)).any()))

    def _line_ends(self, bytes_: Bytes) -> Places:
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
    def _blank(bytes_: Bytes, starts: Places, stops: Places) -> NDArray[np.bool_]:
        """Lines without anything but blanks."""
        length = stops - starts
        blank: NDArray[np.bool_] = length == 0
        for i in np.flatnonzero(~blank & (length < 100) & (bytes_[np.minimum(starts, len(bytes_) - 1)] <= 32)).tolist():
            blank[i] = not bytes_[starts[i] : stops[i]].tobytes().strip(b" \t\r\x0b\x0c")
        return blank

    def _broken_lines(self, starts: Places) -> dict[int, tuple[str, str]]:
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
            said = f"the text is not UTF-8 (line {line})"
            raise refuse_encoding(data, self.name, line, said, max(0, len(starts) - 1))
        at = data.find(b"\0")
        nul_lines = 0
        while at >= 0:
            line = int(np.searchsorted(starts, at, side="right")) - 1
            broken.setdefault(line, ("nul", "a NUL character"))
            nul_lines += 1
            at = data.find(b"\0", int(starts[line + 1])) if line + 1 < len(starts) else -1
        if nul_lines and (0 in broken or nul_lines > max(3, 0.5 * len(starts))):
            said = "the text holds NUL characters throughout"
            raise refuse_encoding(data, self.name, min(broken) + 1, said, max(0, len(starts) - 1))
        return broken

    def _foreign_lines(self, starts: Places) -> int:
        """Count the lines with bytes beyond ASCII."""
        places = np.flatnonzero(np.frombuffer(self.data, dtype=np.uint8) >= 0x80)
        return len(np.unique(np.searchsorted(starts, places, side="right")))

    def _widths(self, bytes_: Bytes, quotes: Places, records: _Records) -> Places:
        """Fields per record: commas outside quotes plus one."""
        commas = np.flatnonzero(bytes_ == _COMMA)
        if len(quotes):
            commas = commas[np.searchsorted(quotes, commas) % 2 == 0]
        return np.searchsorted(commas, records.stops) - np.searchsorted(commas, records.starts) + 1

    def _header(self, records: _Records, broken: Mapping[int, tuple[str, str]]) -> list[str]:
        """Names of the columns."""
        start, stop = int(records.starts[0]), int(records.stops[0])
        line = self.data.count(b"\n", 0, start) + 1
        try:
            return header_names(self.data[start:stop], broken.get(int(records.begin[0])))
        except HeaderWrong as error:
            finding = Finding("header", "error", self.name, line, None, error.value, error.text, error.hint)
            raise FileRefused(finding, len(records.begin) - 1) from error

    def _build(
        self, header: list[str], records: _Records, reasons: Mapping[int, tuple[str, str]], *, quoted: bool
    ) -> RawTable:
        """Parse the good records; keep the others with their bytes."""
        bad = np.zeros(len(records.begin), dtype=np.bool_)
        bad[np.fromiter(reasons, np.int64, len(reasons))] = True
        keep = np.flatnonzero(~bad[1:]) + 1
        lines = records.begin[keep] + 1
        table = RawTable(self.name, self.path, header, {}, lines, len(reasons), data=self.data, shift=self.shift)
        self._put_aside(table, records, reasons)
        table.spans = records.starts[keep], records.stops[keep]
        if reasons or records.odd:
            body = b"\n".join(self.data[a:b] for a, b in zip(*(s.tolist() for s in table.spans), strict=True)) + b"\n"
        else:
            body = self.data[int(records.stops[0]) :].lstrip(b"\r\n") if len(keep) else b""
        longest = int((records.stops - records.starts).max())
        table.columns = _parse(body, header, len(keep), longest, quoted=quoted, multiline=records.multiline)
        return table

    def _put_aside(self, table: RawTable, records: _Records, reasons: Mapping[int, tuple[str, str]]) -> None:
        """Report the bad records, and keep them with their bytes."""
        digest, names = file_digest(self.path) if reasons else "", tuple(table.names)
        for record, (rule, message) in sorted(reasons.items()):
            start, stop, line = int(records.starts[record]), int(records.stops[record]), int(records.begin[record]) + 1
            raw = self.data[start:stop]
            shown = raw[:200].decode("utf-8", "backslashreplace")
            hint, offset = _HINTS.get(rule), None if self.shift is None else start + self.shift
            self.findings.add(Finding(rule, "error", self.name, line, None, shown, message, hint))
            table.broken.append(RejectedRow(self.name, digest, record, line, offset, None, rule, message, raw, names))


@dataclass(frozen=True, eq=False)
class _Records:
    """Where the records of a file stand: index of the first and the last line of each, header first, and its bytes.

    ``odd`` = some line between them holds blanks.
    """

    begin: Places
    last: Places
    starts: Places
    stops: Places
    odd: bool

    @property
    def multiline(self) -> bool:
        """Whether a record goes on over a line end."""
        return bool((self.last > self.begin).any())


def _reasons(
    records: _Records, broken: Mapping[int, tuple[str, str]], widths: Places, n_columns: int
) -> dict[int, tuple[str, str]]:
    """Rule and message of each record that cannot be used: one with a broken line, or of another width than the header."""
    reasons: dict[int, tuple[str, str]] = {}
    for line, reason in broken.items():
        record = int(np.searchsorted(records.begin, line, side="right")) - 1
        if record > 0 and line <= records.last[record]:
            reasons[record] = reason
    for record in np.flatnonzero(widths != n_columns).tolist():
        if record and record not in reasons:
            reasons[record] = ("row-width", f"{widths[record]} fields where the header has {n_columns}")
    return reasons


_HINTS = {
    "row-width": "check for a missing or an extra comma; a text with commas needs double quotes",
    "quote": "double every quote inside a quoted text, and close it",
    "encoding": "save the file as UTF-8",
    "nul": "remove the NUL character",
}


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
