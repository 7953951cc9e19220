"""The golden graph and rows of the named queries (fixtures/golden/queries), and when two tables of rows are the same."""

import json
import math
from pathlib import Path

import numpy as np

from graphkit.model.tables import EdgeColumns, GraphTables, NodeColumns, as_column, object_array
from graphkit.model.validate import DataReport

FIXTURES = Path(__file__).parents[1] / "fixtures"
CASES = json.loads((FIXTURES / "golden/queries/cases.json").read_text(encoding="utf-8"))


def columns(rows, without):
    """Columns by name from dictionaries."""
    names = sorted({name for row in rows for name in row} - without)
    return {name: as_column([row.get(name) for row in rows]) for name in names}


def golden_tables():
    """The hand-made graph of the golden rows."""
    graph = json.loads((FIXTURES / "golden/queries/graph.json").read_text(encoding="utf-8"))
    nodes = {
        k: NodeColumns(k, object_array([r["id"] for r in rows]), columns(rows, {"id"}))
        for k, rows in graph["nodes"].items()
    }
    groups = {}
    for type_, source_label, source, target_label, target, properties in graph["relationships"]:
        groups.setdefault((type_, source_label, target_label), []).append((source, target, properties))
    edges = []
    for (type_, source_label, target_label), rows in groups.items():
        ends = [
            np.array([nodes[label].row_of()[row[i]] for row in rows], dtype=np.int64)
            for i, label in ((0, source_label), (1, target_label))
        ]
        edges.append(EdgeColumns(type_, source_label, target_label, *ends, columns([row[2] for row in rows], set())))
    return GraphTables(nodes, tuple(edges), "golden", "CNY", "UTC")


def report_of(tables):
    """The reader's report for tables made by hand."""
    rows = sum(map(len, tables.nodes.values())) + sum(map(len, tables.edges))
    counts = tables.counts()
    return DataReport((), rows, rows, 0, 0, counts["by_label"], counts["by_type"])


def same(a, b):
    """Equal rows: same columns in the same order, same types, floats to 1e-9."""
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return isinstance(b, (list, tuple)) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return isinstance(b, float) and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)
    return type(a) is type(b) and a == b
