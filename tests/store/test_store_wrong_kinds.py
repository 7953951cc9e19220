"""Files of another kind than their name says, and names that hold no file: what is wrong, and what to do, in both languages."""

import gzip
import random
import shutil
from pathlib import Path

import pytest

from graphkit.report.spoken import chinese
from graphkit.store.files import check_directory

BASE = Path(__file__).parents[2] / "fixtures" / "wrong" / "_base"
USERS = (BASE / "nodes/user.csv").read_bytes()
NOISE = random.Random(7).randbytes(4_000)
AS_CSV = 'save it as CSV in UTF-8: spreadsheets call that "CSV UTF-8 (comma delimited)"'
NO_TEXT = "the file is no text, it holds control characters throughout"
BEGINS = "the file is no text, it begins as {} files do"


def checked(tmp_path, data, name="nodes/user.csv"):
    """The report of a valid directory in which one file holds something else."""
    folder = tmp_path / "data"
    shutil.copytree(BASE, folder)
    (folder / "nodes/user.csv").unlink()
    place = folder / name
    place.unlink(missing_ok=True)
    data(place) if callable(data) else place.write_bytes(data)
    return check_directory(folder)


def cause(report, file="nodes/user.csv"):
    """The one error that does not follow from another, every error having a next step and Chinese."""
    errors = [f for f in report.findings if f.severity == "error"]
    assert all(f.hint for f in errors), errors
    assert [text for f in errors for text in (f.message, f.hint) if chinese(text) == text] == []
    (found,) = [f for f in errors if f.file == file]
    return found


@pytest.mark.parametrize(
    ("data", "text", "hint"),
    [
        (NOISE, NO_TEXT, AS_CSV),
        (USERS + NOISE, NO_TEXT, AS_CSV),
        (b"\0" * 900, NO_TEXT, AS_CSV),
        (b"\xd0\xcf\x11\xe0" + NOISE, BEGINS.format("Excel"), AS_CSV),
        (b"PK\x03\x04" + NOISE, BEGINS.format("zip"), "unpack it"),
        (b"PK\x03\x04" + NOISE + b"xl/workbook.xml", BEGINS.format("Excel"), AS_CSV),
        (b"BZh9" + NOISE, BEGINS.format("bzip2"), "unpack it"),
        (b"%PDF-1.7\n" + NOISE, BEGINS.format("PDF"), AS_CSV),
    ],
)
def test_a_file_that_is_no_text_is_no_latin_1(tmp_path, data, text, hint):
    """No encoding is guessed where none would help."""
    found = cause(checked(tmp_path, data))
    assert (found.message, found.hint) == (text, hint)


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("gb18030", "流浪地球第二部"),
        ("gb18030", "紅樓夢導讀"),
        ("big5", "海角七號"),
        ("big5", "資料分析入門"),
        ("shift_jis", "千と千尋の神隠し"),
        ("shift_jis", "アニメ"),
        ("cp932", "①データ㈱"),
        ("latin-1", "Amélie"),
        ("latin-1", "Größe Jürgen"),
        ("gb18030", "张喆与李赟的小店"),
        ("gb18030", "薇娅,李佳琦,蜜雪冰城,霸王茶姬"),
        ("gb18030", "となりのトトロ,红楼梦导读,高等数学,朋友圈广告"),
        ("euc_kr", "기생충"),
        ("euc_kr", "배달의민족,강남역,방탄소년단"),
        ("cp949", "펲시 광고와 서울 지하철, 부산 해운대, 살인의 추억"),
        ("euc_jp", "千と千尋の神隠し"),
        ("euc_jp", "東京物語,任天堂,ユニクロ"),
        ("euc_jp", "大阪 名古屋 山本 加藤 日本語講座"),
        ("cp1252", "a “quoted” name"),
        ("utf-16-le", "流浪地球"),
        ("utf-16-be", "plain"),
    ],
)
def test_text_of_another_encoding_is_still_guessed(tmp_path, encoding, name):
    """Words of the usual encodings name one that reads them; cp1252 is called by its older half."""
    data = "".join(f"{i},true,{name}\n" for i in range(30))
    found = cause(checked(tmp_path, f"id,consent,region\n{data}".encode(encoding)))
    wanted = {"cp1252": "latin-1"}.get(encoding, encoding)
    assert found.message.endswith(f"it looks like {wanted}")
    assert found.hint == f"save it as UTF-8, or give --encoding {wanted}"


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("cp1251", "Москва"), ("cp1251", "Война и мир"), ("gb18030", "咖啡"), ("euc_kr", "떡볶이"), ("euc_jp", "新幹線")],
)
def test_an_encoding_nobody_knows_is_not_guessed(tmp_path, encoding, name):
    """Cyrillic was called gb18030, and loaded as rare ideographs by whoever followed the hint; one word may be of several."""
    data = "".join(f"{i},true,{name}\n" for i in range(30))
    found = cause(checked(tmp_path, f"id,consent,region\n{data}".encode(encoding)))
    assert found.message == "the text is not UTF-8 (line 2)"
    assert found.hint == "save it as UTF-8, or name its encoding by --encoding"


@pytest.mark.parametrize(
    ("written", "said", "text"),
    [
        ("big5", "gb18030", "the text is hardly gb18030, it looks like big5"),
        ("shift_jis", "gbk", "the text is hardly gbk, it looks like shift_jis"),
        ("gb18030", "latin-1", "the text is hardly latin-1, it looks like gb18030"),
        ("big5", "cp1252", "the text is hardly cp1252, it looks like big5"),
        ("euc_kr", "gb18030", "the text is hardly gb18030, it looks like euc_kr"),
        ("euc_jp", "gbk", "the text is hardly gbk, it looks like euc_jp"),
        ("gb18030", "euc_kr", "the text is hardly euc_kr, it looks like gb18030"),
        ("euc_kr", "euc_jp", "the text is hardly euc_jp, it looks like euc_kr"),
    ],
)
def test_an_encoding_that_gives_garbage_is_not_read(tmp_path, written, said, text):
    """It decodes without an error, into rare ideographs or accents; who names it for this very file is believed."""
    name = {
        "gb18030": "流浪地球",
        "big5": "海角七號",
        "shift_jis": "神隠し物語",
        "euc_kr": "살인의추억",
        "euc_jp": "神隠し物語",
    }[written]
    data = "id,consent,region\n" + "".join(f"u{i},true,{name}\n" for i in range(20))
    (tmp_path / "nodes").mkdir()
    (tmp_path / "nodes/user.csv").write_bytes(data.encode(written))
    found = cause(check_directory(tmp_path, encoding=said))
    assert (found.rule, found.message) == ("encoding", text)
    assert check_directory(tmp_path, encoding=written).ok
    (tmp_path / "dataset.toml").write_text(f'[encoding]\n"nodes/user.csv" = "{said}"\n')
    assert check_directory(tmp_path, encoding=said).ok


def test_few_names_do_not_speak_against_an_encoding_that_is_named(tmp_path):
    """Ten characters may happen to look like another encoding; somebody who says which it is knows better."""
    (tmp_path / "nodes").mkdir()
    rows = "".join(f"u{i},true,{name}\n" for i, name in enumerate(("长江一号", "薇娅", "沪上阿姨")))
    (tmp_path / "nodes/user.csv").write_bytes(f"id,consent,region\n{rows}".encode("gbk"))
    assert check_directory(tmp_path, encoding="gbk").ok


def test_rare_characters_alone_are_not_read_by_a_wide_hint(tmp_path):
    """Ideographs that nobody uses are asked about; names amid usual ones, kana and emoji are not."""
    (tmp_path / "nodes").mkdir()
    place = tmp_path / "nodes/user.csv"
    rows = "".join(f"u{i},true,鱻麤龘靐齉爨癵籱\n" for i in range(9))
    place.write_bytes(f"id,consent,region\n{rows}".encode("gb18030"))
    assert "hardly gb18030" in cause(check_directory(tmp_path, encoding="gb18030")).message
    place.write_bytes("id,consent,region\nu1,true,张喆与李赟的海边小店\nu2,true,😀😀😀😀😀😀😀😀😀\n".encode("gb18030"))
    assert check_directory(tmp_path, encoding="gb18030").ok


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b'[{"id": "u1"}]\n', "the file is no CSV, it begins as JSON does"),
        (b'[\n  {"id": "u1"}\n]\n', "the file is no CSV, it begins as JSON does"),
        (b"<!DOCTYPE html>\n<p>\n", "the file is no CSV, it begins as HTML or XML does"),
        (b"id|consent\nu1|true\n", "columns are separated by '|', not by commas"),
        ("id，consent\nu1，true\n".encode(), "columns are separated by '，', not by commas"),
        (b"x" * 1_000_001, "the first line has 1,000,001 characters, no header is so long"),
    ],
)
def test_a_first_line_that_is_no_header_says_what_it_is(tmp_path, data, text):
    """Not the first thing that a reader of CSV stumbles over."""
    found = cause(checked(tmp_path, data))
    assert (found.rule, found.line, found.message) == ("header", 1, text)


def test_odd_names_in_angle_brackets_are_a_header(tmp_path):
    """A header such as <DATE>,<TIME> is no page."""
    report = checked(tmp_path, b"<id>,<consent>\nu1,true\n")
    assert {f.rule for f in report.findings if f.file == "nodes/user.csv"} == {"missing-column", "unknown-column"}


@pytest.mark.parametrize(
    ("name", "make", "hint"),
    [
        ("nodes/user.csv", Path.mkdir, "put a file there, or remove it"),
        ("nodes/user.csv", lambda p: p.symlink_to(p.name), "correct the link, or remove it"),
        ("nodes/user.csv", lambda p: p.symlink_to("nowhere.csv"), "correct the link, or remove it"),
        ("nodes/user.csv", lambda p: p.symlink_to("/etc/hostname"), "copy the file into the directory"),
        ("nodes/user.csv.gz", USERS, "pack it with gzip, or name it without .gz"),
        ("nodes/user.csv.gz", gzip.compress(USERS, mtime=0)[:-9], "write the file again"),
        ("dataset.toml", Path.mkdir, "put a file there, or remove it"),
        ("dataset.toml", b"name = 3\n", 'write it like: name = "..."'),
        ("dataset.toml", b"reach_p = { kol = 3 }\n", "write it like: reach_p = { kol = 0.1 }"),
        ("dataset.toml", b"[notes]\nrate = nan\n", "write it like: rate = 0.5"),
    ],
)
def test_what_cannot_be_used_names_the_next_step(tmp_path, name, make, hint):
    """Folders, links, other packing and settings of the wrong kind."""
    assert cause(checked(tmp_path, make, name), name).hint == hint


@pytest.mark.parametrize("data", [NOISE, b"id,consent\nu1,true\nu2,tr\0ue\n", b"id;consent\nu1;true\n", b"name\nA\n"])
def test_an_id_of_a_file_that_was_not_read_whole_is_not_called_missing(tmp_path, data):
    """Nobody is told to add a row that may stand in the file already, or to make users without consent in its stead."""
    report = checked(tmp_path, data)
    lost = [f for f in report.findings if f.rule == "unknown-node"]
    assert lost
    assert {f.hint for f in lost} == {"correct nodes/user.csv first"}
    assert {f.message.partition("; ")[2] for f in lost} == {"nodes/user.csv could not be read whole"}
    assert chinese(lost[0].message).endswith("；nodes/user.csv 未能完整读取")


def test_an_id_of_no_file_is_still_to_be_added(tmp_path):
    """The files of the label were read whole: the row is missing."""
    report = checked(tmp_path, b"id,consent\nu1,true\n")
    (hint,) = {f.hint for f in report.findings if f.rule == "unknown-node"}
    assert hint == "add it to nodes/user.csv, or load with --create-missing"
