"""The memory that a run would take, printed instead of the run."""

from __future__ import annotations

from typing import Any

__all__ = ["emit_memory"]


def emit_memory(
    graph: Any, form: str | None, output: str | None, *, seconds: tuple[float, float] | None = None, **asked: Any
) -> None:
    """Print the memory estimate of a selection or a simulation, and the processor time where trials told it."""
    from graphkit.cli.output import emit
    from graphkit.influence.memory import estimate_memory

    found = estimate_memory(graph, **asked)
    rows = [
        {"n_rr_sets": int(n), "bytes": int(size), "fits": bool(size <= found.limit)}
        for n, size in zip(found.n_rr_sets, found.bytes, strict=True)
    ]
    document = {
        "schema_version": 1,
        "work": found.work,
        "fixed": found.fixed,
        "per_set": found.per_set,
        "mean_size": found.mean_size,
        "limit": found.limit,
        "rounds": rows,
        "manifest": found.manifest,
    }
    if seconds is not None:
        document["processor_seconds"] = list(seconds)
    fitting = [row for row in rows if row["fits"]]
    text = f"beyond the graph about {found.fixed / 2**20:,.0f} MB"
    if found.work == "seeds":
        text += f" and {found.per_set:,.0f} bytes per reverse set (mean size {found.mean_size:,.1f}); "
        text += (
            f"the limit of {found.limit / 2**20:,.0f} MB allows up to {fitting[-1]['n_rr_sets']:,} sets"
            if fitting
            else f"above the limit of {found.limit / 2**20:,.0f} MB"
        )
    if seconds is not None:
        text += f"\n{seconds[0]:,.2f} to {seconds[1]:,.2f} s of processor time, by small trials of the run"
    emit(form=form, output=output, rows=rows, columns=("n_rr_sets", "bytes", "fits"), document=document, text=text)
