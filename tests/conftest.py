"""Shared fixtures: one seed, the stores, and a closing word on which stores ran."""

import os
import shutil

import pytest
from hypothesis import settings

settings.register_profile("graphkit", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("graphkit")

pytest_plugins = ["store_fixtures"]


def pytest_generate_tests(metafunc):
    """Give tests that ask for a seed the default one, or a range on demand."""
    if "seed" in metafunc.fixturenames:
        text = os.environ.get("GRAPHKIT_TEST_SEEDS", "1")
        first, _, last = text.partition("-")
        metafunc.parametrize("seed", range(int(first), int(last or first) + 1))


def pytest_collection_modifyitems(config, items):
    """Leave the long sweeps out unless they are asked for by name of their mark."""
    if "slow" not in (config.getoption("-m") or ""):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="takes minutes: pytest -m slow"))


def pytest_terminal_summary(terminalreporter):
    """Print which stores ran and why any did not, and whether a browser could draw the page."""
    from store_fixtures import store_summary

    for line in store_summary():
        terminalreporter.write_line(line)
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    terminalreporter.write_line("browser: found, draws the page" if browser else "browser: no chromium here, the page is not drawn")


@pytest.fixture(scope="session", autouse=True)
def _no_foreign_settings():
    """Keep a user's own database and settings out of the tests."""
    names = [name for name in os.environ if name.startswith("NEO4J_") or name in {"GRAPHKIT_STORE", "GRAPHKIT_CONFIG"}]
    kept = {name: os.environ.pop(name) for name in names}
    yield
    os.environ.update(kept)
