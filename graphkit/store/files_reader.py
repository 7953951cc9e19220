"""One reading of one directory: find the files, read them, judge every row, build the tables and the report."""

from __future__ import annotations

import stat
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from graphkit.errors import DataInvalid
from graphkit.model.schema import LABELS, TYPES, NodeLabel, RelationshipType, label_of_file, type_of_file
from graphkit.model.tables import GraphTables, NodeColumns
from graphkit.model.validate import DataReport, Finding, RejectedRow
from graphkit.progress import Progress, ProgressCallback
from graphkit.store.files_csv import read_csv
from graphkit.store.files_events import EventLog, check_events, files_of_events
from graphkit.store.files_graph import build_edges, build_nodes
from graphkit.store.files_parquet import read_parquet
from graphkit.store.files_plain import plain_spec
from graphkit.store.files_raw import FileRefused, Findings, RawTable, file_digest
from graphkit.store.files_settle import make_missing
from graphkit.store.files_table import Block, read_block, select_rows
from graphkit.store.mapping import Dataset, MappingWrong, TableSpec, parse_dataset

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DirectoryReader"]

SUFFIXES = (".csv", ".csv.gz", ".parquet")


@dataclass
class DirectoryReader:
    """One reading of one directory."""

    root: Path
    mapping: str | Path | None
    encoding: str
    progress: ProgressCallback | None
    on_duplicate: str = "error"
    create_missing: bool = False
    made: dict[str, int] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)
    raw: dict[str, RawTable] = field(default_factory=dict)
    refused_rows: int = 0

    def read(self) -> tuple[GraphTables, DataReport]:
        """Return the good rows as canonical tables, and everything that was found."""
        if not self.root.is_dir():
            text = f"{self.root} is not a directory" if self.root.exists() else f"{self.root} does not exist"
            raise DataInvalid(
                text,
                source=str(self.root),
                rule="file-unreadable",
                hint="give a directory with nodes/ and relationships/",
            )
        dataset = self._dataset()
        specs = self._mapped_specs(dataset) if dataset.tables else self._plain_specs(dataset)
        blocks = self._blocks(specs, dataset)
        nodes, edges = {}, []
        by_kind: dict[str, list[Block]] = defaultdict(list)
        for b in blocks:
            by_kind[b.spec.kind.name].append(b)
        for label in LABELS:
            if label in by_kind:
                nodes[label] = build_nodes(label, by_kind[label], self.findings, self.on_duplicate)
        known = {label: {i for b in by_kind[label] for i in b.ids.tolist() if i is not None} for label in nodes}
        known = {label: known[label] - set(nodes[label].ids.tolist()) for label in nodes}
        if self.create_missing:
            ties = [b for b in blocks if b.spec.kind.name in TYPES]
            self.made = make_missing(sorted(ties, key=lambda b: b.part.table.file), nodes, known)
        for name, kind in TYPES.items():
            if name in by_kind:
                edges += build_edges(kind, by_kind[name], nodes, known, self.on_duplicate)
        tables = GraphTables(
            {k: v for k, v in nodes.items() if len(v)},
            tuple(e for e in edges if len(e)),
            dataset.name,
            dataset.currency,
            dataset.time_zone,
            dataset.settings,
        )
        self._whole(tables, dataset)
        log = self._events(dataset, nodes)
        return tables.canonical(), self._report(blocks, tables, log)

    def _dataset(self) -> Dataset:
        """`dataset.toml`, with the mapping laid over it."""
        place = self.root / "dataset.toml"
        found = self._toml(place, "dataset.toml") if place.exists() or place.is_symlink() else None
        if found is None and not place.exists():
            text = "dataset.toml is missing: no name, currency or time zone is declared"
            self.findings.add(
                Finding(
                    "dataset",
                    "warning",
                    "dataset.toml",
                    None,
                    None,
                    None,
                    text,
                    'write name = "...", currency = "CNY", time_zone = "UTC"',
                )
            )
        found = found or Dataset(self.root.resolve().name)
        if self.mapping is None:
            return found
        over = self._toml(Path(self.mapping), Path(self.mapping).name, inside=False)
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
        )

    def _toml(self, place: Path, name: str, *, inside: bool = True) -> Dataset | None:
        problem = self._problem(place) if inside else None
        try:
            if problem is None:
                return parse_dataset(place.read_bytes(), self.root.resolve().name)
            finding = Finding(problem[0], "error", name, None, None, None, problem[1], None)
        except MappingWrong as error:
            finding = error.finding(name)
        except OSError as error:
            finding = Finding(
                "file-unreadable", "error", name, None, None, None, f"cannot be read: {error.strerror}", None
            )
        self.findings.add(finding, fatal=True)
        return None

    def _problem(self, place: Path) -> tuple[str, str] | None:
        """Why a path is no readable file inside the directory."""
        try:
            real = place.resolve(strict=True)
            mode = real.stat().st_mode
        except (OSError, RuntimeError) as error:
            return "file-unreadable", f"cannot be read: {getattr(error, 'strerror', None) or error}"
        if not real.is_relative_to(self.root.resolve()):
            return "file-outside", "a link leads out of the input directory"
        if not stat.S_ISREG(mode):
            return "file-unreadable", "is not a file"
        return None

    def _fatal(self, rule: str, name: str, text: str, hint: str | None = None, rows: int = 0) -> None:
        self.findings.add(Finding(rule, "error", name, None, None, None, text, hint), fatal=True)
        self.refused_rows += rows

    def _files(self) -> dict[str, tuple[Path, NodeLabel | RelationshipType, tuple[str | None, str | None]]]:
        """Files of the plain layout by name, each with its label or type."""
        out: dict[str, tuple[Path, NodeLabel | RelationshipType, tuple[str | None, str | None]]] = {}
        seen: dict[str, str] = {}
        for folder in ("nodes", "relationships"):
            place = self.root / folder
            outside = not place.is_dir() or not place.resolve().is_relative_to(self.root.resolve())
            if outside and (place.is_symlink() or place.exists()):
                rule = "file-outside" if place.is_symlink() else "file-unreadable"
                self._fatal(rule, folder, "is not a folder inside the input directory")
                continue
            for path in sorted(place.iterdir()) if place.is_dir() else ():
                name = f"{folder}/{path.name}"
                suffix = next((s for s in SUFFIXES if path.name.endswith(s)), None)
                if suffix is None or path.name.startswith("."):
                    text = "only .csv, .csv.gz and .parquet files are read"
                    self.findings.add(Finding("file-ignored", "warning", name, None, None, None, text, None))
                    continue
                stem = path.name.removesuffix(suffix)
                pair: tuple[str | None, str | None] = (None, None)
                kind: NodeLabel | RelationshipType | None = None
                if folder == "nodes":
                    kind = LABELS.get(label_of_file(stem) or "")
                else:
                    parsed = type_of_file(stem)
                    if parsed:
                        kind, pair = TYPES[parsed[0]], (parsed[1], parsed[2])
                problem = self._problem(path)
                if kind is None or (isinstance(kind, NodeLabel) and kind.written):
                    what = "label" if folder == "nodes" else "relationship type (or type__source__target)"
                    text = (
                        f"{stem!r} is no {what} of the model"
                        if kind is None
                        else f"{kind.name} is written by graphkit and not read from files"
                    )
                    self._fatal("file-unknown", name, text, "see graphkit schema for the names")
                elif problem is not None:
                    self._fatal(problem[0], name, problem[1])
                elif stem in seen:
                    self._fatal("file-twice", name, f"{seen[stem]} holds the same table", "keep one of the two")
                else:
                    seen[stem] = name
                    out[name] = (path, kind, pair)
        return out

    def _plain_specs(self, dataset: Dataset) -> list[TableSpec]:
        files = self._files()
        if not files and not self.findings.fatal:
            self._fatal(
                "file-empty",
                "nodes",
                "the directory holds no table: nodes/<label>.csv is missing",
                "see the README for the layout",
            )
        specs = []
        for i, (name, (path, kind, pair)) in enumerate(files.items()):
            table = self._load(path, name)
            self._tell("read", i + 1, len(files))
            if table is None:
                continue
            try:
                spec, problems = plain_spec(name, table.names, kind, pair, dataset.keep)
            except MappingWrong as error:
                self.findings.add(error.finding("dataset.toml"), fatal=True)
                self.refused_rows += len(table)
                continue
            broken = [p for p in problems if p.severity == "error"]
            for p in problems:
                self.findings.add(p, fatal=p.severity == "error")
            if broken:
                self.refused_rows += len(table)
            else:
                specs.append(spec)
        return specs

    def _mapped_specs(self, dataset: Dataset) -> list[TableSpec]:
        used: dict[str, set[str]] = defaultdict(set)
        wanted = {s.file for s in dataset.tables} | {
            c.count for s in dataset.tables for c in s.columns.values() if c.count
        }
        for i, name in enumerate(sorted(wanted)):
            path = self.root / name
            problem = self._problem(path)
            if problem is not None:
                self._fatal(problem[0], name, problem[1], "correct the mapping")
            elif not name.endswith(SUFFIXES):
                self._fatal("file-unknown", name, "only .csv, .csv.gz and .parquet files are read")
            else:
                self._load(path, name)
            self._tell("read", i + 1, len(wanted))
        specs = []
        for spec in dataset.tables:
            table = self.raw.get(spec.file)
            if table is None:
                continue
            lacking = sorted(spec.used() - set(table.names))
            required = [
                p.name
                for p in spec.kind.properties.values()
                if p.required and p.name not in {*spec.columns, *spec.constants, "id"}
            ]
            for column in lacking:
                self._fatal(
                    "missing-column",
                    spec.file,
                    f"the mapping names column {column!r}, which the file lacks",
                    f"its columns: {', '.join(table.names[:20])}",
                    0,
                )
            for name in required:
                self._fatal(
                    "missing-column",
                    spec.file,
                    f"the mapping gives no {name} for {spec.kind.name}",
                    "add it to columns or constants",
                )
            if not lacking and not required:
                specs.append(spec)
                used[spec.file] |= spec.used() | set(spec.kept)
        self._unmapped(dataset, used)
        return specs

    def _unmapped(self, dataset: Dataset, used: Mapping[str, set[str]]) -> None:
        """Report columns and files that the mapping leaves out."""
        for name, columns in sorted(used.items()):
            left = [c for c in self.raw[name].names if c not in columns and c not in {":LABEL", ":TYPE"}]
            for column in left[:50]:
                text = f"column {column[:80]!r} is neither mapped nor kept"
                self.findings.add(
                    Finding(
                        "unknown-column",
                        "warning",
                        name,
                        1,
                        column[:200],
                        None,
                        text,
                        "map it, or name it under [keep]",
                    )
                )
            taken = sum(
                len(select_rows(s, self.raw[name]))
                for s in dataset.tables
                if s.file == name and set(s.where) <= set(self.raw[name].names)
            )
            if taken < len(self.raw[name]) and any(s.where for s in dataset.tables if s.file == name):
                text = f"{len(self.raw[name]) - taken} rows are taken by no table of the mapping"
                self.findings.add(
                    Finding("file-ignored", "warning", name, None, None, None, text, "add a table for them")
                )
        for folder in ("nodes", "relationships"):
            place = self.root / folder
            for path in sorted(place.iterdir()) if place.is_dir() else ():
                name = f"{folder}/{path.name}"
                if name not in self.raw and not any(s.file == name for s in dataset.tables):
                    self.findings.add(
                        Finding(
                            "file-ignored", "warning", name, None, None, None, "the mapping leaves this file out", None
                        )
                    )

    def _load(self, path: Path, name: str) -> RawTable | None:
        try:
            table = (
                read_parquet(path, name)
                if name.endswith(".parquet")
                else read_csv(path, name, self.findings, encoding=self.encoding)
            )
        except FileRefused as error:
            self.findings.add(error.finding, fatal=True)
            self.refused_rows += error.rows
            return None
        self.raw[name] = table
        return table

    def _blocks(self, specs: list[TableSpec], dataset: Dataset) -> list[Block]:
        counts: dict[tuple[str, str], Counter[str]] = {}
        for spec in specs:
            for source in spec.columns.values():
                if source.count and source.by and source.count in self.raw:
                    columns = self.raw[source.count].columns
                    if source.by not in columns:
                        self._fatal(
                            "missing-column", source.count, f"the mapping counts by {source.by!r}, which the file lacks"
                        )
                        return []
                    counts[source.count, source.by] = Counter(columns[source.by].to_pylist())
                elif source.count:
                    return []
        blocks = []
        for i, spec in enumerate(specs):
            blocks.append(read_block(spec, self.raw[spec.file], self.findings, dataset.zone, counts))
            self._tell("check", i + 1, len(specs))
        return blocks

    def _whole(self, tables: GraphTables, dataset: Dataset) -> None:
        """Rules over the whole directory."""
        for name, high, what in (("reach_p", 1.0, "numbers in [0, 1] per channel kind"), ("event_weights", 2.0**63, "numbers of at least 0 per kind of event")):
            given = dataset.settings.get(name, {})
            if not isinstance(given, dict) or any(type(v) not in (int, float) or not 0 <= v <= high for v in given.values()):
                self._fatal("dataset", "dataset.toml", f"{name} must hold {what}, not {given!r}")
        if tables.edges_of("HOLDS_RIGHTS"):
            ours = sum(x is True for x in tables.nodes_of("Brand").column("ours").tolist())
            if ours != 1:
                text = f"{ours} brands are ours, rights need exactly one"
                self.findings.add(
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
        files = files_of_events(self.root / "events", self.findings, self._problem, self._fatal)
        if not files:
            return EventLog()
        ids = {label: table.row_of() for label, table in nodes.items()}
        codes = {x for x in nodes["Touchpoint"].column("code").tolist() if x is not None} if "Touchpoint" in nodes else set()
        return check_events(files, dataset.zone, self.findings, ids, codes, self.encoding)

    def _report(self, blocks: list[Block], tables: GraphTables, log: EventLog) -> DataReport:
        counts = tables.counts()
        shaped = {
            name: table.n_broken for name, table in self.raw.items() if any(b.part.table is table for b in blocks)
        }
        broken_elsewhere = sum(t.n_broken for n, t in self.raw.items() if n not in shaped)
        rejected = (
            sum(int((~b.part.good).sum()) for b in blocks) + sum(shaped.values()) + self.refused_rows + broken_elsewhere
        )
        duplicates = sum(int((b.duplicates & b.part.good).sum()) for b in blocks)
        loaded = sum(counts["by_label"].values()) + sum(counts["by_type"].values())
        rows_in = sum(len(b.part.rows) for b in blocks) + sum(shaped.values()) + self.refused_rows + broken_elsewhere
        rows_in += sum(self.made.values())
        dead: list[RejectedRow] = [r for t in self.raw.values() for r in t.broken]
        for b in blocks:
            if not b.part.good.all():
                dead += b.part.rejected(file_digest(b.part.table.path))
        return DataReport(
            self.findings.sorted(),
            rows_in,
            loaded,
            rejected,
            duplicates,
            counts["by_label"],
            counts["by_type"],
            self.findings.fatal,
            (*dead, *log.rejected()),
            log.counts(),
            self.made,
        )

    def _tell(self, phase: str, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress(Progress(phase, done, total, "files"))
