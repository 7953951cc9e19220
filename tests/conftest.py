"""Shared fixtures: one seed, the stores, and a closing word on which stores ran."""

import os
import shutil
import signal
import threading

import pytest
from hypothesis import settings

settings.register_profile("graphkit", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("graphkit")

pytest_plugins = ["store_fixtures"]

OWN = {"GRAPHKIT_STORE", "GRAPHKIT_CONFIG", "GRAPHKIT_LANG"}
LONGEST = {"neo4j", "tests/test_quality.py", "tests/test_readme.py"}


def pytest_configure(config):
    """Keep the order of files, and listen to Ctrl-C also where the shell told background jobs to ignore it.

    Tests of interrupts and their children rely on Ctrl-C; by itself -n would begin with the files of most tests.
    """
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_generate_tests(metafunc):
    """Give tests that ask for a seed the default one, or a range on demand."""
    if "seed" in metafunc.fixturenames:
        text = os.environ.get("GRAPHKIT_TEST_SEEDS", "1")
        first, _, last = text.partition("-")
        metafunc.parametrize("seed", range(int(first), int(last or first) + 1))


@pytest.hookimpl(tryfirst=True)  # before the workers of -n read the groups
def pytest_collection_modifyitems(config, items):
    """Leave the long sweeps out unless asked for by their mark; with -n, a file stays together and so does all that needs Neo4j.

    The longest groups come first. They compile hardly anything, so that two workers seldom compile the same kernel at once.
    """
    if "slow" not in (config.getoption("-m") or ""):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="takes minutes: pytest -m slow"))
    for item in items:
        server = item.get_closest_marker("neo4j") or "neo4j_server" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("neo4j" if server else item.nodeid.partition("::")[0]))
    items.sort(key=lambda item: item.get_closest_marker("xdist_group").args[0] not in LONGEST)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Let -n auto start a worker a core, at most four: a worker compiles and keeps an engine of its own."""
    return min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """Take over what a worker says of the stores."""
    from store_fixtures import add_stores

    add_stores(getattr(node, "workeroutput", {}).get("stores"))


def pytest_sessionfinish(session):
    """Tell the main process, if this is a worker, which stores ran here."""
    from store_fixtures import told_stores

    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["stores"] = told_stores()


def pytest_terminal_summary(terminalreporter):
    """Print which stores ran and why any did not, and whether a browser could draw the page."""
    from store_fixtures import store_summary

    for line in store_summary():
        terminalreporter.write_line(line)
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    terminalreporter.write_line(
        "browser: found, draws the page" if browser else "browser: no chromium here, the page is not drawn"
    )


@pytest.fixture(scope="session", autouse=True)
def _no_foreign_settings():
    """Keep a user's own database, settings and language out of the tests."""
    names = [name for name in os.environ if name.startswith("NEO4J_") or name in OWN]
    kept = {name: os.environ.pop(name) for name in names}
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name, "").lower().startswith("zh"):
            kept[name], os.environ[name] = os.environ[name], "C.UTF-8"
    yield
    os.environ.update(kept)
