"""Checks at the borders: one form of sentence for every argument out of range.

Each function returns the value in its canonical type or raises
:class:`graphkit.errors.InvalidParameter` reading "NAME must be RANGE. Got VALUE instead.".
"""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from graphkit.errors import InvalidParameter, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "array_of",
    "finite",
    "flag",
    "floats",
    "list_of",
    "mapping_of",
    "names_of",
    "non_negative",
    "one_of",
    "path_of",
    "positive_int",
    "probability",
    "probability_array",
    "refuse",
    "refuse_first",
    "text_of",
]

_LARGEST = 2**63 - 1  # whole numbers are handed to compiled code
_LONGEST = 200  # characters of a refused value: a list of all users would fill the screen


def refuse(name: str, value: object, allowed: str, *, hint: str | None = None) -> NoReturn:
    """Raise the one sentence for a parameter outside ``allowed``."""
    value = value.item() if isinstance(value, np.generic) else value  # "Got -1.0", not "Got np.float64(-1.0)"
    message = f"{name} must be {allowed}. Got {_shown(value)} instead."
    raise InvalidParameter(message, parameter=name, value=value, allowed=allowed, hint=hint)


def finite(name: str, value: Any) -> float:
    """Return ``value`` as a finite float; bool, NaN and infinities are refused."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        refuse(name, value, "a finite number")
    try:
        number = float(value)
    except OverflowError:  # a whole number beyond 1e308
        number = math.inf
    if not math.isfinite(number):
        refuse(name, value, "a finite number")
    return number


def non_negative(name: str, value: Any) -> float:
    """Return ``value`` as a finite float >= 0."""
    number = finite(name, value)
    if number < 0:
        refuse(name, value, "a number >= 0")
    return number


def probability(name: str, value: Any) -> float:
    """Return ``value`` as a float in [0, 1]."""
    number = finite(name, value)
    if not 0.0 <= number <= 1.0:
        refuse(name, value, "a probability in [0, 1]")
    return number


def positive_int(name: str, value: Any, *, minimum: int = 1) -> int:
    """Return ``value`` as an int >= ``minimum``; floats are refused, even whole ones."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Integral) or int(value) < minimum:
        refuse(name, value, f"an integer >= {minimum}")
    if int(value) > _LARGEST:
        refuse(name, value, f"an integer of at most {_LARGEST}")
    return int(value)


def one_of(name: str, value: object, allowed: Iterable[str]) -> str:
    """Return ``value`` when it is one of the allowed words; close matches in the hint."""
    words = tuple(allowed)
    if not isinstance(value, str) or value not in words:
        refuse(name, value, "one of " + ", ".join(words), hint=did_you_mean(value, words))
    return value


def flag(name: str, value: object) -> bool:
    """Return ``value`` as a bool; words and numbers are refused, for "no" would count as yes."""
    if not isinstance(value, bool | np.bool_):
        refuse(name, value, "True or False")
    return bool(value)


def path_of(name: str, value: object, what: str = "a path") -> Path:
    """Return a text or a path as a path; bytes are refused, as they are no name on every system."""
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(text, str):
        refuse(name, value, what)
    return Path(text)


def text_of(name: str, value: object) -> str:
    """Return a text."""
    if not isinstance(value, str):
        refuse(name, value, "a text")
    return value


def list_of(name: str, values: Any, allowed: str) -> list[Any]:
    """Return several things as a list; one text alone would be taken for its letters and is refused."""
    if isinstance(values, str | bytes):
        refuse(name, values, allowed, hint="wrap a single name in a list")
    try:
        return list(values)
    except TypeError:  # a number, or an array of no dimension
        refuse(name, values, allowed)


def names_of(name: str, values: Any) -> list[str]:
    """Return several texts as a list."""
    return [text_of(f"{name}[{place}]", value) for place, value in enumerate(list_of(name, values, "a list of names"))]


def mapping_of(name: str, value: Any, allowed: str) -> Mapping[Any, Any]:
    """Return a mapping, or refuse by its type what is none."""
    if not isinstance(value, Mapping):
        refuse(name, type(value).__name__, allowed)
    return value


def array_of(name: str, values: ArrayLike, allowed: str) -> NDArray[Any]:
    """Return an array of any type; rows of other lengths are refused."""
    try:
        return np.asarray(values)
    except ValueError:
        refuse(name, values, allowed)


def floats(name: str, values: ArrayLike, allowed: str) -> NDArray[np.float64]:
    """Return an array of numbers as float64, NaN where one is missing; dates and complex numbers are refused, as words are."""
    try:
        if np.asarray(values).dtype.kind in "mMc":
            refuse(name, values, allowed)
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):  # words, rows of other lengths, whole numbers beyond 1e308
        refuse(name, values, allowed)


def probability_array(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return float64 values, each in [0, 1]; the first offender and its position are named."""
    chances = floats(name, values, "an array of probabilities in [0, 1]")
    refuse_first(name, chances, ~((chances >= 0.0) & (chances <= 1.0)), "a probability in [0, 1]")
    return chances


def refuse_first(
    name: str, given: NDArray[np.float64], wrong: NDArray[np.bool_], allowed: str, *, hint: str | None = None
) -> None:
    """Refuse the first number of an array that is ``wrong``, with its place; nothing where none is."""
    if wrong.any():
        place = int(np.flatnonzero(wrong.ravel())[0])
        refuse(f"{name}[{place}]", float(given.ravel()[place]), allowed, hint=hint)


def _shown(value: object) -> str:
    """Return a value as one line of at most `_LONGEST` characters; the error keeps the whole of it."""
    try:
        text = " ".join(repr(value).split("\n"))
    except ValueError:  # a whole number too long for Python to write
        return "a number of thousands of digits"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
