"""Ranking in a context: what works better than usual in this region, on this device, at this hour.

m(i, c) = shrunk response rate of item i in context c / its overall rate: with e exposures and r
responses there and overall rate q, rate = (r + s q) / (e + s). A context nobody saw gives 1, and so
does every item whose rate is the same everywhere. Score x product of m over the named contexts.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import finite, names_of, refuse
from graphkit.errors import DataInvalid
from graphkit.matching.records import epoch_seconds
from graphkit.results import FrameResult, Manifest, make_manifest
from graphkit.tabular import refuse_repeated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

__all__ = ["CONTEXTS", "ContextRates", "context_rates"]

CONTEXTS = ("region", "device", "hour")
RESPONSES = ("click", "like", "comment", "share", "add_to_cart", "purchase", "register", "redeem", "complete")


@dataclass(frozen=True, eq=False, repr=False)
class ContextRates(FrameResult):
    """Response of items by context.

    Parameters
    ----------
    context, value, item : tuple of str
        For example region, 上海, f01.
    exposures, responses : ndarray of int64
    multiplier : ndarray of float64
        m >= 0; 1 is as usual.
    shrink : float
        Exposures at the usual rate that are added to every cell.
    """

    context: tuple[str, ...]
    value: tuple[str, ...]
    item: tuple[str, ...]
    exposures: np.ndarray = field(metadata={"dtype": np.int64})
    responses: np.ndarray = field(metadata={"dtype": np.int64})
    multiplier: np.ndarray = field(metadata={"dtype": np.float64})
    shrink: float
    manifest: Manifest

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.item)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per context, value and item."""
        import pandas as pd

        names = {"context": list(self.context), "value": list(self.value), "item": list(self.item)}
        return pd.DataFrame(
            {**names, "exposures": self.exposures, "responses": self.responses, "multiplier": self.multiplier}
        )

    def multiplier_of(self, items: Sequence[str], context: Mapping[str, str]) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return the factor of each item in a context, shape (n_items,); 1 where nothing was seen.

        Raises
        ------
        InvalidParameter
            A context that is none of region, device, hour, or an hour that is not 0..23.
        """
        known = {
            (c, v, i): float(m) for c, v, i, m in zip(self.context, self.value, self.item, self.multiplier, strict=True)
        }
        factor = np.ones(len(items))
        for name, value in context.items():
            if name not in CONTEXTS:
                refuse("context", name, "one of " + ", ".join(CONTEXTS))
            wanted = _hour(value) if name == "hour" else str(value)
            factor *= [known.get((name, wanted, str(item)), 1.0) for item in items]
        return factor


def context_rates(
    events: pd.DataFrame,
    *,
    contexts: Iterable[str] = CONTEXTS,
    responses: Iterable[str] = RESPONSES,
    shrink: float = 50.0,
) -> ContextRates:
    """Measure how items do in each context.

    Parameters
    ----------
    events : DataFrame with item, kind and the context columns; hour is taken from ts (epoch seconds or dates, UTC)
        Kind exposure counts as one contact, those of ``responses`` as an answer, others play no part.
    contexts : iterable of {"region", "device", "hour"}
        Columns that the log lacks are left out.
    responses : iterable of str
    shrink : float > 0, default 50
        Larger: more trust in the item's overall rate.

    Returns
    -------
    ContextRates

    Raises
    ------
    InvalidParameter
        ``shrink`` not above 0, an unknown context.
    DataInvalid
        item or kind is missing, or there is no exposure at all: without contacts there is no rate.

    Examples
    --------
    One click on four contacts, in Shanghai: (1 + 2 x 1/4) / (2 + 2) against 1/4.

    >>> import pandas as pd
    >>> kind, region = ["exposure"] * 4 + ["click"], ["sh", "sh", "bj", "bj", "sh"]
    >>> log = pd.DataFrame({"item": "f", "kind": kind, "region": region})
    >>> context_rates(log, contexts=["region"], shrink=2).to_frame()[["value", "multiplier"]].values.tolist()
    [['bj', 0.5], ['sh', 1.5]]
    """
    start = time.perf_counter()
    if finite("shrink", shrink) <= 0:
        refuse("shrink", shrink, "a number above 0")
    contexts, responses = tuple(names_of("contexts", contexts)), frozenset(names_of("responses", responses))
    given = list(map(str, getattr(events, "columns", ())))
    for column in ("item", "kind"):
        if column not in given:
            message = f"events have no column {column!r}; they have {', '.join(given) or 'none'}"
            raise DataInvalid(message, source="events", rule="missing-column")
    refuse_repeated(given, ("item", "kind", "ts", *CONTEXTS), "events")
    counts = _counts(events, contexts, responses)
    total: dict[str, list[int]] = {}
    for (kind, _, item), (shown, answered) in counts.items():
        if kind == "":
            total[item] = [shown, answered]
    if not any(shown for shown, _ in total.values()):
        raise DataInvalid(
            "the log has no exposures: a response rate needs contacts",
            source="events",
            rule="no-exposure",
            hint="load exposure events, or leave the context out",
        )
    rows = []
    for (kind, value, item), (shown, answered) in sorted(counts.items()):
        usual = total[item][1] / total[item][0] if total[item][0] else 0.0
        if kind and shown and usual > 0:
            rate = (answered + shrink * usual) / (shown + shrink)
            rows.append((kind, value, item, shown, answered, rate / usual))
    columns = list(zip(*rows, strict=True)) if rows else [()] * 6
    request = {"contexts": contexts, "responses": sorted(responses), "shrink": shrink, "total": total}
    manifest = make_manifest("context_rates", request=request, answer=rows, seconds=time.perf_counter() - start)
    numbers = np.array(columns[3], np.int64), np.array(columns[4], np.int64), np.array(columns[5], np.float64)
    return ContextRates(tuple(columns[0]), tuple(columns[1]), tuple(columns[2]), *numbers, float(shrink), manifest)


def _hour(value: object) -> str:
    """Write 8 and 08 alike; another hour than 0..23 matches nothing and is refused."""
    text = str(value).strip()
    if not (text.isascii() and text.isdigit() and int(text) < 24):
        refuse("hour", value, "a whole number from 0 to 23, UTC")
    return str(int(text))


def _hours(events: pd.DataFrame) -> list[str | None]:
    """Hour of the day of each event, UTC; None without a time."""
    ts = epoch_seconds(events["ts"], "events")
    if np.isinf(ts).any():
        row = int(np.flatnonzero(np.isinf(ts))[0])
        message = f"events row {row}: ts is {float(ts[row])!r}, no time"
        raise DataInvalid(
            message, source="events", rule="ts", rows=((row, float(ts[row])),), hint="times are epoch seconds"
        )
    return [None if np.isnan(t) else str(int(t // 3600 % 24)) for t in ts.tolist()]


def _texts(column: pd.Series) -> list[str | None]:
    """Values as text, None where there is none."""
    return [
        None if absent else str(value) for value, absent in zip(column.tolist(), column.isna().tolist(), strict=True)
    ]


def _counts(
    events: pd.DataFrame, contexts: tuple[str, ...], responses: frozenset[str]
) -> dict[tuple[str, str, str], list[int]]:
    """(context, value, item) -> [exposures, responses]; the context "" holds the item's totals."""
    values: dict[str, list[str | None]] = {}
    for name in contexts:
        if name not in CONTEXTS:
            refuse("contexts", name, "one of " + ", ".join(CONTEXTS))
        source = "ts" if name == "hour" else name
        if source in events.columns:
            values[name] = _hours(events) if name == "hour" else _texts(events[source])
    counts: dict[tuple[str, str, str], list[int]] = {}
    for row, (item, kind) in enumerate(zip(_texts(events["item"]), _texts(events["kind"]), strict=True)):
        place = 0 if kind == "exposure" else 1 if kind in responses else None
        if place is None or item is None:
            continue
        for name, value in (("", ""), *((n, v[row]) for n, v in values.items())):
            if value is not None:
                counts.setdefault((name, value, item), [0, 0])[place] += 1
    return counts
