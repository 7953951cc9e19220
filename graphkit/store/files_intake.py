"""What every step of reading a directory shares: where it lies, what was read, what was found wrong."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graphkit.model.validate import Finding
from graphkit.progress import Progress
from graphkit.store.files_csv import read_csv
from graphkit.store.files_parquet import read_parquet
from graphkit.store.files_raw import FileRefused, Findings, RawTable

if TYPE_CHECKING:
    from pathlib import Path

    from graphkit.progress import ProgressCallback

__all__ = ["SUFFIXES", "Intake"]

SUFFIXES = (".csv", ".csv.gz", ".parquet")


@dataclass
class Intake:
    """Files of one directory, read once each, with the findings about them.

    Parameters
    ----------
    root
        The directory; nothing outside it is read.
    encoding
        Of text files, but for those in `encodings`.
    progress
        Told after each file.
    """

    root: Path
    encoding: str
    progress: ProgressCallback | None
    findings: Findings = field(default_factory=Findings)
    raw: dict[str, RawTable] = field(default_factory=dict)
    refused_rows: int = 0
    seen: dict[str, tuple[Path, tuple[int, ...] | None]] = field(default_factory=dict)
    encodings: dict[str, str] = field(default_factory=dict)

    def note(self, path: Path, name: str) -> None:
        """Remember what a file is before it is read."""
        self.seen.setdefault(name, (path, _state(path)))

    def begin(self) -> None:
        """Remember the files of the plain layout, all at one moment."""
        for folder in ("nodes", "relationships", "events"):
            for path in (self.root / folder).glob("*.*"):
                if path.name.endswith(SUFFIXES):
                    self.note(path, f"{folder}/{path.name}")

    def settled(self) -> None:
        """Refuse a directory of which a file was written to or replaced while it was read: its rows are of no one moment."""
        for name, (path, state) in self.seen.items():
            if _state(path) != state:
                text = "changed while it was read"
                self.fatal("file-changed", name, text, "run this again when nothing writes there any more")

    def problem(self, place: Path) -> tuple[str, str, str] | None:
        """Why a path is no readable file inside the directory: rule, text and what to do."""
        try:
            real = place.resolve(strict=True)
            mode = real.stat().st_mode
        except (OSError, RuntimeError) as error:  # before Python 3.13 a link to itself is a RuntimeError
            reason = getattr(error, "strerror", None) or os.strerror(errno.ELOOP)
            hint = "correct the link, or remove it" if place.is_symlink() else "put a file there that you may read"
            return "file-unreadable", f"cannot be read: {reason}", hint
        if not real.is_relative_to(self.root.resolve()):
            return "file-outside", "a link leads out of the input directory", "copy the file into the directory"
        if not stat.S_ISREG(mode):
            return "file-unreadable", "is not a file", "put a file there, or remove it"
        return None

    def fatal(self, rule: str, name: str, text: str, hint: str | None = None, *, column: str | None = None) -> None:
        """Note what stops a load whatever number of bad rows is allowed; of a column, at the header."""
        line = None if column is None else 1
        self.findings.add(Finding(rule, "error", name, line, column, None, text, hint), fatal=True)

    def warn(self, rule: str, name: str, text: str, hint: str | None = None) -> None:
        """Note something about a whole file that stops nothing."""
        self.findings.add(Finding(rule, "warning", name, None, None, None, text, hint))

    def load(self, path: Path, name: str) -> RawTable | None:
        """Read a file; None, and noted, if it cannot be used."""
        self.note(path, name)
        try:
            if name.endswith(".parquet"):
                table = read_parquet(path, name)
            else:
                encoding = self.encodings.get(name, self.encoding)
                named = name in self.encodings
                table = read_csv(path, name, self.findings, encoding=encoding, named=named)
        except FileRefused as error:
            self.findings.add(error.finding, fatal=True)
            self.refused_rows += error.rows
            return None
        self.raw[name] = table
        return table

    def tell(self, phase: str, done: int, total: int) -> None:
        """Report progress in files."""
        if self.progress is not None:
            self.progress(Progress(phase, done, total, "files"))


def _state(path: Path) -> tuple[int, ...] | None:
    """Return what differs once a file is written to or another takes its name; None when it is gone."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
