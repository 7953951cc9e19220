"""What a check of input files found: findings by rule, file and line, and counts that add up.

Conservation: `rows_in = loaded + rejected + duplicates`, always. A row with several mistakes is rejected once.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Severity = Literal["error", "warning"]
_OF_FILES = frozenset({"dataset", "encoding", "header", "mapping", "missing-column"})

# rule -> (Chinese, English): what the rule asks for
RULES: dict[str, tuple[str, str]] = {
    "file-unreadable": ("文件必须能够读取", "a file must be readable"),
    "file-outside": ("文件必须位于输入目录之内", "files must lie inside the input directory"),
    "file-unknown": ("文件名必须是标签或关系类型", "a file must be named after a label or a relationship type"),
    "file-changed": ("读取期间文件被改动", "a file must not change while it is read"),
    "file-ignored": ("此文件不会被读取", "this file is not read"),
    "file-twice": ("一个表只能有一种格式的文件", "a table is given in one file format only"),
    "file-empty": ("文件至少要有表头", "a file has at least a header"),
    "dataset": ("dataset.toml 必须有效", "dataset.toml must be valid"),
    "mapping": ("映射文件必须有效", "the mapping must be valid"),
    "encoding": ("文本必须是 UTF-8", "text must be UTF-8"),
    "byte-order-mark": ("文件以 BOM 开头, 已忽略", "the file starts with a byte order mark, which is left out"),
    "line-ends": ("行尾应为 LF 或 CRLF", "lines end in LF or CRLF"),
    "header": ("表头必须唯一且完整", "header names must be complete and unique"),
    "missing-column": ("缺少必填列", "a mandatory column is missing"),
    "unknown-column": ("未登记的列不会保存", "a column that is not registered is not kept"),
    "written-column": ("此列由 graphkit 写入", "this column is written by graphkit itself"),
    "row-width": ("每行的字段数必须与表头一致", "each row has as many fields as the header"),
    "quote": ("引号必须成对", "quotes must be paired"),
    "line-break": ("此列不允许换行", "this column may not hold line breaks"),
    "nul": ("文本中不允许 NUL 字符", "text may not hold a NUL character"),
    "missing-value": ("必填值不能为空", "a mandatory value may not be empty"),
    "id": ("编号不能为空", "an id may not be empty"),
    "id-odd": ("编号含有易混淆的字符", "an id holds characters that are easily confused"),
    "ids-alike": ("编号仅在数字写法或 Unicode 形式上不同", "ids differ only as numbers or in Unicode form"),
    "id-type": ("编号必须是文本", "ids must be texts"),
    "number": ("必须是有限的数", "must be a finite number"),
    "integer": ("必须是整数", "must be a whole number"),
    "range": ("数值超出允许范围", "a number lies outside its range"),
    "type": ("列的存储类型与登记的类型不符", "the stored type of a column does not fit the schema"),
    "boolean": ("必须是 true 或 false", "must be true or false"),
    "time": ("必须是时间", "must be a time"),
    "time-zone": ("没有时区的时间需要声明时区", "a time without offset needs a declared time zone"),
    "time-odd": ("时间早于 1970 年", "a time before 1970"),
    "window": ("结束必须晚于开始", "the end must be later than the start"),
    "word": ("不在词表之中", "the word is not in the vocabulary"),
    "word-new": ("词表之外的词", "a word outside the vocabulary"),
    "list": ("列表元素不能为空", "an element of a list may not be empty"),
    "target": ("受众条件必须有效", "an audience filter must be valid"),
    "label-pair": ("此关系类型不能连接这两个标签", "this type does not join these labels"),
    "labels-missing": ("必须给出两端的标签", "the labels of both ends must be given"),
    "unknown-node": ("端点不存在", "the end of a relationship does not exist"),
    "event-node": ("事件所指的节点不存在", "an event names a node that does not exist"),
    "made-node": ("按要求补建的节点", "a node was made, as asked"),
    "ambiguous-node": ("端点在多个标签中存在", "the end of a relationship exists under several labels"),
    "duplicate": ("重复的行, 已合并", "a repeated row, counted once"),
    "conflict": ("同一键有不同的值", "one key with different values"),
    "self-loop": ("自环不参与传播", "a self-loop takes no part in propagation"),
    "cycle": ("此关系不允许成环", "this type may not form a cycle"),
    "rights-owner": ("使用版权时必须恰有一个我方品牌", "exactly one brand is ours when rights are used"),
    "too-large": ("压缩文件展开后过大", "a packed file is too large when unpacked"),
    "more": ("还有更多同类问题", "more findings of the same kind"),
}


@dataclass(frozen=True)
class Finding:
    """One thing found in the input.

    Parameters
    ----------
    rule
        Key of `RULES`.
    severity
        `error` (the row or file is not loaded) or `warning`.
    file
        Path inside the directory.
    line
        Physical line, header = 1; for Parquet the row number, first row = 1. None for the whole file.
    column, value
        Where and what, as given.
    message, hint
        What is wrong; what to do.
    """

    rule: str
    severity: Severity
    file: str
    line: int | None
    column: str | None
    value: str | None
    message: str
    hint: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """All fields by name."""
        return asdict(self)


def by_cause(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Group findings of the same rule, file and column, with the same thing to do; errors and their causes first.

    What closes a rule of which more were found than are listed stands at the end of its group, where it is the only one.

    Examples
    --------
    >>> lost = [Finding("unknown-node", "error", "knows.csv", n, "source", "u", "unknown User u") for n in (2, 3)]
    >>> unread = Finding("encoding", "error", "user.csv", 1, None, None, "not UTF-8")
    >>> [(group[0].rule, len(group)) for group in by_cause([*lost, unread])]
    [('encoding', 1), ('unknown-node', 2)]
    """
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for found in sorted(findings, key=_urgency):
        groups.setdefault((found.severity, found.rule, found.file, found.column, found.hint), []).append(found)
    for key in [key for key in groups if key[1] == "more"]:
        for closing in groups.pop(key):
            alike = [k for k in groups if k[2:4] == key[2:4] and closing.message == closing_text(closing.value, k[1])]
            groups.setdefault(alike[0] if len(alike) == 1 else key, []).append(closing)
    return list(groups.values())


def closing_text(n: object, rule: object) -> str:
    """Return what the finding says that closes more of one rule than are listed one by one."""
    return f"{n} more findings of the rule {rule} in this file"


def count_all(findings: Iterable[Finding]) -> int:
    """Count findings, those that a closing one stands for included.

    Examples
    --------
    >>> count_all([Finding("more", "error", "user.csv", None, "age", "7", closing_text(7, "number"))])
    7
    """
    return sum(int(f.value or 0) if f.rule == "more" else 1 for f in findings)


def _urgency(found: Finding) -> int:
    """Errors first, of whole files before rows, and causes before what follows from them: an id is often unknown because its file was not read."""
    if found.severity != "error":
        return 3
    if found.rule in ("unknown-node", "more"):
        return 2
    return int(not (found.line is None or found.rule in _OF_FILES or found.rule.startswith("file-")))


@dataclass(frozen=True)
class RejectedRow:
    """A row kept out, with its raw bytes and the names of its columns, for the dead-letter file."""

    file: str
    sha256: str
    record: int
    line: int
    offset: int | None
    column: str | None
    rule: str
    reason: str
    raw: bytes
    header: tuple[str, ...] = ()


@dataclass(frozen=True)
class EventCounts:
    """Rows of the event log: rows_in = accepted + rejected; they stay files and are counted beside nodes and relationships.

    Parameters
    ----------
    files, rows_in, accepted, rejected
        Files read, their rows, those that can be used and those that cannot.
    by_kind
        Accepted rows per kind of event.
    """

    files: int = 0
    rows_in: int = 0
    accepted: int = 0
    rejected: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.rows_in != self.accepted + self.rejected or self.accepted != sum(self.by_kind.values()):
            message = f"events do not add up: {self}"
            raise AssertionError(message)

    def refused(self) -> EventCounts:
        """Return the counts of a load that was refused."""
        return replace(self, accepted=0, rejected=self.rows_in, by_kind={})

    def to_dict(self) -> dict[str, Any]:
        """All fields by name."""
        return asdict(self)


@dataclass(frozen=True)
class DataReport:
    """Findings and counts of a check or load.

    Parameters
    ----------
    findings
        In order of files, then lines.
    rows_in, loaded, rejected, duplicates
        rows_in is the sum of the other three.
    by_label, by_type
        Loaded rows.
    fatal
        A file or the whole directory cannot be used, whatever number of bad rows is allowed.
    dead_letters
        The rejected rows with their bytes.
    events
        What the event log holds; its rows are not among rows_in.
    made
        Nodes that no row gave and the user asked to make, per label; each counts as one row in and one loaded.
    dead_events
        The rejected rows of the event log with their bytes.
    """

    findings: tuple[Finding, ...] = ()
    rows_in: int = 0
    loaded: int = 0
    rejected: int = 0
    duplicates: int = 0
    by_label: dict[str, int] = field(default_factory=dict)
    by_type: dict[str, int] = field(default_factory=dict)
    fatal: bool = False
    dead_letters: tuple[RejectedRow, ...] = ()
    events: EventCounts = field(default_factory=EventCounts)
    made: dict[str, int] = field(default_factory=dict)
    dead_events: tuple[RejectedRow, ...] = ()

    def __post_init__(self) -> None:
        if self.rows_in != self.loaded + self.rejected + self.duplicates:
            message = f"rows do not add up: {self.rows_in} != {self.loaded} + {self.rejected} + {self.duplicates}"
            raise AssertionError(message)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that keep rows or files out."""
        return tuple(f for f in self.findings if f.severity == "error")

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong (warnings are allowed)."""
        return not self.fatal and not self.rejected and not self.events.rejected and not self.errors

    def refused(self) -> DataReport:
        """Return the report of a load that was refused: every row rejected, nothing loaded."""
        return replace(
            self, rejected=self.rows_in, loaded=0, duplicates=0, by_label={}, by_type={}, events=self.events.refused()
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON of `graphkit check DIR --format json`."""
        return {
            "schema_version": 1,
            "ok": self.ok,
            "rows_in": self.rows_in,
            "findings": [f.to_dict() for f in self.findings],
            "counts": {
                "loaded": self.loaded,
                "rejected": self.rejected,
                "duplicates": self.duplicates,
                "by_label": self.by_label,
                "by_type": self.by_type,
            },
            "events": self.events.to_dict(),
            "made": self.made,
        }
