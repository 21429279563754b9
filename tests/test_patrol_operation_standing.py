"""How the workspace stands, in words, as data and as metrics; services, upkeep, upgrades."""

import configparser
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlite_utils import Database

from patrol.commands.upkeep import backups, clear_old_files, drop_old_backups
from patrol.model import Campaign, Issue, Run
from patrol.operation.metrics import metrics_text, write_metrics
from patrol.operation.service_files import systemd, systemd_units, uninstall, windows, windows_tasks, write_files
from patrol.operation.standing import status_of
from patrol.settings import Settings, load
from patrol.store import Store
from patrol.store.clock import ClockBook
from patrol.store.migrations import MIGRATIONS
from patrol.store.upgrading import FOLDER, KEPT
from schedules.clock import only_clock

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@pytest.fixture
def book(store: Store, campaign: Campaign) -> Iterator[ClockBook]:
    run = Run(id="r1", campaign=campaign.id, source="wuba58", started_at=NOW)
    store.start_run(run)
    counts = {"fetched": 10, "ok": 6, "blocked.captcha": 4, "seen": 3}
    store.end_run(
        Run(id="r1", campaign=campaign.id, source="wuba58", started_at=NOW, ended_at=NOW, outcome="finished", counts=counts)
    )
    issue = Issue(source="wuba58", cause="blocked", text="受阻", threshold_why="三成", opened_at=NOW)
    store.open_issue(issue, campaign=campaign.id)
    yield ClockBook(store)
    store.close()


def states(settings: Settings, now: datetime = NOW) -> dict[str, str]:
    return {check.name: check.state for check in status_of(settings, now).checks}


def test_status_tells_what_is_wrong_and_what_to_do(settings: Settings, book: ClockBook) -> None:
    before = status_of(settings, NOW)
    assert before.well
    found = {check.name: check for check in before.checks}
    assert (found["来源"].state, found["来源"].text) == ("warn", "1个未恢复的问题")
    assert "patrol schedule start" in found["调度服务"].text
    book.sign(NOW - timedelta(hours=3))
    dead = status_of(settings, NOW)
    assert not dead.well
    with only_clock(settings.workspace):
        book.sign(NOW - timedelta(seconds=30))
        assert states(settings)["调度服务"] == "ok"
        # a clock that hangs gives no sign, whatever it holds
        assert states(settings, NOW + timedelta(minutes=10))["调度服务"] == "bad"


def test_full_disk_and_wrong_settings_are_bad(workspace: Path, book: ClockBook) -> None:
    full = load({}, workspace=str(workspace), min_free_mb=10**9, notice_wecom="no-such-file")
    assert {name for name, state in states(full).items() if state == "bad"} == {"磁盘", "提醒"}


def test_metrics_are_valid_and_name_no_one(settings: Settings, book: ClockBook) -> None:
    text = metrics_text(settings, NOW)
    families = {family.name: family for family in text_string_to_metric_families(text)}
    pages = {sample.labels["state"]: sample.value for sample in families["patrol_last_run_pages"].samples}
    assert pages == {"ok": 6.0, "blocked.captcha": 4.0}
    (issues,) = families["patrol_open_issues"].samples
    assert (issues.labels, issues.value) == ({"source": "wuba58"}, 1.0)
    checks = {sample.labels["check"]: sample.value for sample in families["patrol_check"].samples}
    assert checks["sources"] == 1.0
    write_metrics(settings, settings.workspace / "patrol.prom")
    assert (settings.workspace / "patrol.prom").read_text(encoding="utf-8").startswith("# HELP")


def test_systemd_units_are_well_formed(tmp_path: Path) -> None:
    units = systemd_units(Path("/srv/my patrol 100%"), tmp_path, "root")
    assert [Path(name).name for name in units] == ["patrol-clock.service", "patrol-console.service"]
    for text in units.values():
        unit = configparser.ConfigParser(strict=False, interpolation=None)
        unit.read_string(text)
        assert unit["Service"]["Restart"] == "on-failure"
        assert '"/srv/my patrol 100%%"' in unit["Service"]["ExecStart"]
    written = systemd(Path("/srv/p"), tmp_path, "patrol")
    assert "schedule start" in written
    assert "systemctl enable --now" in written


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")
def test_systemd_itself_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    files = write_files(tmp_path, systemd_units(tmp_path / "my patrol", tmp_path / "b", "root"), encoding="utf-8")
    asked = ["systemd-analyze", "verify", "--man=no", *map(str, files)]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)
    faults = [line for line in done.stderr.splitlines() if "patrol-" in line]
    assert (done.returncode, faults) == (0, [])


TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
# Task Scheduler schema 1.2: what may stand in each element, and the type of each leaf that we use
_BOOLEAN, _DURATION = re.compile("true|false"), re.compile(r"P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?")
CHILDREN = {
    "Task": {"RegistrationInfo", "Triggers", "Principals", "Settings", "Data", "Actions"},
    "RegistrationInfo": {"Date", "Author", "Version", "Description", "Documentation", "URI", "SecurityDescriptor", "Source"},
    "Triggers": {"BootTrigger", "TimeTrigger", "CalendarTrigger", "LogonTrigger", "EventTrigger", "IdleTrigger"},
    "BootTrigger": {"Enabled", "StartBoundary", "EndBoundary", "Repetition", "ExecutionTimeLimit", "Delay"},
    "Principals": {"Principal"},
    "Principal": {"UserId", "LogonType", "GroupId", "DisplayName", "RunLevel"},
    "RestartOnFailure": {"Interval", "Count"},
    "Actions": {"Exec", "ComHandler", "SendEmail", "ShowMessage"},
    "Exec": {"Command", "Arguments", "WorkingDirectory"},
}
LEAVES = {
    "MultipleInstancesPolicy": re.compile("Parallel|Queue|IgnoreNew|StopExisting"),
    "RunLevel": re.compile("LeastPrivilege|HighestAvailable"),
    "UserId": re.compile(r"S-1-5-\d+"),
    "Priority": re.compile("[0-9]|10"),
    "Count": re.compile("[1-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5]"),
    "URI": re.compile(r"\\[\w-]+"),
    **dict.fromkeys(("Delay", "Interval", "ExecutionTimeLimit"), _DURATION),
    **dict.fromkeys(
        ("Enabled", "AllowStartOnDemand", "DisallowStartIfOnBatteries", "StopIfGoingOnBatteries", "AllowHardTerminate",
         "StartWhenAvailable", "RunOnlyIfNetworkAvailable", "WakeToRun", "Hidden", "RunOnlyIfIdle"),
        _BOOLEAN,
    ),
}  # fmt: skip
CHILDREN["Settings"] = {"MultipleInstancesPolicy", "Priority", "ExecutionTimeLimit", "RestartOnFailure", "IdleSettings",
                        *(name for name, rule in LEAVES.items() if rule is _BOOLEAN)}  # fmt: skip


def test_windows_tasks_keep_to_the_schema_of_the_task_scheduler(tmp_path: Path) -> None:
    for file in write_files(tmp_path, windows_tasks(Path("/srv/甲 & 乙")), encoding="utf-16"):
        root = ET.fromstring(file.read_bytes())  # noqa: S314  our own file
        assert (root.tag, root.get("version")) == (f"{TASK}Task", "1.2")
        for element in root.iter():
            name, inside = element.tag.removeprefix(TASK), [child.tag.removeprefix(TASK) for child in element]
            assert len(set(inside)) == len(inside), f"{name} holds one of a kind twice"
            assert set(inside) <= CHILDREN.get(name, set()), name
            assert name not in LEAVES or LEAVES[name].fullmatch(element.text or ""), f"{name}: {element.text}"
        actions = root.find(f"{TASK}Actions")
        assert actions is not None
        assert actions.get("Context") == "Author" == root.find(f"{TASK}Principals/{TASK}Principal").get("id")  # type: ignore[union-attr]
        assert '--workspace "/srv/甲 & 乙"' in str(actions.findtext(f"{TASK}Exec/{TASK}Arguments"))
    assert file.read_bytes()[:2] in {b"\xff\xfe", b"\xfe\xff"}


def test_windows_and_uninstall_instructions_keep_the_evidence(tmp_path: Path) -> None:
    assert "nssm install patrol-clock" in windows(tmp_path, tmp_path)
    assert "schtasks /Create /TN patrol-clock /XML patrol-clock.xml /F" in windows(tmp_path, tmp_path)
    assert "不会随卸载删除" in uninstall(tmp_path)


def test_backups_rotate_and_the_last_one_always_stays(workspace: Path, tmp_path: Path) -> None:
    given = load({}, workspace=str(workspace), backup_folder=str(tmp_path / "b"), backups_kept=2)
    for day in range(1, 6):
        folder = tmp_path / "b" / f"patrol-2027010{day}-063000"
        folder.mkdir(parents=True)
        (folder / "backup.json").write_text("{}", encoding="utf-8")
    (tmp_path / "b" / "patrol-20270109-063000").mkdir()  # not finished
    (tmp_path / "b" / "own").mkdir()
    assert len(list(drop_old_backups(given))) == 3
    assert [one.name for one in backups(given)] == ["patrol-20270104-063000", "patrol-20270105-063000"]
    assert (tmp_path / "b" / "own").is_dir()


def test_only_old_caches_and_logs_are_cleared(workspace: Path) -> None:
    given = load({}, workspace=str(workspace), spool_days=30)
    old = time.time() - 40 * 86400
    for name in ("spool/aa", "spool/bb", "logs/run.log", "logs/patrol.log", "logs/patrol.log.3", "vault/kept"):
        file = workspace / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x", encoding="utf-8")
        if name != "spool/bb":
            os.utime(file, (old, old))
    removed = {file.relative_to(workspace).as_posix() for file in clear_old_files(given, datetime.now(UTC))}
    assert removed == {"spool/aa", "logs/run.log"}


def test_an_older_database_is_copied_before_it_is_changed(workspace: Path) -> None:
    workspace.mkdir()
    old = Database(workspace / "patrol.db")
    steps = [step.name for step in MIGRATIONS.pending(old)]
    MIGRATIONS.apply(old, stop_before=steps[1])
    old.execute("INSERT INTO campaigns VALUES ('old', '旧行动', '云川市', '2026-01-15', '2026-02-28', '', '', '2026-01-15')")
    old.conn.commit()
    old.close()
    Store.open(workspace).close()
    (copy,) = (workspace / FOLDER).glob("*.db")
    kept = Database(copy)
    assert [row["id"] for row in kept.query("SELECT id FROM campaigns")] == ["old"]
    assert "occurrences" not in kept.table_names()
    kept.close()
    Store.open(workspace).close()
    assert len(list((workspace / FOLDER).glob("*"))) == 1 <= KEPT


def test_a_new_workspace_needs_no_copy(workspace: Path) -> None:
    Store.open(workspace).close()
    assert not (workspace / FOLDER).exists()
