"""The JSON document of a plan: which fields it has and of which kind, checked where a file or a store gives one.

A document is written by `graphkit plan`, then kept, mailed and edited by people. What reads it may trust its shape
once :func:`check_plan` let it through; that its numbers are those of the data is what `graphkit verify` checks.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from graphkit.errors import DataInvalid
from graphkit.rng import SEED_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["check_plan"]

Shape = dict[str, Any] | list[Any] | str
_LARGEST = 2.0**53  # whole numbers beyond it are no longer exact in JSON
_MOMENTS = (-62_135_596_800, 253_402_300_799)  # the years 1 to 9999

# A trailing ? stands for "may be missing or null"; "*" in a mapping for every key.
_PURCHASE: Shape = {
    "channel": "text",
    "name": "text?",
    "kind": "text?",
    "wave": "positive?",
    "material": "text?",
    "cost": "amount",
    "adds": "number",
    "adds_interval": "pair?",
    "exclusive": "number?",
    "exclusive_interval": "pair?",
    "alone": "number?",
    "alone_interval": "pair?",
    "audience": "whole?",
    "evidence": "text?",
    "reasons": "texts?",
    "uses": "positive?",
    "one_off_cost": "amount?",
    "starts_ts": "moment?",
    "code": "text?",
}
_REQUEST: Shape = {
    "for_": "text",
    "budget": "amount",
    "probability": "scalar?",
    "objective": "text?",
    "waves": "positive?",
    "target": "text?",
    "rules": {"starts_ts": "moment?", "ends_ts": "moment?", "gap_days": "number?"},
    "max_steps": "whole?",
    "nodes": "texts?",
    "via": "texts?",
    "receptivity": "number?",
    "price": {"*": "amount"},
    "aim": "number?",
    "delta": "number?",
    "seed": "seed?",
    "robust": "number?",
    "draws": "positive?",
    "pareto": "texts?",
    "done": "table?",
}
_DRAWN: Shape = {"quantile": "number", "mean": "number", "worst": "number", "best": "number"}
_OPTIONAL: dict[str, Shape] = {
    "certificate": {"lower": "number?", "upper": "number?", "ratio": "number?", "delta": "number?"},
    "baselines": {"*": "number?"},
    "rejected": [{"channel": "text?", "partner": "text?", "candidate": "text?", "rule": "text", "reason": "text"}],
    "request": _REQUEST,
    "sample": {"choose": "positive", "judge": "positive", "exact": "flag"},
    "manifest": {
        "digest": "text?",
        "seed": "seed?",
        "snapshot": "text?",
        "engine": "text?",
        "seconds": "number?",
        "versions": "table?",
        "function": "text?",
        "request": "table?",
    },
    "waves": [
        {
            "wave": "positive",
            "starts_ts": "moment?",
            "budget": "number?",
            "spent": "number",
            "one_off": "number?",
            "purchases": "whole",
            "adds": "number",
        }
    ],
    "synergy": {"bonus": "number", "pairs": [{"channel": "text", "boosts": "text", "bonus": "number"}]},
    "goals": [{"goal": "text", "mean": "number", "interval": "pair?", "floor": "number?"}],
    "pareto": [{"goals": {"*": "number"}, "spent": "number", "channels": "texts"}],
    "robust": {
        "q": "number",
        "draws": "positive",
        "robust": _DRAWN,
        "plain": _DRAWN,
        "regret_of_plain": "number",
        "reach_by_draw": {"*": "numbers"},
    },
    "replanned": {
        "plan": "text",
        "waves": "whole",
        "spent": "number",
        "reached": "whole",
        "gain": "number?",
        "gain_interval": "pair?",
    },
}
_PLAN: Shape = {
    "plan": "text", "for": "text", "objective": "text", "budget": "amount", "spent": "amount", "items": [_PURCHASE],
    "reach": {"mean": "number", "interval": "pair?", "interval_with_model_uncertainty": "pair?"},
    "adding_up_would_have_said": "number?", "unspent_because": "text?", "assumptions": "texts?",
    "for_name": "text?", "currency": "text?",
    "claims": [{"claim": "text", "value": "any?", "query": "text?", "params": "table?", "replay": "table?"}],
}  # fmt: skip


def check_plan(data: Any, source: str) -> dict[str, Any]:
    """Return the document when it has the shape of a plan.

    Parameters
    ----------
    data : object
        What was read as JSON.
    source : str
        The file or store it came from, for messages.

    Raises
    ------
    DataInvalid
        Naming the first field that is missing or of another kind.

    Examples
    --------
    >>> check_plan({"plan": 7}, "plan.json")
    Traceback (most recent call last):
    graphkit.errors.DataInvalid: plan.json is no plan: plan must be a text, not 7 (graphkit plan --format json writes one)
    """
    found = _problem(data, _PLAN, "")
    if found is None:
        for name, shape in _OPTIONAL.items():
            found = found or (None if data.get(name) is None else _problem(data[name], shape, name))
    if found is not None:
        raise DataInvalid(
            f"{source} is no plan: {found}", source=source, rule="plan", hint="graphkit plan --format json writes one"
        )
    whole: dict[str, Any] = data
    return whole


def _problem(value: Any, shape: Shape, path: str) -> str | None:
    """Return what is wrong with a value, or None."""
    if isinstance(shape, dict):
        return _table_problem(value, shape, path)
    if isinstance(shape, list):
        if not isinstance(value, list):
            return _wrong(path, "a list", value)
        return next(filter(None, (_problem(x, shape[0], f"{path}[{i}]") for i, x in enumerate(value))), None)
    if value is None and shape.endswith("?"):
        return None
    kind = shape.removesuffix("?")
    return None if _FITS[kind](value) else _wrong(path, _WORDS[kind], value)


def _table_problem(value: Any, shape: Mapping[str, Any], path: str) -> str | None:
    if not isinstance(value, dict):
        return _wrong(path, "a table", value)
    every = shape.get("*")
    if every is not None:
        return next(filter(None, (_problem(x, every, f"{path}.{k}") for k, x in value.items())), None)
    for name, inner in shape.items():
        found = _problem(
            value.get(name, {} if isinstance(inner, dict) and path else None), inner, f"{path}.{name}" if path else name
        )
        if found is not None:
            return found if name in value else f"{path + '.' if path else ''}{name} is missing"
    return None


def _wrong(path: str, kind: str, value: Any) -> str:
    shown = repr(value)
    return f"{path or 'the whole'} must be {kind}, not {shown[:60]}{'...' if len(shown) > 60 else ''}"


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= _LARGEST and math.isfinite(value)


def _is_whole(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _LARGEST


_FITS: dict[str, Callable[[Any], bool]] = {
    "any": lambda _: True,
    "text": lambda x: isinstance(x, str),
    "texts": lambda x: isinstance(x, list) and all(isinstance(y, str) for y in x),
    "number": _is_number,
    "amount": lambda x: _is_number(x) and x >= 0,
    "numbers": lambda x: isinstance(x, list) and all(map(_is_number, x)),
    "scalar": lambda x: isinstance(x, str) or _is_number(x),
    "whole": _is_whole,
    "seed": lambda x: type(x) is int and 0 <= x < SEED_LIMIT,
    "positive": lambda x: _is_whole(x) and x > 0,
    "moment": lambda x: type(x) is int and _MOMENTS[0] <= x <= _MOMENTS[1],
    "flag": lambda x: isinstance(x, bool),
    "pair": lambda x: isinstance(x, list) and len(x) == len(_MOMENTS) and all(map(_is_number, x)),
    "table": lambda x: isinstance(x, dict),
}
_WORDS = {
    "text": "a text",
    "texts": "a list of texts",
    "number": "a finite number",
    "amount": "an amount of at least 0",
    "numbers": "a list of finite numbers",
    "scalar": "a text or a number",
    "whole": "a whole number of at least 0",
    "seed": "a whole number from 0 to below 2**63",
    "positive": "a whole number of at least 1",
    "moment": "epoch seconds",
    "flag": "true or false",
    "pair": "a pair of finite numbers",
    "table": "a table",
    "any": "anything",
}
