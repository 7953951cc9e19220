"""Exports as offices have them: some files in another encoding than the others, times as spreadsheets write them."""

import pytest

from graphkit.model.validate import DataReport
from graphkit.report.spoken import chinese
from graphkit.store.files import check_directory, read_directory, read_events

MAPPING = """
name = "课程"
currency = "CNY"
time_zone = "Asia/Shanghai"

[[nodes]]
file = "学员.csv"
label = "User"
id = "学员编号"
columns = { region = "省份", registered_ts = "注册日期", consent = "同意" }

[[nodes]]
file = "课程.csv"
label = "Course"
id = "课程编号"
columns = { name = "课程名" }
"""
ENCODING = '[encoding]\n"学员.csv" = "gb18030"\n'


@pytest.fixture
def export(tmp_path):
    """Write 学员.csv as GBK and 课程.csv as UTF-8; return (directory, function that writes the mapping)."""
    home = tmp_path / "raw"
    home.mkdir()
    (home / "学员.csv").write_bytes(
        "学员编号,省份,注册日期,同意\nu1,上海,2024/5/1,是\nu2,四川,2024/12/31 9:05,否\n".encode("gb18030")
    )
    (home / "课程.csv").write_text("课程编号,课程名\nk1,亲子沟通\n", encoding="utf-8")

    def mapped(more):
        (tmp_path / "map.toml").write_text(MAPPING + more, encoding="utf-8")
        return tmp_path / "map.toml"

    return home, mapped


def messages(report: DataReport):
    """What was found, with the hints."""
    return [(finding.file, finding.message, finding.hint) for finding in report.findings]


def test_each_file_may_have_its_own_encoding(export):
    """One mapping reads both; times with the year first are read in the declared zone."""
    home, mapped = export
    tables, _ = read_directory(home, mapping=mapped(ENCODING))
    users = tables.nodes_of("User")
    assert users.column("region").tolist() == ["上海", "四川"]
    assert users.column("consent").tolist() == [True, False]
    # 2024-04-30T16:00Z and 2024-12-31T01:05Z, by GNU date
    assert users.column("registered_ts").tolist() == [1714492800, 1735607100]
    assert tables.nodes_of("Course").by_id("name") == {"k1": "亲子沟通"}


def test_utf8_is_not_read_as_something_else(export):
    """--encoding gb18030 for all files turned UTF-8 into other characters without a word; now the file is named, and where to say it."""
    home, mapped = export
    report = check_directory(home, mapping=mapped(""), encoding="gb18030")
    found = [row for row in messages(report) if row[0] == "课程.csv"]
    assert found == [
        (
            "课程.csv",
            "the text is UTF-8, not gb18030",
            'say in dataset.toml or the mapping which it is: [encoding] "课程.csv" = "utf-8"',
        )
    ]
    assert chinese(found[0][2]) == '请在 dataset.toml 或映射中写明是哪种：[encoding] "课程.csv" = "utf-8"'
    assert chinese(found[0][1]) == "文本是 UTF-8，不是 gb18030"
    assert check_directory(home, mapping=mapped('[encoding]\n"课程.csv" = "utf-8"\n'), encoding="gb18030").ok


def test_words_that_are_utf8_by_chance_are_read_as_their_file_is_named(export):
    """茅山 in gb18030 is two letters of UTF-8: refused in doubt, and read as what the mapping names for this very file."""
    home, mapped = export
    (home / "课程.csv").write_bytes("id,name\nk1,茅山\n".encode("gb18030"))
    plain = mapped("").read_text("utf-8").replace("课程编号", "id").replace("课程名", "name")
    (home.parent / "map.toml").write_text(plain, encoding="utf-8")
    assert [
        row[0] for row in messages(check_directory(home, mapping=home.parent / "map.toml", encoding="gb18030"))
    ] == ["课程.csv"]
    (home.parent / "map.toml").write_text(plain + '[encoding]\n"课程.csv" = "gb18030"\n', encoding="utf-8")
    tables, _ = read_directory(home, mapping=home.parent / "map.toml", encoding="gb18030")
    assert tables.nodes_of("Course").by_id("name") == {"k1": "茅山"}


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("place", ["上海", "Shanghai"])  # bytes that are not UTF-8, and ASCII between NULs, which is
def test_the_advice_for_utf16_without_a_mark_reads_the_file(export, encoding, place):
    """`utf-16` alone takes the lower byte first: whoever followed it with the other kind got a header without a known column."""
    home, _ = export
    rows = "".join(f"u{i},{place},2024/5/1,true\n" for i in range(20))
    (home / "学员.csv").write_bytes(("id,region,registered_ts,consent\n" + rows).encode(encoding))
    text = MAPPING.replace("学员编号", "id").replace("省份", "region").replace("注册日期", "registered_ts").replace("同意", "consent")  # fmt: skip
    (home.parent / "map.toml").write_text(text, encoding="utf-8")
    found = messages(check_directory(home, mapping=home.parent / "map.toml"))
    assert [(row[0], row[2]) for row in found] == [("学员.csv", f"save it as UTF-8, or give --encoding {encoding}")]
    assert chinese(found[0][1]) != found[0][1]
    (home.parent / "map.toml").write_text(text + f'[encoding]\n"学员.csv" = "{encoding}"\n', encoding="utf-8")
    tables, _ = read_directory(home, mapping=home.parent / "map.toml")
    assert tables.nodes_of("User").column("region").tolist() == [place] * 20


def test_utf8_by_any_of_its_names_is_utf8(export):
    """utf-8-sig without the mark is no other encoding."""
    home, mapped = export
    for name in ("utf-8-sig", "UTF_8"):
        assert check_directory(home, mapping=mapped(ENCODING), encoding=name).ok


def test_a_byte_order_mark_says_what_a_file_is(export):
    """A file that begins with the mark of UTF-8 is UTF-8, whatever the others are."""
    home, mapped = export
    (home / "课程.csv").write_text("课程编号,课程名\nk1,亲子沟通\n", encoding="utf-8-sig")
    report = check_directory(home, mapping=mapped(""), encoding="gb18030")
    assert report.ok
    assert [row[1] for row in messages(report)] == ["the file starts with a byte order mark, which is left out"]


def test_an_encoding_that_nobody_knows_is_refused(export):
    """A typing error is no silent default."""
    home, mapped = export
    report = check_directory(home, mapping=mapped('[encoding]\n"学员.csv" = "gbk-1"\n'))
    assert not report.ok
    assert "encoding of '学员.csv' is 'gbk-1', no text encoding" in [row[1] for row in messages(report)]


@pytest.mark.parametrize(
    "text", ["1/5/2024", "5-1-2024", "2024/13/1", "2024/2/30", "24/5/1", "2024/5/1 9", "2024/5/1T9:05"]
)
def test_other_spellings_stay_refused(export, text):
    """A day and month in doubt, or a date that does not exist, is an error."""
    home, mapped = export
    (home / "学员.csv").write_text(f"学员编号,省份,注册日期,同意\nu1,上海,{text},true\n", encoding="utf-8")
    assert [finding.rule for finding in check_directory(home, mapping=mapped("")).findings] == ["time"]


def test_a_folder_of_other_names_is_told_to_be_mapped(export):
    """The files that are there are named, with the way to use them."""
    home, _ = export
    hint = next(hint for _, message, hint in messages(check_directory(home)) if "no table" in message)
    assert (
        hint
        == "name them nodes/<label>.csv, or map what is there (学员.csv, 课程.csv) by --mapping FILE: see the README"
    )
    assert chinese(hint) != hint


def test_the_days_of_a_spreadsheet_are_no_seconds(export):
    """45413 is 2024-05-01 where a sheet shows it as a number; taken as seconds it would be noon of 1970-01-01: said, not guessed."""
    home, mapped = export
    (home / "学员.csv").write_text(
        "学员编号,省份,注册日期,同意\nu1,上海,45413,是\nu2,四川,1714492800,是\n", encoding="utf-8"
    )
    found = check_directory(home, mapping=mapped("")).findings
    assert [(finding.rule, finding.severity, finding.line) for finding in found] == [("time-odd", "warning", 2)]
    assert found[0].hint == "write a date as 2024-05-01"


def test_an_event_log_may_have_its_own_encoding(tmp_path):
    """For the check of a directory and for commands that read its events, as `[encoding]` says."""
    (tmp_path / "nodes").mkdir()
    (tmp_path / "events").mkdir()
    (tmp_path / "nodes/user.csv").write_text("id,consent\nu1,true\n")
    (tmp_path / "events/秋.csv").write_bytes("ts,user,kind,region\n1700000000,u1,view,四川成都\n".encode("gb18030"))
    (tmp_path / "dataset.toml").write_text('[encoding]\n"events/秋.csv" = "gb18030"\n', encoding="utf-8")
    assert check_directory(tmp_path).events.accepted == 1
    assert read_events(tmp_path)["region"].tolist() == ["四川成都"]
