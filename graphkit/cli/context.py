"""What every command shares: settings, the store opened when first asked for, messages, progress."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from graphkit.cli.interrupts import install, temporary
from graphkit.cli.logs import show_logs
from graphkit.config import Settings
from graphkit.errors import StoreUnavailable
from graphkit.progress import Progress, step

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from graphkit.diffusion.learn import LearnedProbabilities
    from graphkit.progress import ProgressCallback
    from graphkit.projection.snapshot import Snapshot
    from graphkit.store.base import GraphStore

__all__ = ["App", "pass_app"]

_ORIGINS = {
    ParameterSource.COMMANDLINE: "flag",
    ParameterSource.ENVIRONMENT: "environment",
    ParameterSource.DEFAULT_MAP: "settings file",
}


class App:
    """The one object in ``ctx.obj``.

    Parameters
    ----------
    settings : Settings
        Resolved once.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._store: GraphStore | None = None
        self._watched: ProgressCallback | None = None
        self.assumptions: list[str] = []

    @classmethod
    def from_click(cls, ctx: click.Context, options: dict[str, Any]) -> App:
        """Resolve the settings from the options of the top group and start to handle signals."""
        origins = {
            name: _ORIGINS.get(source, "default") if (source := ctx.get_parameter_source(name)) else "default"
            for name in options
        }
        if origins["store"] == "environment":
            origins["store"] = "environment " + ("GRAPHKIT_STORE" if os.environ.get("GRAPHKIT_STORE") else "NEO4J_URI")
        color = {"always": True, "never": False}.get(options["color"], False if os.environ.get("NO_COLOR") else None)
        settings = Settings.resolve(
            file=ctx.default_map,
            sources=origins,
            store=options["store"],
            insecure=options["insecure"],
            verbosity=-1 if options["quiet"] else options["verbose"],
            progress=not options["no_progress"],
            color=color,
        )
        ctx.color = color
        if not ctx.resilient_parsing:
            install()
        show_logs(settings.verbosity)
        app = cls(settings)
        ctx.call_on_close(app.close)
        return app

    def say(self, text: str, *, level: int = 0) -> None:
        """Write a message for people to stderr, unless they asked for quiet."""
        from graphkit.cli.errors import readable
        from graphkit.cli.language import fitted, told

        if self.settings.verbosity >= level:
            click.echo(fitted(readable(told(text)), sys.stderr), err=True)

    def open(self, *, create: bool = False, timeout: float | None = None) -> GraphStore:
        """Return the store, opened at the first call.

        Parameters
        ----------
        create : bool
            Make an embedded store when there is none yet; otherwise that is an error.
        timeout : float, optional
            Seconds that a unit of work may take.
        """
        if self._store is None:
            from graphkit.store.address import is_folder
            from graphkit.store.open import open_store

            settings = self.settings
            if is_folder(settings.store) and not create and not Path(settings.store).exists():
                message = f"there is no store at {settings.store}"
                raise StoreUnavailable(
                    message, store=settings.store, hint="load data first: graphkit load DIR, or try graphkit demo"
                )
            server = (
                {"username": settings.username, "password": settings.password, "database": settings.database}
                if settings.server
                else {}
            )
            try:
                self._store = open_store(settings.store, insecure=settings.insecure, timeout=timeout, **server)
            except OSError as error:
                message = f"the store {settings.store} cannot be opened: {error.strerror or error}"
                raise StoreUnavailable(message, store=settings.store, hint="give another place with --store") from error
        return self._store

    def snapshot(self, *, learned: bool = False, about: str | None = None) -> Snapshot:
        """Return the graph of the store as columns, from the cache when it is still true.

        Parameters
        ----------
        learned : bool
            With the ties that `graphkit learn` kept.
        about : str, optional
            What is promoted, "Label:id": where ties were learned by tag, those of its heaviest tag.
        """
        from graphkit.projection.snapshot import take_snapshot

        with self.progress() as progress:
            with step("open the store", progress):
                store = self.open()
            found = take_snapshot(store, progress=progress)
        if not learned:
            return found
        from graphkit.projection.learned import with_learned

        return with_learned(found, self.open(), about)

    def strong_snapshot(
        self,
        min_evidence: str | None,
        *,
        reads: Collection[str] | None = None,
        keep: Collection[tuple[str, str]] = (),
        learned: bool = False,
    ) -> Snapshot:
        """Return the graph without rows of weaker evidence than ``--min-evidence``, and say how many are left out or not real.

        Parameters
        ----------
        min_evidence : str or None
            None leaves nothing out.
        reads : collection of str, optional
            Labels and types that the command reads; default: all.
        keep : collection of (label, id)
            Nodes that stay: those the command is asked about.
        learned : bool
            As in :meth:`snapshot`.
        """
        from graphkit.projection.evidence import evidence_note, with_evidence

        whole = self.snapshot(learned=learned)
        for note in evidence_note(whole, min_evidence, reads, keep=keep):
            self.assumptions.append(note)
            self.say(note)
        return with_evidence(whole, min_evidence, keep=keep)

    def keep_learned(self, found: LearnedProbabilities, *, write: bool | None = None) -> None:
        """Keep learned ties beside the store; nothing half written is left by an interrupt."""
        from contextlib import nullcontext

        from graphkit.projection.learned import aside, keep_learned, learned_place

        place = learned_place(self.open())
        with nullcontext() if place is None else temporary(aside(place)):
            keep_learned(self.open(), found, write=write)

    def close(self) -> None:
        """Close the store; calling it twice is fine."""
        store, self._store = self._store, None
        if store is not None:
            store.close()

    @contextmanager
    def progress(self) -> Iterator[ProgressCallback]:
        """Give a progress callback: bars with phases on a terminal, nothing elsewhere; an inner one goes on with the bars of the outer."""
        if self._watched is not None:
            yield self._watched
            return
        if not self.settings.progress or self.settings.verbosity < 0 or not _on_terminal():
            from graphkit.progress import null_progress

            yield null_progress
            return
        from graphkit.cli.bars import bars

        with bars(color=self.settings.color) as callback:
            self._watched = callback
            try:
                yield callback
            finally:
                self._watched = None

    @contextmanager
    def working(self, what: str) -> Iterator[ProgressCallback]:
        """Show on a terminal that this goes on, and for how long; what is counted within shows its own bars below. Timed with ``-v``."""
        with self.progress() as progress, self.timed(what):
            progress(Progress(what, 0))
            yield progress

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Tell with ``-v`` how long something took."""
        begin = time.monotonic()
        yield
        self.say(f"{what}: {time.monotonic() - begin:.1f} s", level=1)


def _on_terminal() -> bool:
    """Whether somebody watches."""
    return sys.stderr.isatty()


pass_app = click.make_pass_decorator(App)
