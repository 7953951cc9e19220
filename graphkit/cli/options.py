"""Options that several commands share, one decorator each, and the types of their values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from graphkit.cli.group import PROMOTED, Option, unknown_word

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphkit.engine.base import Threads

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = [
    "ID_LISTS",
    "LABEL_ID",
    "MONEY",
    "PROBABILITY_SPEC",
    "PROMOTED_ID",
    "SECONDS",
    "TAKEN_ID",
    "LabelId",
    "directory_argument",
    "dry_run_option",
    "engine_option",
    "for_option",
    "graph_options",
    "input_options",
    "min_evidence_option",
    "output_options",
    "probability_option",
    "seed_option",
    "time_limit_option",
]

FORMATS = ("table", "csv", "json", "ndjson", "parquet")


class LabelId(NamedTuple):
    """A node as users write it: ``Film:f01``."""

    label: str
    id: str

    def __str__(self) -> str:
        """Return ``Label:id``."""
        return f"{self.label}:{self.id}"


class _LabelId(click.ParamType[LabelId]):
    """``LABEL:ID``, split at the first colon: ``Brand:b:x`` is the brand ``b:x``; of some labels only where ``among`` names them."""

    name = "LABEL:ID"

    def __init__(self, *among: str) -> None:
        self.among = among

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> LabelId:
        """Split the text and check the label."""
        if isinstance(value, LabelId):
            return value
        label, mark, id_ = str(value).partition(":")
        if not mark or not label or not id_:
            self.fail(f"{value!r} is not LABEL:ID, such as Film:f01", param, ctx)
        from graphkit.model.schema import LABELS

        if label not in LABELS:
            self.fail(unknown_word(label, "label", LABELS), param, ctx)
        if self.among and label not in self.among:
            self.fail(f"a {label} cannot stand here, only {', '.join(self.among)}", param, ctx)
        return LabelId(label, id_)


class _Number(click.ParamType[float]):
    """A finite number with a lower bound."""

    def __init__(self, name: str, *, above_zero: bool = False) -> None:
        self.name = name
        self.above_zero = above_zero

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read the number; NaN, infinity and negative values are refused."""
        try:
            number = float(value)
        except (TypeError, ValueError):
            self.fail(f"{value!r} is not a number", param, ctx)
        if not math.isfinite(number) or number < 0 or (self.above_zero and number == 0):
            self.fail(
                f"{value!r} must be a finite number {'above' if self.above_zero else 'of at least'} 0", param, ctx
            )
        return number


class _Probability(click.ParamType["str | float"]):
    """How p of an arc is made: a name, or one number for all."""

    name = "P"
    names = ("weighted_cascade", "trivalency", "learned", "none")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str | float:
        """Return the name or the number in [0, 1]."""
        if value in self.names:
            return str(value)
        try:
            number = float(value)
        except (TypeError, ValueError):
            self.fail(f"{value!r} is neither a number in [0, 1] nor one of {', '.join(self.names)}", param, ctx)
        if not 0 <= number <= 1:
            self.fail(f"{value!r} is not in [0, 1]", param, ctx)
        return number


class _Ids(click.ParamType[tuple[str, ...]]):
    """Ids separated by commas."""

    name = "ID,ID"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Split at commas; blanks around an id are dropped."""
        ids = value if isinstance(value, tuple | list) else tuple(part.strip() for part in str(value).split(","))
        if not ids or not all(ids):
            self.fail(f"{value!r} is no list of ids such as u1,u2", param, ctx)
        return tuple(map(str, ids))


LABEL_ID = _LabelId()
PROMOTED_ID = _LabelId(*PROMOTED)
TAKEN_ID = _LabelId("Film", "Course")
MONEY = _Number("AMOUNT")
SECONDS = _Number("SECONDS", above_zero=True)
PROBABILITY_SPEC = _Probability()
ID_LISTS = _Ids()


def min_evidence_option(function: F) -> F:
    """Add ``--min-evidence``; `App.strong_snapshot` takes what it holds."""
    return click.option(
        "--min-evidence",
        type=click.Choice(["real", "match", "inferred", "assumed"]),
        help="Leave out rows of weaker evidence; unless given, all count.",
    )(function)


def dry_run_option(function: F) -> F:
    """Add ``--dry-run`` for results that can be kept or written into the store."""
    return click.option(
        "--dry-run", is_flag=True, help="Say what would be kept, and what --write would write; change nothing."
    )(function)


def output_options(function: F) -> F:
    """Add ``--format`` and ``-o``; the command gets them as ``form`` and ``output``."""
    function = click.option(
        "-o",
        "--output",
        metavar="FILE",
        type=click.Path(dir_okay=False),
        help="Write there instead of stdout (whole or not at all); - is stdout.",
    )(function)
    return click.option(
        "--format",
        "form",
        type=click.Choice(FORMATS),
        help="How to print.  [default: by the file's suffix, else table]",
    )(function)


def directory_argument(function: F) -> F:
    """Add the directory of input files."""
    return click.argument("directory", type=click.Path())(function)


def input_options(function: F) -> F:
    """Add how an input directory is read: ``--mapping``, ``--encoding``, ``--on-duplicate``, ``--create-missing``."""
    words = ["error", "keep-first", "keep-last", "max", "noisy-or"]
    function = click.option(
        "--create-missing",
        is_flag=True,
        help="Make users, films, courses and brands that only relationships name: without consent, named by their id.",
    )(function)
    function = click.option(
        "--on-duplicate",
        cls=Option,
        type=click.Choice(words),
        default="error",
        help="Rows of one key with different values: refuse, keep one, take the greatest numbers, or join chances p as 1 - prod(1 - p).",
    )(function)
    function = click.option(
        "--encoding", cls=Option, default="utf-8", help="Encoding of the CSV files, such as gb18030; never guessed."
    )(function)
    return click.option(
        "--mapping",
        type=click.Path(dir_okay=False),
        help="A dataset.toml that maps foreign files, from outside the directory.",
    )(function)


def seed_option(function: F) -> F:
    """Add ``--seed``."""
    return click.option(
        "--seed", type=click.IntRange(min=0), default=1, help="Seed of all randomness: same seed, same answer."
    )(function)


def time_limit_option(function: F) -> F:
    """Add ``--time-limit``."""
    return click.option(
        "--time-limit", type=SECONDS, help="Stop after that many seconds with the best so far (exit 6)."
    )(function)


def engine_option(function: F) -> F:
    """Add ``--engine`` and ``--jobs``; the command gets both as ``engine``, as the library takes it."""
    function = click.option(
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        is_eager=True,  # known when the engine is made of it
        expose_value=False,
        callback=_keep_jobs,
        help="Threads to work on; the answer is the same.  [default: one a processor]",
    )(function)
    return click.option(
        "--engine",
        type=click.Choice(["threads", "serial"]),
        default="threads",
        callback=_with_jobs,
        help="Where the work runs; the answer is the same.",
    )(function)


def _keep_jobs(ctx: click.Context, param: click.Parameter, value: int | None) -> None:
    """Put the number of threads aside for the engine."""
    del param
    ctx.meta["graphkit.jobs"] = value


def _with_jobs(ctx: click.Context, param: click.Parameter, value: str) -> str | Threads:
    """Return the engine by name, or with as many threads as asked for."""
    del param
    jobs = ctx.meta["graphkit.jobs"]
    if jobs is None or (value, jobs) == ("serial", 1):
        return value
    if value == "serial":
        raise click.UsageError("--jobs above 1 needs --engine threads.", ctx)
    from graphkit.engine.base import Threads

    return Threads(workers=jobs)


def probability_option(default: str, *, needs: str = "") -> Callable[[F], F]:
    """Add ``--probability`` with this default; ``needs`` as of `Option`."""

    def decorate(function: F) -> F:
        text = "Chance that a user passes it on: a number, weighted_cascade (1/in-degree), trivalency, learned or none."
        return click.option(
            "--probability", cls=Option, needs=needs, type=PROBABILITY_SPEC, default=default, help=text
        )(function)

    return decorate


def for_option(function: F) -> F:
    """Add ``--for``."""
    return click.option(
        "--for", "for_", cls=Option, type=PROMOTED_ID, required=True, help="What to promote, such as Film:f01."
    )(function)


def graph_options(function: F) -> F:
    """Add ``--nodes`` and ``--via``: which labels and ties make the graph."""
    function = click.option(
        "--via", multiple=True, metavar="TYPE", help="Ties to follow (repeat).  [default: those between users]"
    )(function)
    return click.option(
        "--nodes", multiple=True, metavar="LABEL", help="Labels of the graph (repeat).  [default: User]"
    )(function)
