"""One reading of one directory: find the files, read them, judge every row, build the tables and the report."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graphkit.errors import DataInvalid
from graphkit.model.schema import LABELS, TYPES, label_of_file
from graphkit.model.tables import GraphTables
from graphkit.model.validate import DataReport, Finding, RejectedRow
from graphkit.store.files_assumed import count_rows
from graphkit.store.files_events import EventLog
from graphkit.store.files_events_check import check_events, files_of_events
from graphkit.store.files_graph import build_edges, build_nodes
from graphkit.store.files_intake import Intake
from graphkit.store.files_named import check_named
from graphkit.store.files_outside import add_outside
from graphkit.store.files_raw import file_digest
from graphkit.store.files_settle import make_missing
from graphkit.store.files_specs import mapped_specs, plain_specs
from graphkit.store.files_table import Block, read_block
from graphkit.store.mapping import Dataset, MappingWrong, TableSpec
from graphkit.store.mapping_file import parse_dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from graphkit.model.tables import EdgeColumns, NodeColumns
    from graphkit.progress import ProgressCallback

__all__ = ["DirectoryReader"]


@dataclass
class DirectoryReader:
    """One reading of one directory."""

    root: Path
    mapping: Path | None
    encoding: str
    progress: ProgressCallback | None
    on_duplicate: str = "error"
    create_missing: bool = False
    ids_of: Callable[[str], Collection[str]] | None = None
    outside: dict[str, int] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)
    said: dict[str, Dataset] = field(default_factory=dict)
    intake: Intake = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing read."""
        self.intake = Intake(self.root, self.encoding, self.progress)

    def read(self) -> tuple[GraphTables, DataReport]:
        """Return the good rows as canonical tables, and everything that was found."""
        self._check_root()
        self.intake.begin()
        dataset = self._dataset()
        self.intake.encodings = dataset.encodings
        specs = mapped_specs(self.intake, dataset) if dataset.tables else plain_specs(self.intake, dataset)
        for name, said in self.said.items():
            check_named(self.intake, name, said, specs)
        blocks = self._blocks(specs, dataset)
        nodes, known = self._nodes(blocks)
        ties = sorted((b for b in blocks if b.spec.kind.name in TYPES), key=lambda b: b.part.table.file)
        if dataset.ends_in_store and self.ids_of is not None:
            self.outside = add_outside(ties, nodes, known, self.ids_of)
        if self.create_missing:
            self.made = make_missing(ties, nodes, known)
        edges = self._edges(blocks, nodes, known, self._unread(specs, dataset))
        tables = GraphTables(
            {k: v for k, v in nodes.items() if len(v)},
            tuple(e for e in edges if len(e)),
            dataset.name,
            dataset.currency,
            dataset.time_zone,
            dataset.settings,
            self.outside,
        )
        self._whole(tables)
        log = self._events(dataset, nodes)
        self.intake.settled()
        return tables.canonical(), self._report(blocks, tables, log)

    def _check_root(self) -> None:
        """Refuse what is no directory."""
        if self.root.is_dir():
            return
        text = f"{self.root} is not a directory" if self.root.exists() else f"{self.root} does not exist"
        raise DataInvalid(
            text,
            source=str(self.root),
            rule="file-unreadable",
            hint="correct its rows in the directory of the same name, and load that"
            if self.root.suffix == ".ndjson"
            else "give a directory with nodes/ and relationships/",
        )

    def _nodes(self, blocks: list[Block]) -> tuple[dict[str, NodeColumns], dict[str, set[str]]]:
        """The good nodes of each label, and the ids of those that are known but not good."""
        nodes: dict[str, NodeColumns] = {}
        known: dict[str, set[str]] = {}
        of = _by_kind(blocks)
        for label in LABELS:
            if label in of:
                nodes[label] = build_nodes(label, of[label], self.intake.findings, self.on_duplicate)
                named = {i for b in of[label] for i in b.ids.tolist() if i is not None}
                known[label] = named - set(nodes[label].ids.tolist())
        return nodes, known

    def _edges(
        self,
        blocks: list[Block],
        nodes: dict[str, NodeColumns],
        known: dict[str, set[str]],
        unread: dict[str, str],
    ) -> list[EdgeColumns]:
        """The good relationships of each type."""
        edges: list[EdgeColumns] = []
        of = _by_kind(blocks)
        for name, kind in TYPES.items():
            if name in of:
                edges += build_edges(kind, of[name], nodes, known, unread, self.on_duplicate)
        return edges

    def _dataset(self) -> Dataset:
        """`dataset.toml`, with the mapping laid over it."""
        place = self.root / "dataset.toml"
        found = self._toml(place, "dataset.toml") if place.exists() or place.is_symlink() else None
        over = None if self.mapping is None else self._toml(self.mapping, self.mapping.name, inside=False)
        if found is None and not place.exists() and not self.intake.findings.fatal:
            self._undeclared(over)
        found = found or Dataset(self.root.resolve().name)
        if over is None:
            return found
        zone = (over.time_zone, over.zone) if over.time_zone else (found.time_zone, found.zone)
        return Dataset(
            over.name or found.name,
            over.currency or found.currency,
            *zone,
            {**found.keep, **over.keep},
            over.tables,
            {**found.settings, **over.settings},
            {**found.encodings, **over.encodings},
            over.event_time_unit or found.event_time_unit,
            over.ends_in_store or found.ends_in_store,
        )

    def _undeclared(self, over: Dataset | None) -> None:
        """Warn of what a missing `dataset.toml` leaves open and the mapping does not say."""
        said = {} if over is None else {"name": over.name, "currency": over.currency, "time zone": over.time_zone}
        open_ = [what for what in ("name", "currency", "time zone") if not said.get(what)]
        if open_:
            text = f"dataset.toml is missing: no {', '.join(open_)} is declared"
            self.intake.warn("dataset", "dataset.toml", text, 'write name = "...", currency = "CNY", time_zone = "UTC"')

    def _toml(self, place: Path, name: str, *, inside: bool = True) -> Dataset | None:
        problem = self.intake.problem(place) if inside else None
        self.intake.note(place, name)
        try:
            if problem is None:
                self.said[name] = parse_dataset(place.read_bytes(), self.root.resolve().name)
                return self.said[name]
            self.intake.fatal(problem[0], name, *problem[1:])
        except MappingWrong as error:
            self.intake.findings.add(error.finding(name), fatal=True)
        except OSError as error:
            self.intake.fatal(
                "file-unreadable", name, f"cannot be read: {error.strerror}", "put a file there that you may read"
            )
        return None

    def _blocks(self, specs: list[TableSpec], dataset: Dataset) -> list[Block]:
        blocks: list[Block] = []
        counts = count_rows(self.intake, specs)
        if counts is None:
            return blocks
        for i, spec in enumerate(specs):
            blocks.append(read_block(spec, self.intake.raw[spec.file], self.intake.findings, dataset.zone, counts))
            self.intake.tell("check files", i + 1, len(specs))
        return blocks

    def _unread(self, specs: list[TableSpec], dataset: Dataset) -> dict[str, str]:
        """Label -> file that could not be read whole: an id of that label may well stand in it."""
        whole = {spec.file for spec in specs if not self.intake.raw[spec.file].n_broken}
        tables = [(spec.kind.name, spec.file) for spec in dataset.tables]
        if not tables:
            parts = [name.partition("/") for name in self.intake.seen]
            tables = [
                (label_of_file(file.split(".")[0]) or "", f"nodes/{file}")
                for folder, _, file in parts
                if folder == "nodes"
            ]
        return {label: file for label, file in tables if file not in whole}

    def _whole(self, tables: GraphTables) -> None:
        """Rules over the whole directory."""
        if tables.edges_of("HOLDS_RIGHTS") and "Brand" not in self.outside:
            ours = sum(x is True for x in tables.nodes_of("Brand").column("ours").tolist())
            if ours != 1:
                text = f"{ours} brands are ours, rights need exactly one"
                self.intake.findings.add(
                    Finding(
                        "rights-owner",
                        "warning",
                        "nodes/brand.csv",
                        None,
                        "ours",
                        str(ours),
                        text,
                        "set ours = true for one brand",
                    )
                )

    def _events(self, dataset: Dataset, nodes: Mapping[str, NodeColumns]) -> EventLog:
        """Judge the event log that lies beside the tables; it is not loaded."""
        files = files_of_events(self.root / "events", self.intake.findings, self.intake.problem, self.intake.fatal)
        if not files:
            return EventLog()
        ids = {label: table.row_of() for label, table in nodes.items()}
        codes = (
            {x for x in nodes["Touchpoint"].column("code").tolist() if x is not None}
            if "Touchpoint" in nodes
            else set()
        )
        return check_events(files, dataset, self.intake.findings, ids, codes, self.encoding)

    def _report(self, blocks: list[Block], tables: GraphTables, log: EventLog) -> DataReport:
        counts = tables.counts()
        shaped = {
            name: table.n_broken
            for name, table in self.intake.raw.items()
            if any(b.part.table is table for b in blocks)
        }
        broken_elsewhere = sum(t.n_broken for n, t in self.intake.raw.items() if n not in shaped)
        rejected = (
            sum(int((~b.part.good).sum()) for b in blocks)
            + sum(shaped.values())
            + self.intake.refused_rows
            + broken_elsewhere
        )
        duplicates = sum(int((b.duplicates & b.part.good).sum()) for b in blocks)
        loaded = sum(counts["by_label"].values()) + sum(counts["by_type"].values())
        rows_in = (
            sum(len(b.part.rows) for b in blocks) + sum(shaped.values()) + self.intake.refused_rows + broken_elsewhere
        )
        rows_in += sum(self.made.values())
        dead: list[RejectedRow] = [r for t in self.intake.raw.values() for r in t.broken]
        for b in blocks:
            if not b.part.good.all():
                dead += b.part.rejected(file_digest(b.part.table.path))
        return DataReport(
            self.intake.findings.sorted(),
            rows_in,
            loaded,
            rejected,
            duplicates,
            counts["by_label"],
            counts["by_type"],
            self.intake.findings.fatal,
            tuple(dead),
            log.counts(),
            self.made,
            tuple(log.rejected()),
        )


def _by_kind(blocks: list[Block]) -> dict[str, list[Block]]:
    """Blocks of each label and type."""
    found: dict[str, list[Block]] = defaultdict(list)
    for block in blocks:
        found[block.spec.kind.name].append(block)
    return found
