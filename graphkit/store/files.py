"""Input directories: read, check, and hand over as column tables with a report that adds up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphkit.check import one_of, path_of, positive_int, refuse
from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.model.validate import by_cause, count_all
from graphkit.store.files_events import read_events
from graphkit.store.files_reader import DirectoryReader
from graphkit.store.files_settle import ON_DUPLICATE
from graphkit.store.files_write import write_parquet

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection

    from graphkit.model.tables import GraphTables
    from graphkit.model.validate import DataReport, Finding
    from graphkit.progress import ProgressCallback

__all__ = ["check_directory", "read_directory", "read_events", "write_parquet"]

_CAUSES = 20  # told in the message of an error; the report has every finding


def read_directory(
    path: str | os.PathLike[str],
    *,
    mapping: str | os.PathLike[str] | None = None,
    encoding: str = "utf-8",
    max_bad: int = 0,
    on_duplicate: str = "error",
    create_missing: bool = False,
    ids_of: Callable[[str], Collection[str]] | None = None,
    progress: ProgressCallback | None = None,
) -> tuple[GraphTables, DataReport]:
    """Read an input directory (mission 2.5) as column tables.

    Parameters
    ----------
    path
        Directory with `dataset.toml`, `nodes/`, `relationships/`.
    mapping
        TOML file that maps foreign files; without it `dataset.toml` may hold the same tables.
    encoding
        Encoding of the CSV files.
    max_bad
        How many rows, events included, may be rejected before nothing is loaded.
    on_duplicate
        What happens to rows of one key with different values: `error` puts them aside; `keep-first` and `keep-last` keep
        one, in the order of files and lines; `max` takes the greatest of each number that differs; `noisy-or` joins
        chances p as 1 - prod(1 - p). Rows not kept count as duplicates, with a warning each.
    create_missing
        Make the users, films, courses and brands that relationships name and no row gives: without consent, named by
        their id, `evidence = inferred`. Each counts as a row (`report.made`).
    ids_of
        Ids of a label in the store that the rows are for: with `ends_in_store = true` in `dataset.toml`, relationships may
        end there too. Asked only where the directory lacks an id.
    progress
        Called per file.

    Returns
    -------
    tables, report
        The good rows, and what was found; rows_in = loaded + rejected + duplicates. Events are judged and counted apart
        (`report.events`): they stay files.

    Raises
    ------
    InvalidParameter
        `on_duplicate` is no such word, `encoding` no text encoding.
    DataInvalid
        More than `max_bad` rows rejected, or a file or the directory unusable; `.report` has every row rejected.
    """
    max_bad = positive_int("max_bad", max_bad, minimum=0)
    tables, report = _reader(
        path, mapping, encoding, progress, on_duplicate=on_duplicate, create_missing=create_missing, ids_of=ids_of
    ).read()
    if report.fatal or report.rejected + report.events.rejected > max_bad:
        raise _refusal(report, str(path))
    return tables, report


def check_directory(
    path: str | os.PathLike[str],
    *,
    mapping: str | os.PathLike[str] | None = None,
    encoding: str = "utf-8",
    on_duplicate: str = "error",
    create_missing: bool = False,
    ids_of: Callable[[str], Collection[str]] | None = None,
    progress: ProgressCallback | None = None,
) -> DataReport:
    """Check an input directory; the report lists everything found and never raises for bad data.

    The parameters are those of `read_directory`: with the same ones, that accepts what this calls `ok`.
    """
    return _reader(
        path, mapping, encoding, progress, on_duplicate=on_duplicate, create_missing=create_missing, ids_of=ids_of
    ).read()[1]


def _reader(
    path: str | os.PathLike[str],
    mapping: str | os.PathLike[str] | None,
    encoding: str,
    progress: ProgressCallback | None,
    *,
    on_duplicate: str,
    create_missing: bool,
    ids_of: Callable[[str], Collection[str]] | None,
) -> DirectoryReader:
    """Return the reader of a directory once its arguments are of their kinds."""
    one_of("on_duplicate", on_duplicate, ON_DUPLICATE)
    _known(encoding)
    over = None if mapping is None else path_of("mapping", mapping, "the path of a mapping file")
    root = path_of("directory", path, "the path of an input directory")
    return DirectoryReader(root, over, encoding, progress, on_duplicate, create_missing, ids_of)


def _known(encoding: str) -> None:
    """Refuse the name of an encoding that Python does not know."""
    if not isinstance(encoding, str):
        refuse("encoding", encoding, "the name of a text encoding")
    try:
        "".encode(encoding)
    except (LookupError, UnicodeError) as error:
        message = f"{encoding!r} is no text encoding"
        raise InvalidParameter(
            message, parameter="encoding", value=encoding, hint="utf-8, gb18030, big5, utf-16, latin-1, ..."
        ) from error


def _refusal(report: DataReport, path: str) -> DataInvalid:
    errors = report.errors
    causes = by_cause(errors)
    first = [_told(group) for group in causes[:_CAUSES]]
    bad = [f"{report.rejected} of {report.rows_in} rows"] if report.rejected or not report.events.rejected else []
    bad += [f"{report.events.rejected} of {report.events.rows_in} events"] if report.events.rejected else []
    what = f"{' and '.join(bad)} rejected" if report.rows_in or report.events.rows_in else "no row could be read"
    if report.rows_in and not report.rejected and not report.events.rejected:
        what = f"{len(errors)} {'error' if len(errors) == 1 else 'errors'}, none of them in a row"
    message = f"{path}: {what}, nothing loaded\n  " + "\n  ".join(first)
    if len(causes) > _CAUSES:
        message += f"\n  ... and {sum(map(count_all, causes[_CAUSES:]))} more"
    rows = tuple((f.file, f.line, f.value) for f in errors[:5])
    hint = f"graphkit check {path} lists all" + (
        "" if report.fatal else f"; --max-bad {report.rejected + report.events.rejected} loads the rest"
    )
    return DataInvalid(
        message,
        source=path,
        rule=causes[0][0].rule if causes else None,
        count=report.rejected + report.events.rejected,
        rows=rows,
        report=report.refused(),
        hint=hint,
    )


def _told(group: list[Finding]) -> str:
    """Return the first of findings that are alike, and how many there are besides."""
    first, more = group[0], count_all(group) - 1
    place = f"{first.file} line {first.line}" if first.line else first.file
    return f"{place}: {first.message}" + (f"\n    ... and {more:,} more like this" if more else "")
