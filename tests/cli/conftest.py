"""What tests of commands share: an input directory from tables, and a caller on the store beside it.

A module gives its own ``home``: a folder in which ``store`` is or becomes the embedded store.
"""

import pytest

from graphkit.cli import run

TOML = 'name = "small"\ncurrency = "CNY"\ntime_zone = "UTC"\n'


@pytest.fixture(scope="session")
def write_tables():
    """Write {file: (header, rows)} and dataset.toml into a folder."""

    def write(folder, tables, more=""):
        for name, (head, rows) in tables.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
        (folder / "dataset.toml").write_text(TOML + more, encoding="utf-8")

    return write


@pytest.fixture(scope="module")
def patched():
    """No signal handlers of the command line inside the test process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("graphkit.cli.context.install", lambda: None)
        yield


@pytest.fixture(scope="module")
def load(patched):
    """Load ``data`` of a folder into its ``store``; return the folder."""

    def loaded(root):
        assert run(["--store", str(root / "store"), "load", str(root / "data"), "--format", "json"]) == 0
        return root

    return loaded


@pytest.fixture
def gk(home, patched, capsys):
    """Run a command on the store of the module's home; return (status, stdout, stderr)."""
    capsys.readouterr()

    def call(*args):
        code = run(["--store", str(home / "store"), *map(str, args)])
        return code, *capsys.readouterr()

    return call
