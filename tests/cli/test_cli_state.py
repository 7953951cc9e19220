"""A command run inside another program leaves that program as it was."""

import logging
import os
import random
import signal
import sys
import warnings

import numpy as np
import pytest

from graphkit.cli import run

LOGGERS = ("", "graphkit", "graphkit.projection", "neo4j", "arcadedb", "matplotlib", "numba")


def state():
    """What a command could change for everybody: where messages go, settings of the process, signals, global randomness."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    mask = os.umask(0)
    os.umask(mask)
    return {
        "logging": [(log.name, log.handlers[:], log.level, log.propagate, log.disabled) for log in loggers],
        "warnings": warnings.filters[:],
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "umask": mask,
        "signals": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)],
        "randomness": (random.getstate(), np.random.get_state()[1].tobytes()),  # noqa: NPY002  it must stay as it is
        "numpy errors": np.geterr(),
        "hooks": (sys.excepthook, sys.unraisablehook, sys.displayhook),
        "streams": (sys.stdin, sys.stdout, sys.stderr),
    }


@pytest.mark.parametrize(
    ("args", "status"),
    [
        (["-vv", "doctor", "--settings"], 0),
        (["-q", "schema", "describe"], 0),
        (["plan", "--for", "Film:f1"], 2),
        (["--store", "nowhere", "query", "browser/nodes"], 4),
    ],
)
def test_a_command_leaves_nothing_changed_behind(args, status, tmp_path, monkeypatch, capsys):
    """Done, refused or failed: loggers, warnings, environment, signals and random states are those of before."""
    monkeypatch.chdir(tmp_path)
    before = state()
    assert run(args) == status
    after = state()
    assert {name: after[name] for name in before if after[name] != before[name]} == {}
    assert capsys.readouterr() != ("", "")


def test_messages_go_to_the_handlers_of_the_program_again(tmp_path, caplog):
    """A warning of the library after a command reaches whoever listened before it."""
    assert run(["--store", str(tmp_path / "none"), "query", "browser/nodes"]) == 4
    logging.getLogger("graphkit.projection.learned").warning("heard")
    assert "heard" in caplog.text
