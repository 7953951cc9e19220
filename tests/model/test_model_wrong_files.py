"""Every folder of fixtures/wrong is one mistake; the reader names its rule, file and line, and the rows add up."""

import json
import shutil
from pathlib import Path

import pytest

from graphkit.errors import DataInvalid
from graphkit.model.validate import RULES
from graphkit.report.spoken import chinese
from graphkit.store.files import check_directory, read_directory

ROOT = Path(__file__).resolve().parents[2] / "fixtures" / "wrong"
CASES = sorted(p.parent.name for p in ROOT.glob("*/expected.json"))


def build(tmp_path, case):
    """The valid directory with the files of one case laid over it."""
    folder = tmp_path / "data"
    shutil.copytree(ROOT / "_base", folder)
    shutil.copytree(ROOT / case, folder, dirs_exist_ok=True)
    (folder / "expected.json").unlink()
    return folder


def test_there_are_enough_cases():
    """The catalogue of mistakes is large."""
    assert len(CASES) >= 100


def test_the_base_is_valid():
    """The directory the mistakes are laid over has none."""
    report = check_directory(ROOT / "_base")
    assert report.ok
    assert not report.findings
    assert report.rows_in == report.loaded == 21
    assert report.events.rows_in == report.events.accepted == 3


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_named(tmp_path, case):
    """Rule, severity, file and line are as expected, message and hint have a Chinese form; a load refuses exactly what the check calls an error."""
    wanted = json.loads((ROOT / case / "expected.json").read_text(encoding="utf-8"))
    folder = build(tmp_path, case)
    report = check_directory(folder)
    fits = [
        f
        for f in report.findings
        if f.rule == wanted["rule"] and f.file == wanted["file"] and f.severity == wanted["severity"]
    ]
    assert wanted["line"] in [f.line for f in fits], report.findings
    assert "column" not in wanted or wanted["column"] in {f.column for f in fits}
    assert {f.rule for f in report.findings} <= set(RULES)
    said = [text for f in report.findings for text in (f.message, f.hint) if text]
    assert [text for text in said if chinese(text) == text] == []
    assert report.rows_in == report.loaded + report.rejected + report.duplicates
    if wanted["severity"] == "warning":
        assert report.ok
        assert read_directory(folder)[1] == report
        return
    assert not report.ok
    with pytest.raises(DataInvalid) as caught:
        read_directory(folder)
    assert caught.value.report.rejected == report.rows_in
    assert (
        caught.value.report.events.rejected == report.events.rows_in == report.events.accepted + report.events.rejected
    )
    assert Path(wanted["file"]).name in str(caught.value)
    bad = report.rejected + report.events.rejected
    if bad and not report.fatal:
        with pytest.raises(DataInvalid):
            read_directory(folder, max_bad=bad - 1)
        tables, again = read_directory(folder, max_bad=bad)
        assert again.loaded == sum(tables.counts()["by_label"].values()) + sum(tables.counts()["by_type"].values())
        assert len(again.dead_letters) + len(again.dead_events) == bad
