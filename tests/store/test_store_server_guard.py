"""The tests' own server never outlives them."""

import os
import signal
import subprocess
import sys
import time

import neo4j_server
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


def test_a_server_that_ends_by_itself_ends_its_guard_too(tmp_path):
    """With its own status and without a word: the guard broke off by a fatal error, which hid why the server had ended."""
    command = [sys.executable, "-c", GUARD, str(tmp_path), sys.executable, "-c", "raise SystemExit(3)"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as guard:
        assert guard.wait(30) == 3
        assert guard.stdout.read() == b""


def test_a_port_taken_before_the_server_had_it_costs_a_second_start(monkeypatch, tmp_path):
    """The server opens its port seconds after it was found free; of what it says, the errors are told."""
    log = tmp_path / "neo4j.log"
    log.write_text(
        "10:00 INFO  Starting...\n10:01 ERROR Failed to start Neo4j on 127.0.0.1:7474.\n\tat org.neo4j.A\n"
        "Caused by: bind(..) failed with error(-98): Address already in use\n10:02 INFO  Stopped.\n"
    )
    why = neo4j_server._why(log, tmp_path / "none")
    assert str(why).splitlines()[1].startswith("Caused by: bind")
    tries = [why, "a server"]

    def start():
        found = tries.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.delenv("GRAPHKIT_TEST_NEO4J_URI", raising=False)
    monkeypatch.setattr(neo4j_server, "Started", start)
    assert neo4j_server.obtain() == "a server"
    log.write_text("10:00 INFO  Starting...\n10:01 ERROR no memory\n")
    tries.append(neo4j_server._why(log))
    with pytest.raises(neo4j_server.Absent, match="no memory"):
        neo4j_server.obtain()
