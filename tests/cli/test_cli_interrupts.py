"""SIGINT and SIGTERM end a command in time, whatever it is doing."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

LONG = (
    20.0  # seconds: what is asked for takes two at most, what is refused takes 30 and more; a busy machine lies between
)
ROOT = Path(__file__).resolve().parents[2]


def _run(body, sent, times=1):
    """Run a command whose body is given; send the signals once it says ready; return (status, seconds, stderr)."""
    code = f"""
import sys, time
import click
import graphkit.cli as root
from graphkit.cli.context import pass_app
from graphkit.cli.group import Command
@click.command(cls=Command)
@pass_app
def search(app):
{textwrap.indent(textwrap.dedent(body), "    ")}
import graphkit.cli.search as module
module.search = search
sys.argv = ["graphkit", "search"]
root.main()
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout.readline().strip() == b"ready"
    time.sleep(0.2)
    begin = time.monotonic()
    for _ in range(times):
        child.send_signal(sent)
        time.sleep(0.1)
    _, err = child.communicate(timeout=2 * LONG)
    return child.returncode, time.monotonic() - begin, err.decode()


SLEEP = """
print('ready', flush=True)
try:
    time.sleep(30)
finally:
    print('put away', file=sys.stderr)
"""
COMPILED = """
import numba
@numba.njit(nogil=True)
def spin(n):
    x = 0
    for i in range(n):
        x ^= i * x + 1
    return x
spin(2)
print('ready', flush=True)
spin(10**12)
"""
STUBBORN = """
import graphkit.cli.interrupts as interrupts
interrupts.GRACE = 30
print('ready', flush=True)
while True:
    try: time.sleep(30)
    except KeyboardInterrupt: pass
"""


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_python_work_stops_at_once(sent, status):
    """The tidy way: the exception runs through, the status says which signal."""
    code, seconds, err = _run(SLEEP, sent)
    assert code == status
    assert seconds < LONG
    assert "Traceback" not in err
    assert err.startswith("put away\n")
    assert err.removeprefix("put away\n").strip()


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_compiled_work_stops_in_time(sent, status):
    """A kernel that never returns to Python is left after the grace."""
    code, seconds, err = _run(COMPILED, sent)
    assert code == status
    assert seconds < LONG
    assert "Traceback" not in err


def test_second_signal_ends_immediately():
    """Who asks twice is not kept waiting, however long the grace is."""
    code, seconds, _ = _run(STUBBORN, signal.SIGINT, times=2)
    assert code == 130
    assert seconds < LONG


def test_half_written_file_is_removed(tmp_path):
    """A file under way when the process must end at once is removed."""
    body = f"""
from pathlib import Path
from graphkit.cli.interrupts import temporary
path = Path({str(tmp_path / "half")!r})
with temporary(path):
    path.write_text("half")
    print('ready', flush=True)
    while True:
        try: time.sleep(30)
        except KeyboardInterrupt: pass
"""
    code, _, _ = _run(body, signal.SIGINT)
    assert code == 130
    assert not list(tmp_path.iterdir())


def test_deadline_guard_ends_a_hang():
    """A call that outlives its limit by two seconds ends the process with 4 and a sentence."""
    code = "import time\nfrom graphkit.cli.interrupts import deadline\nwith deadline(0.1, 'the load did not end'):\n    time.sleep(30)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=LONG)
    assert done.returncode == 4
    assert done.stderr == "Error: the load did not end\n"


def test_a_command_inside_another_program_leaves_its_signal_handlers(tmp_path):
    """Handlers, wake-up pipe and threads are as before; a signal caught during the command does not end the program later."""
    from graphkit.cli import run

    def here():
        before = signal.set_wakeup_fd(-1)
        signal.set_wakeup_fd(before)
        return signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), before

    was, seen = here(), []

    def look(_):
        seen.append(here())
        signal.raise_signal(signal.SIGINT)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("graphkit.cli.output.write_out", lambda *_: look(None))
        assert run(["--store", str(tmp_path / "none"), "query", "--list"]) == 130
    assert seen[0] != was
    assert here() == was
    end = time.monotonic() + 5
    while any(t.name == "graphkit-signals" for t in threading.enumerate()) and time.monotonic() < end:
        time.sleep(0.01)
    assert not any(t.name == "graphkit-signals" for t in threading.enumerate())
    time.sleep(2.2)  # the grace after which a process of its own would be ended
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.skipif(os.name != "posix", reason="file descriptors")
@pytest.mark.parametrize(
    ("closed", "args", "status"),
    [(1, ["query", "--list"], 0), (0, ["query", "--file", "-"], 2), (2, ["query", "none"], 2)],
)
def test_a_closed_stream_is_no_bug(tmp_path, closed, args, status):
    """``>&-``: the command ends as it would, and no file of its own becomes the stream."""
    call = [sys.executable, "-m", "graphkit", "--store", str(tmp_path / "s"), *args]
    shell = ["sh", "-c", f'exec "$@" {closed}>&-', "sh", *call]
    done = subprocess.run(
        shell,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
