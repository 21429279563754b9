"""Dated versions, comparison, officers' answers, and the commands over them."""

import csv
import hashlib
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from patrol.commands.whitelist import app
from patrol.errors import BadInput
from patrol.licences import Context, Entry, Index, ListKind, load_list
from patrol.licences.answers import Opinion
from patrol.licences.checking import scope_breaches
from patrol.licences.differing import difference
from patrol.listing import answer, import_list, index_on, source_intact
from patrol.model import Verdict
from patrol.store import Store
from patrol.store.lists import ListStore

GOOD = Path(__file__).parent.parent / "fixtures" / "lists" / "good"
BROKEN = GOOD.parent / "broken"
HEADER = ["序号", "机构名称", "统一社会信用代码", "地址", "有效期至", "状态"]
ONE = ["1", "杭州市西湖区青柠檬艺术培训有限公司", "91330106MA2TEXT01A", "浙江省杭州市西湖区", "2030-01-01", "正常"]
TWO = ["2", "成都市锦江区博弈通围棋培训中心", "52510104MJTEXT004A", "四川省成都市锦江区", "2030-01-01", "正常"]
THREE = ["3", "武汉市江岸区锦帆教育培训中心", "52420102MJTEXT005A", "湖北省武汉市江岸区", "2030-01-01", "正常"]


def write_list(path: Path, *rows: list[str]) -> Path:
    """Write a list file."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows([HEADER, *rows])
    path.write_text(buffer.getvalue(), encoding="utf-8")
    return path


@pytest.fixture
def lists(tmp_path: Path) -> ListStore:
    """Return the lists of an empty workspace."""
    return ListStore(Store.open(tmp_path).database)


def two_versions(lists: ListStore, folder: Path) -> None:
    """Import two versions: one renamed, one lapsed, one removed, one added."""
    first = write_list(folder / "一月.csv", ONE, TWO, THREE)
    renamed = [*ONE[:1], "杭州市西湖区青柠檬美术培训有限公司", *ONE[2:]]
    lapsed = [*TWO[:5], "注销"]
    added = ["4", "合肥市蜀山区云朵朵教育培训有限公司", "91340104MATEXT008A", "安徽省合肥市蜀山区", "", "正常"]
    second = write_list(folder / "三月.csv", renamed, lapsed, added)
    import_list(first, lists=lists, workspace=folder, dated=date(2027, 1, 1))
    import_list(second, lists=lists, workspace=folder, dated=date(2027, 3, 1))


def test_lists_are_asked_as_of_a_day(lists: ListStore, tmp_path: Path) -> None:
    """Answers from the version that held on the day asked, and names it."""
    two_versions(lists, tmp_path)
    january, march = index_on(lists, date(2027, 2, 1)), index_on(lists, date(2027, 3, 1))
    assert january is not None
    assert march is not None
    assert january.match("锦帆教育", Context(region="武汉")).verdict is Verdict.LICENSED
    assert march.match("锦帆教育", Context(region="武汉")).verdict is Verdict.UNLISTED
    assert "第1版 2027-01-01" in january.match("锦帆教育").list_version
    assert "第2版 2027-03-01" in march.match("锦帆教育").list_version
    assert index_on(lists, date(2026, 1, 1)) is None


def test_difference_tells_added_removed_renamed_lapsed(lists: ListStore, tmp_path: Path) -> None:
    """Compares by identity, not by row: a changed name under the same code is a renaming."""
    two_versions(lists, tmp_path)
    old, new = lists.versions("白名单")
    found = difference(lists.entries(old), lists.entries(new), on=new.dated)
    assert [entry.name for entry in found.added] == ["合肥市蜀山区云朵朵教育培训有限公司"]
    assert [entry.name for entry in found.removed] == [THREE[1]]
    assert [(one.before.name, one.after.name) for one in found.renamed] == [(ONE[1], "杭州市西湖区青柠檬美术培训有限公司")]
    assert [entry.name for entry, _ in found.lapsed] == [TWO[1]]


def test_version_with_itself_does_not_differ(lists: ListStore, tmp_path: Path) -> None:
    """Finds no difference between a version and itself."""
    two_versions(lists, tmp_path)
    rows = lists.entries(lists.versions("白名单")[0])
    assert difference(rows, rows).empty


def test_source_file_is_sealed(lists: ListStore, tmp_path: Path) -> None:
    """Keeps the exact file, read-only, under its digest, and notices when it is touched."""
    path = write_list(tmp_path / "名单.csv", ONE)
    version, _ = import_list(path, lists=lists, workspace=tmp_path)
    sealed = tmp_path / "lists" / version.sha256 / "名单.csv"
    assert hashlib.sha256(sealed.read_bytes()).hexdigest() == version.sha256
    assert not sealed.stat().st_mode & 0o222
    assert source_intact(version, tmp_path)
    sealed.chmod(0o644)
    sealed.write_bytes(b"x")
    assert not source_intact(version, tmp_path)


def test_same_import_again_adds_no_version(lists: ListStore, tmp_path: Path) -> None:
    """Is idempotent for the same file and day."""
    path = write_list(tmp_path / "名单.csv", ONE)
    for _ in range(2):
        import_list(path, lists=lists, workspace=tmp_path, dated=date(2027, 1, 1))
    assert [version.number for version in lists.versions()] == [1]


def test_refused_file_leaves_nothing(lists: ListStore, tmp_path: Path) -> None:
    """Neither seals nor records a file that is refused."""
    with pytest.raises(BadInput):
        import_list(BROKEN / "缺机构名称.xlsx", lists=lists, workspace=tmp_path)
    assert lists.versions() == []
    assert not (tmp_path / "lists").exists()


def test_lists_of_two_kinds_are_kept_apart(lists: ListStore, tmp_path: Path) -> None:
    """White and black lists have versions of their own and are both asked."""
    import_list(write_list(tmp_path / "白名单.csv", ONE), lists=lists, workspace=tmp_path, dated=date(2027, 1, 1))
    import_list(GOOD / "10_黑名单.csv", lists=lists, workspace=tmp_path, dated=date(2027, 1, 1))
    assert {(one.list_name, one.kind) for one in lists.versions()} == {("白名单", ListKind.WHITE), ("黑名单", ListKind.BLACK)}
    index = index_on(lists, date(2027, 1, 1))
    assert index is not None
    name = load_list(GOOD / "10_黑名单.csv").entries[0].name
    assert "黑名单" in index.match(name).warnings[0]


def decided(lists: ListStore, folder: Path, opinion: Opinion) -> Index:
    """Import a list, give one answer, and return the index that knows it."""
    import_list(write_list(folder / "名单.csv", ONE, TWO), lists=lists, workspace=folder, dated=date(2027, 1, 1))
    index = index_on(lists, date(2027, 1, 1))
    assert index is not None
    name = "西湖小柠檬" if opinion is Opinion.SAME else "青柠檬艺术"
    answer(lists, index, name=name, row=1, opinion=opinion, officer="王某", region="杭州市")
    made = index_on(lists, date(2027, 1, 1))
    assert made is not None
    return made


def test_answer_same_takes_effect_at_once(lists: ListStore, tmp_path: Path) -> None:
    """A name that an officer called the same is licensed, in that city, and says on whose word."""
    index = decided(lists, tmp_path, Opinion.SAME)
    found = index.match("西湖·小柠檬", Context(region="浙江杭州"))
    assert (found.verdict, found.row) == (Verdict.LICENSED, 1)
    assert "王某" in found.why
    assert index.match("西湖小柠檬", Context(region="南京")).verdict is Verdict.UNLISTED


def test_answer_different_and_unsure(lists: ListStore, tmp_path: Path) -> None:
    """A name called different is unlisted though the rules would clear it; one called unsure goes to a person."""
    index = decided(lists, tmp_path, Opinion.DIFFERENT)
    assert index.match("青柠檬艺术", Context(region="杭州")).verdict is Verdict.UNLISTED
    answer(lists, index, name="青柠檬艺术", row=1, opinion=Opinion.UNSURE, officer="李某", region="杭州市")
    later = index_on(lists, date(2027, 1, 1))
    assert later is not None
    assert later.match("青柠檬艺术", Context(region="杭州")).verdict is Verdict.REVIEW


def test_answer_can_be_undone_and_stays_on_record(lists: ListStore, tmp_path: Path) -> None:
    """An undone answer no longer counts but is kept with who undid it; it cannot be undone twice."""
    decided(lists, tmp_path, Opinion.DIFFERENT)
    lists.undo_answer(1, officer="李某", at=datetime(2027, 1, 2, tzinfo=UTC))
    index = index_on(lists, date(2027, 1, 1))
    assert index is not None
    assert index.match("青柠檬艺术", Context(region="杭州")).verdict is Verdict.LICENSED
    assert [(one.undone_by, one.opinion) for one in lists.answers()] == [("李某", Opinion.DIFFERENT)]
    with pytest.raises(BadInput, match="没有编号为1的有效结论"):
        lists.undo_answer(1, officer="李某", at=datetime(2027, 1, 2, tzinfo=UTC))


ENTRY = Entry(row=1, name="某市青柠檬培训学校", kind="非学科类-文化艺术（线下）")


@pytest.mark.parametrize(
    ("entry", "seen", "words"),
    [
        (ENTRY, {"subject": True}, "学科类培训，疑似超范围"),
        (replace(ENTRY, kind="学科类-义务教育（线下）"), {"subject": True, "live": True}, "线上授课，疑似超范围"),
        (replace(ENTRY, kind="学科类-高中"), {"subject": True, "stage": "primary"}, "面向小学，疑似超范围"),
        (replace(ENTRY, kind="学科类", valid_to=date(2026, 1, 1)), {"subject": True, "on": date(2027, 1, 1)}, "已过"),
        (replace(ENTRY, list_kind=ListKind.AFTER_SCHOOL), {"subject": True}, "不是办学许可"),
    ],
)
def test_scope_breach_is_a_finding(entry: Entry, seen: dict[str, object], words: str) -> None:
    """Says how the teaching seen goes beyond the licence."""
    assert any(words in breach for breach in scope_breaches(entry, **seen))  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "stage"), [("学科类-义务教育", "junior"), ("学科类", "senior"), ("学科类（线上、线下）", "")])
def test_teaching_within_the_licence_is_no_breach(kind: str, stage: str) -> None:
    """What the row allows, or does not speak of, is not held against it."""
    assert scope_breaches(replace(ENTRY, kind=kind), subject=True, live="线上" in kind, stage=stage) == ()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Return a runner in a workspace of its own."""
    monkeypatch.setenv("PATROL_WORKSPACE", str(tmp_path / "工作区"))
    return CliRunner()


def test_commands_import_look_up_decide_and_export(run: CliRunner, tmp_path: Path) -> None:
    """Carries one list from import to a kept answer through the command line."""
    path = write_list(tmp_path / "名单.csv", ONE, TWO)
    made = json.loads(run.invoke(app, ["import", str(path), "--date", "2026-01-01"], catch_exceptions=False).stdout)
    assert (made["rows"], made["number"]) == (2, 1)
    looked = run.invoke(app, ["lookup", "青柠檬艺术", "--region", "杭州", "--json"], catch_exceptions=False)
    assert json.loads(looked.stdout)["decision"] == "licensed"
    run.invoke(app, ["different", "青柠檬艺术", "--row", "1", "--officer", "王某", "--region", "杭州"], catch_exceptions=False)
    looked = run.invoke(app, ["lookup", "青柠檬艺术", "--region", "杭州"], catch_exceptions=False)
    assert json.loads(looked.stdout)["decision"] == "unlisted"
    assert "不是同一机构" in run.invoke(app, ["export"], catch_exceptions=False).stdout
    run.invoke(app, ["undo", "1", "--officer", "王某"], catch_exceptions=False)
    looked = run.invoke(app, ["lookup", "青柠檬艺术", "--region", "杭州"], catch_exceptions=False)
    assert json.loads(looked.stdout)["decision"] == "licensed"


def test_command_diff(run: CliRunner, tmp_path: Path) -> None:
    """Shows what changed between the last two versions."""
    for name, day, rows in (("甲.csv", "2026-01-01", (ONE, TWO)), ("乙.csv", "2026-03-01", (ONE, THREE))):
        run.invoke(app, ["import", str(write_list(tmp_path / name, *rows)), "--date", day], catch_exceptions=False)
    found = json.loads(run.invoke(app, ["diff"], catch_exceptions=False).stdout)
    assert (found["added"], found["removed"]) == ([THREE[1]], [TWO[1]])


def test_command_preview_keeps_nothing(run: CliRunner, tmp_path: Path) -> None:
    """Shows the mapping and the first rows without importing."""
    shown = json.loads(run.invoke(app, ["import", str(GOOD / "10_黑名单.csv"), "--preview"], catch_exceptions=False).stdout)
    assert shown["mapping"][0]["columns"]["机构名称"] == "机构名"
    assert json.loads(run.invoke(app, ["list"], catch_exceptions=False).stdout) == []


def test_command_import_skips_unreadable_rows_only_when_told(run: CliRunner) -> None:
    """Refuses a list with an unreadable row, and with --skip-unreadable imports the rest and lists the row."""
    refused = run.invoke(app, ["import", str(BROKEN / "缺机构名称.xlsx")])
    assert isinstance(refused.exception, BadInput)
    made = run.invoke(app, ["import", str(BROKEN / "缺机构名称.xlsx"), "--skip-unreadable"], catch_exceptions=False)
    read = json.loads(made.stdout)
    assert (read["rows"], read["unreadable"], read["troubles"][0]["line"]) == (11, 1, 6)


def test_export_disarms_formulas(run: CliRunner, tmp_path: Path) -> None:
    """A name taken from a page cannot become a formula in the exported sheet."""
    run.invoke(app, ["import", str(write_list(tmp_path / "名单.csv", ONE)), "--date", "2026-01-01"], catch_exceptions=False)
    run.invoke(app, ["unsure", '=HYPERLINK("x")青柠檬', "--row", "1", "--officer", "王某"], catch_exceptions=False)
    assert "'=HYPERLINK" in run.invoke(app, ["export"], catch_exceptions=False).stdout
