"""Imports go down only, and third-party packages live where the house says."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from graphkit.cli.commands import COMMANDS

ROOT = Path(__file__).resolve().parent.parent / "graphkit"
FLOORS = {
    "errors": 0, "check": 0, "rng": 0, "coins": 0, "progress": 0, "parts": 0, "tabular": 0, "results": 0, "config": 0,
    "need": 0, "intervals": 0, "amounts": 0, "kernel_cache": 0,
    "kernels": 0,
    "model": 1, "store": 2, "synthetic": 2, "projection": 3, "engine": 4,
    "diffusion": 5, "ranking": 5, "community": 5, "matching": 5, "outcomes": 5,
    "influence": 6, "audience": 6, "experiment": 6, "planning": 7, "report": 8, "cli": 9,
}  # fmt: skip
HOMES = {
    "neo4j": ("store/bolt", "store/embedded"),
    "arcadedb": ("store/embedded",),
    "numba": (
        "kernels",
        "coins",
        "diffusion/packed",
        "ranking/lanes",
    ),  # one decorator; the rest are instructions by hand
    "pyarrow": ("tabular", "store/", "projection/snapshot", "projection/columns_file", "report/"),
    "networkx": ("projection/networkx_",),
    "sklearn": ("matching/", "outcomes/"),
    "statsmodels": ("outcomes/",),
    "jinja2": ("report/",),
    "matplotlib": ("report/",),
    "click": ("cli/",),
    "rich": ("cli/", "report/"),
}
FILES = sorted(ROOT.rglob("*.py"))


def room(path: Path) -> str:
    """Return the first part of a file's place inside the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[0]


def for_types_only(tree: ast.AST) -> set[ast.AST]:
    """Return what stands under ``if TYPE_CHECKING``: read by type checkers, never run."""
    return {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for statement in node.body
        for inner in ast.walk(statement)
    }


def imported(tree: ast.AST):
    """Yield (dotted name, line) of every import that runs, those inside functions included."""
    skipped = for_types_only(tree)
    for node in ast.walk(tree):
        if node in skipped and getattr(node, "module", "") and not node.module.startswith("graphkit"):
            continue
        if node in skipped and isinstance(node, ast.Import):
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports escape this check"
            if node.module == "graphkit":
                for alias in node.names:
                    yield f"graphkit.{alias.name}", node.lineno
            else:
                yield node.module, node.lineno


def problems(path: Path, text: str) -> list[str]:
    """Return each import of the file that goes up, sideways or to a package of another room."""
    found = []
    here = room(path)
    inside = path.relative_to(ROOT).with_suffix("").as_posix()
    for name, line in imported(ast.parse(text)):
        top, *rest = name.split(".")
        if top == "graphkit" and here not in {"__init__", "__main__"}:
            there = rest[0] if rest else "__init__"
            # the version is the one thing of the roof that a floor may ask for
            if there == "__init__" or there not in FLOORS:
                found.append(f"{inside}:{line} imports {name}")
            elif there != here and FLOORS[there] > 0 and FLOORS[there] >= FLOORS[here]:
                found.append(f"{inside}:{line} (floor {FLOORS[here]}) imports {name} (floor {FLOORS[there]})")
        elif top in HOMES and not any(inside.startswith(home) for home in HOMES[top]):
            found.append(f"{inside}:{line} imports {top}")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_go_down_only(path):
    """No file imports from its own height, from above, or a package that lives elsewhere."""
    assert problems(path, path.read_text(encoding="utf-8")) == []


def test_an_upward_import_inside_a_function_is_seen():
    """The check sees an import hidden in a function body."""
    text = "def f():\n    from graphkit.planning import channels\n"
    assert len(problems(ROOT / "model" / "x.py", text)) == 1


def test_no_module_imports_itself_in_a_circle():
    """Module by module, imports inside functions included and those for types alone left out: there is an order."""
    modules = {
        f"graphkit.{path.relative_to(ROOT).with_suffix('').as_posix().replace('/', '.')}".removesuffix(
            ".__init__"
        ): path
        for path in FILES
    }
    needs = {}
    for name, path in modules.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        typed = for_types_only(tree)
        froms = [
            node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node not in typed and node.module
        ]
        named = {
            full if full in modules else node.module
            for node in froms
            for full in (f"{node.module}.{alias.name}" for alias in node.names)
        }
        needs[name] = (
            {other for other in named if other in modules and other != "graphkit"} if name != "graphkit" else set()
        )
    assert len(list(TopologicalSorter(needs).static_order())) == len(modules)


def commands_named_in(name: str) -> set[str]:
    """Return the modules of other commands that the module of one command imports."""
    commands = {f"graphkit.cli.{entry.module}" for entry in COMMANDS.values()} - {f"graphkit.cli.{name}"}
    tree = ast.parse((ROOT / "cli" / f"{name}.py").read_text(encoding="utf-8"))
    return {other for other, _ in imported(tree)} & commands


@pytest.mark.parametrize("name", sorted({entry.module for entry in COMMANDS.values()} - {"demo"}))
def test_no_command_imports_another(name):
    """What two commands share has a file of its own; only the demo, which runs others, may ask for them."""
    assert commands_named_in(name) == set()


def test_a_command_inside_a_command_is_seen():
    """The demo writes the page of the report: the check would say so."""
    assert "graphkit.cli.report" in commands_named_in("demo")


LONG: dict[str, int] = {}  # a longer file stands here with its reason


def test_no_file_grows_past_four_hundred_lines():
    """About 400 lines is where a file asks to be split; what is longer stands above with its reason."""
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines()) for path in FILES}
    long = {name: lines for name, lines in lengths.items() if lines > LONG.get(name, 420)}
    assert long == {}
