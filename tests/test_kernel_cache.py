"""Kernels find a place for what is compiled even where package and home are read-only."""

import os
import stat

import pytest

from graphkit import kernel_cache


@pytest.fixture
def read_only(monkeypatch, tmp_path):
    """No variable, a package and a home that may not be written to, a temporary folder of the test's own."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    real = os.access
    monkeypatch.setattr(kernel_cache.os, "access", lambda path, mode: not mode & os.W_OK and real(path, mode))
    yield tmp_path
    os.environ.pop("NUMBA_CACHE_DIR", None)


def test_a_read_only_home_gets_a_folder_of_its_own(read_only):
    """Named to numba, for this user alone, the same one the next time."""
    kernel_cache.provide_kernel_cache("/package")
    folder = os.environ["NUMBA_CACHE_DIR"]
    assert os.path.dirname(folder) == str(read_only)
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    del os.environ["NUMBA_CACHE_DIR"]
    kernel_cache.provide_kernel_cache("/package")
    assert os.environ["NUMBA_CACHE_DIR"] == folder


def test_a_folder_others_may_write_to_is_not_trusted(read_only):
    """Whoever plants a kernel there would have it run; a fresh folder is taken instead."""
    planted = read_only / f"graphkit-kernels-{os.getuid()}"
    planted.mkdir()
    planted.chmod(0o777)
    kernel_cache.provide_kernel_cache("/package")
    assert os.environ["NUMBA_CACHE_DIR"] != str(planted)


def test_a_writable_place_or_a_choice_of_the_user_is_left_alone(monkeypatch, tmp_path):
    """Nothing is set where numba finds a place by itself, or was told one."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    kernel_cache.provide_kernel_cache(str(tmp_path))
    assert "NUMBA_CACHE_DIR" not in os.environ
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/somewhere")
    kernel_cache.provide_kernel_cache("/package")
    assert os.environ["NUMBA_CACHE_DIR"] == "/somewhere"
