"""One property of a label or type: its type, unit, range and words, with names in Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

PropertyType = Literal["STRING", "INTEGER", "FLOAT", "BOOLEAN", "LIST"]

STRING: PropertyType = "STRING"
INTEGER: PropertyType = "INTEGER"
FLOAT: PropertyType = "FLOAT"
BOOLEAN: PropertyType = "BOOLEAN"
LIST: PropertyType = "LIST"

# Epoch seconds of 0001-01-01 and 9999-12-31; milliseconds given for seconds lie far above.
FIRST_TS, LAST_TS = -62_135_596_800, 253_402_300_799
EPOCH_UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}  # counts in a second


@dataclass(frozen=True)
class Property:
    """A property as files, stores and reports know it.

    Parameters
    ----------
    name
        Name in files, Cypher and JSON.
    type
        STRING, INTEGER, FLOAT, BOOLEAN or LIST (of strings).
    required
        Whether every row must give it.
    unit
        Unit, e.g. `currency`, `epoch s`, `years`; None for none.
    zh, en
        Display names.
    low, high
        Smallest and largest allowed number, both included.
    vocabulary
        Word -> its Chinese name; None when any word is allowed.
    closed
        Whether a word outside the vocabulary is an error (else a warning with close matches).
    multiline
        Whether the text may hold line breaks.
    written
        Whether graphkit writes it back itself.
    open_low
        Whether `low` itself is excluded.
    """

    name: str
    type: PropertyType
    required: bool = False
    unit: str | None = None
    zh: str = ""
    en: str = ""
    low: float | None = None
    high: float | None = None
    vocabulary: Mapping[str, str] | None = field(default=None, hash=False)
    closed: bool = True
    multiline: bool = False
    written: bool = False
    open_low: bool = False

    @property
    def is_time(self) -> bool:
        """Whether the value is a point in time (epoch seconds; files may hold ISO 8601)."""
        return self.counts is not None

    @property
    def counts(self) -> int | None:
        """Counts in a second of a point in time that files write as a number; None for any other property."""
        found, _, unit = (self.unit or "").partition(" ")
        return EPOCH_UNITS.get(unit) if found == "epoch" else None


def text(name: str, zh: str, en: str = "", *, required: bool = False, multiline: bool = False) -> Property:
    """Free text."""
    return Property(name, STRING, required, None, zh, en or name.replace("_", " "), multiline=multiline)


def word(
    name: str, zh: str, words: Mapping[str, str], *, required: bool = False, closed: bool = True, en: str = ""
) -> Property:
    """One word of a vocabulary."""
    return Property(name, STRING, required, None, zh, en or name.replace("_", " "), vocabulary=words, closed=closed)


def words(
    name: str, zh: str, known: Mapping[str, str] | None = None, *, required: bool = False, en: str = ""
) -> Property:
    """List of words; in CSV separated by `;`."""
    return Property(name, LIST, required, None, zh, en or name.replace("_", " "), vocabulary=known)


def integer(
    name: str,
    zh: str,
    *,
    required: bool = False,
    unit: str | None = None,
    low: float | None = 0,
    high: float | None = None,
    en: str = "",
) -> Property:
    """Whole number, not negative unless `low` says so."""
    return Property(name, INTEGER, required, unit, zh, en or name.replace("_", " "), low, high)


def number(
    name: str,
    zh: str,
    *,
    required: bool = False,
    unit: str | None = None,
    low: float | None = 0,
    high: float | None = None,
    en: str = "",
    open_low: bool = False,
) -> Property:
    """Finite number, not negative unless `low` says so; with `open_low` above it."""
    return Property(name, FLOAT, required, unit, zh, en or name.replace("_", " "), low, high, open_low=open_low)


def share(name: str, zh: str, *, required: bool = False, en: str = "", open_low: bool = False) -> Property:
    """Share, score or probability in [0, 1]; (0, 1] with `open_low`."""
    return Property(name, FLOAT, required, "0..1", zh, en or name.replace("_", " "), 0.0, 1.0, open_low=open_low)


def money(name: str, zh: str, *, required: bool = False, en: str = "", low: float | None = 0) -> Property:
    """Amount in the one currency of the directory."""
    return Property(name, FLOAT, required, "currency", zh, en or name.replace("_", " "), low)


def moment(name: str, zh: str, *, required: bool = False, en: str = "") -> Property:
    """Point in time, epoch seconds UTC; files may hold ISO 8601."""
    return Property(name, INTEGER, required, "epoch s", zh, en or name.removesuffix("_ts") + " time", FIRST_TS, LAST_TS)


def flag(name: str, zh: str, *, required: bool = False, en: str = "") -> Property:
    """Return a property that is true or false."""
    return Property(name, BOOLEAN, required, None, zh, en or name.replace("_", " "))


def by_name(*properties: Property) -> dict[str, Property]:
    """Properties keyed by name; a name twice is a mistake in the tables."""
    out = {p.name: p for p in properties}
    if len(out) != len(properties):
        doubled = sorted({p.name for p in properties if sum(q.name == p.name for q in properties) > 1})
        message = f"property declared twice: {', '.join(doubled)}"
        raise ValueError(message)
    return out
