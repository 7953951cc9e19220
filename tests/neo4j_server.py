"""A real Neo4j for tests: from `GRAPHKIT_TEST_NEO4J_URI`, or started from its Maven artifacts, never a user's own."""

import contextlib
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

VERSION = "5.26.30"
CACHE = Path(os.environ.get("GRAPHKIT_TEST_CACHE", Path.home() / ".cache" / "graphkit-tests"))
OPENS = [
    f"--add-opens=java.base/{p}=ALL-UNNAMED" for p in ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
]
CONF = """server.default_listen_address=127.0.0.1
server.bolt.listen_address=127.0.0.1:{port}
server.http.enabled=false
server.https.enabled=false
server.directories.import=import
dbms.usage_report.enabled=false
server.memory.heap.initial_size=256m
server.memory.heap.max_size=1g
server.memory.pagecache.size=128m
db.tx_log.rotation.size=32m
db.tx_log.preallocate=false
"""


# Runs the server as a child of its own and ends it when standard input ends, which it does however the tests die.
GUARD = """
import os, shutil, subprocess, sys, threading
home, *command = sys.argv[1:]
server, orphaned = subprocess.Popen(command, stdin=subprocess.DEVNULL), threading.Event()
def watch():
    while os.read(0, 4096):  # not by sys.stdin, whose lock would break the end of a guard that still reads
        pass
    orphaned.set()
    server.terminate()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    shutil.rmtree(home, ignore_errors=True)
watcher = threading.Thread(target=watch, daemon=True)
watcher.start()
code = server.wait()
if orphaned.is_set():
    watcher.join()
sys.exit(code if code >= 0 else 128 - code)
"""


class Absent(Exception):
    """Why no Neo4j can be had here, in words."""


class PortTaken(Absent):
    """Another process took the port between our choice and the server's start, some seconds later."""


def jars(name):
    """Folder with the jars that a pom under tests/ names; resolved once, then kept outside the work tree."""
    lib = CACHE / f"{name}-{VERSION}"
    if (lib / "complete").exists():
        return lib
    if not shutil.which("mvn"):
        raise Absent("Maven (mvn) is not on PATH")
    CACHE.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=CACHE))
    try:
        pom = Path(__file__).with_name(f"pom-{name}.xml")
        shutil.copy(pom, aside / "pom.xml")  # Maven writes beside its pom
        command = [
            "mvn",
            "-q",
            "-B",
            f"-Dneo4j.version={VERSION}",
            "dependency:copy-dependencies",
            f"-DoutputDirectory={aside}",
        ]
        done = subprocess.run(command, cwd=aside, capture_output=True, text=True)
        if done.returncode:
            raise Absent("Maven could not fetch Neo4j: " + (done.stdout + done.stderr)[-300:])
        (aside / "complete").touch()
        with contextlib.suppress(OSError):
            aside.rename(lib)
    finally:
        if not (lib / "complete").exists():
            shutil.rmtree(aside, ignore_errors=True)
    return lib


def java():
    """Path of a Java of at least 17."""
    found = shutil.which("java")
    if not found:
        raise Absent("java is not on PATH")
    text = subprocess.run([found, "-version"], capture_output=True, text=True).stderr
    version = re.search(r'"(\d+)', text)
    if not version or int(version[1]) < 17:
        raise Absent(f"Java 17 or newer is needed, found {text.splitlines()[0] if text else 'none'}")
    return found


class Given:
    """A server that somebody named for the tests."""

    def __init__(self):
        self.uri = os.environ["GRAPHKIT_TEST_NEO4J_URI"]
        self.username = os.environ.get("GRAPHKIT_TEST_NEO4J_USERNAME", "neo4j")
        self.password = os.environ.get("GRAPHKIT_TEST_NEO4J_PASSWORD")
        self.database = os.environ.get("GRAPHKIT_TEST_NEO4J_DATABASE", "neo4j")

    def driver(self):
        """A driver of the tests' own."""
        from neo4j import GraphDatabase

        return GraphDatabase.driver(self.uri, auth=(self.username, self.password), telemetry_disabled=True)

    def wipe(self):
        """Empties the database, schema kept."""
        with self.driver() as d, d.session(database=self.database) as s:
            s.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 20000 ROWS").consume()

    def query(self, text, **params):
        """Rows by a driver of the tests' own."""
        with self.driver() as d:
            return [r.data() for r in d.execute_query(text, params, database_=self.database)[0]]

    def cypher_shell(self, text):
        """What the real cypher-shell prints for a text."""
        lib = jars("cypher-shell")
        with tempfile.NamedTemporaryFile("w", suffix=".cypher", delete=False, encoding="utf-8") as file:
            file.write(text)
        try:
            command = [
                java(),
                "-Xmx256m",
                "-cp",
                f"{lib}/*",
                "org.neo4j.shell.Main",
                "-a",
                self.uri,
                "-u",
                self.username,
                "-d",
                self.database,
            ]
            env = {**os.environ, "NEO4J_PASSWORD": self.password or ""}
            done = subprocess.run(
                [*command, "--format", "plain", "-f", file.name], capture_output=True, text=True, timeout=60, env=env
            )
        finally:
            os.unlink(file.name)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout

    def close(self):
        """Leave somebody else's server as it is."""


class Started(Given):
    """A server of our own on a free port of this machine, gone at the end."""

    def __init__(self):
        self.java = java()
        self.lib = jars("neo4j")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.uri, self.username, self.password, self.database = (
            f"bolt://127.0.0.1:{port}",
            "neo4j",
            secrets.token_hex(12),
            "neo4j",
        )
        self.home = Path(tempfile.mkdtemp(prefix="graphkit-neo4j-"))
        self.process = None
        for name in ("conf", "import"):
            (self.home / name).mkdir()
        (self.home / "conf" / "neo4j.conf").write_text(CONF.format(port=port))
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def admin(self, args, cwd=None):
        """Run neo4j-admin on this server's home."""
        command = [
            self.java,
            *OPENS,
            "-cp",
            f"{self.lib}/*",
            f"-Dapp.home={self.home}",
            "org.neo4j.cli.AdminTool",
            *args,
        ]
        env = {**os.environ, "NEO4J_HOME": str(self.home), "NEO4J_CONF": str(self.home / "conf")}
        return subprocess.run(command, capture_output=True, text=True, timeout=180, env=env, cwd=cwd)

    def _start(self):
        done = self.admin(["dbms", "set-initial-password", self.password])
        if done.returncode:
            raise Absent("the initial password could not be set: " + done.stderr[-300:])
        with zipfile.ZipFile(next(self.lib.glob(f"neo4j-{VERSION}.jar"))) as jar:
            main = re.sub(
                r"#.*", "", jar.read("META-INF/services/org.neo4j.server.startup.EntryPoint").decode()
            ).split()[0]
        command = [
            self.java,
            "-cp",
            f"{self.lib}/*",
            *OPENS,
            "-Xms256m",
            "-Xmx1g",
            main,
            f"--home-dir={self.home}",
            f"--config-dir={self.home}/conf",
        ]
        with (self.home / "console.log").open("wb") as console:
            guarded = [sys.executable, "-c", GUARD, str(self.home), *command]
            self.process = subprocess.Popen(
                guarded, stdout=console, stderr=console, stdin=subprocess.PIPE, start_new_session=True
            )
        log, end = self.home / "logs" / "neo4j.log", time.monotonic() + 120
        while not (log.exists() and "Started." in log.read_text(errors="replace")):
            if self.process.poll() is not None or time.monotonic() > end:
                raise _why(log, self.home / "console.log")
            time.sleep(0.1)

    def close(self):
        """Stop the server and remove its home: the same way as when the tests are killed."""
        if self.process is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)


def _why(*logs):
    """What a server said that did not start: its errors and their causes, else its last words."""
    text = "\n".join(log.read_text(errors="replace") for log in logs if log.exists())
    errors = [line[:300] for line in text.splitlines() if " ERROR " in line or line.startswith("Caused by")]
    kind = PortTaken if "Address already in use" in text else Absent
    return kind("Neo4j did not start: " + ("\n".join(errors) or text[-400:]))


def obtain():
    """A server by the order of the project: named by the environment, started from Maven, else `Absent` says why not."""
    if os.environ.get("GRAPHKIT_TEST_NEO4J_URI"):
        return Given()
    try:
        return Started()
    except PortTaken:
        return Started()
