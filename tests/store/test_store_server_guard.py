"""The tests' own server never outlives them."""

import os
import signal
import subprocess
import sys
import time

import pytest
from neo4j_server import GUARD

SERVER = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"


def is_alive(pid):
    """Whether a process runs (a zombie does not)."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc to look at foreign processes")
@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM])
def test_the_server_ends_when_the_tests_are_killed(way, tmp_path):
    """A parent that dies without a chance to clean up takes the server and its home along."""
    home = tmp_path / "home"
    home.mkdir()
    parent = (
        "import subprocess, sys, time\n"
        f"guard = subprocess.Popen([sys.executable, '-c', {GUARD!r}, {str(home)!r}, sys.executable, '-c', {SERVER!r}], stdin=subprocess.PIPE, start_new_session=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as tests:
        pid = int(tests.stdout.readline())
        assert is_alive(pid)
        tests.send_signal(way)
        end = time.monotonic() + 20
        while (is_alive(pid) or home.exists()) and time.monotonic() < end:
            time.sleep(0.05)
        assert not is_alive(pid)
        assert not home.exists()
