"""Modules of diffusion import each other in one direction, type hints included."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import graphkit


def test_no_circle_of_imports():
    """A topological order of the modules exists (CycleError names the circle)."""
    above = {}
    for path in (Path(graphkit.__file__).parent / "diffusion").glob("*.py"):
        imports = [
            node.module or ""
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom)
        ]
        above[path.stem] = {name.rsplit(".", 1)[1] for name in imports if name.startswith("graphkit.diffusion.")}
    order = list(TopologicalSorter(above).static_order())
    assert order.index("credit") < order.index("calibration") < order.index("learn")
