"""A winter under a clock that crashes, sleeps and jumps: every planned occurrence runs once or is accounted for."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from patrol.campaigns import CHINA, load_campaign
from patrol.model import Campaign, SourceChoice
from patrol.store import Store
from patrol.store.clock import ClockBook, Occurrence
from schedules.jobs import Job, load_jobs
from schedules.keeper import Ended, Keeper, Tick
from schedules.triggers import moments

EXAMPLE = Path(__file__).parent.parent / "schedules" / "campaign-2027-winter.toml"
STEP = timedelta(minutes=10)


@dataclass
class Task:
    """Work that is done at the second look."""

    looks: int = 0

    def poll(self) -> Ended | None:
        self.looks += 1
        return Ended("done") if self.looks > 1 else None

    def stop(self) -> None:
        self.looks = 99


@dataclass
class World:
    """A workspace and its clock, moved by hand."""

    folder: Path
    campaign: Campaign
    now: datetime
    uptime: float = 0.0
    began: list[tuple[str, datetime, datetime]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = Store.open(self.folder)
        # a simulated power cut never cuts the power of this disk: weeks of ticks need not wait for it
        self.store.database.execute("PRAGMA synchronous=OFF")
        self.store.save_campaign(self.campaign, "", self.now)
        self.book = ClockBook(self.store)
        self.keeper = self.new_keeper()

    def new_keeper(self) -> Keeper:
        return Keeper(self.book, [self.campaign], load_jobs(), self._start, every=STEP)

    def _start(self, job: Job, _: Campaign, occurrence: Occurrence) -> Task:
        self.began.append((job.id, occurrence.due_at, self.now))
        return Task()

    def tick(self) -> None:
        self.now += STEP
        self.uptime += STEP.total_seconds()
        self.keeper.tick(Tick(self.now, self.uptime))

    def until(self, moment: datetime) -> None:
        while self.now < moment:
            self.tick()

    def sleep(self, hours: float) -> None:
        self.now += timedelta(hours=hours)
        self.uptime += hours * 3600

    def jump(self, hours: float) -> None:
        self.now += timedelta(hours=hours)

    def crash(self, hours: float) -> None:
        self.sleep(hours)
        self.keeper = self.new_keeper()
        self.keeper.wake(Tick(self.now, self.uptime))


@pytest.fixture(scope="module")
def winter() -> Campaign:
    read = load_campaign(EXAMPLE)
    return replace(read, sources=(*read.sources, SourceChoice(name="douyin")))


@pytest.fixture
def world(tmp_path: Path, winter: Campaign) -> Iterator[World]:
    start = datetime.combine(winter.start, datetime.min.time(), CHINA)
    made = World(tmp_path, winter, start)
    made.keeper.wake(Tick(made.now, made.uptime))
    yield made
    made.store.close()


def day(month: int, number: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2027, month, number, hour, minute, tzinfo=CHINA)


def wanted(campaign: Campaign, until: datetime) -> set[tuple[str, datetime]]:
    return {
        (job.id, moment)
        for job in load_jobs()
        for moment in moments(job, campaign, campaign.start, until.date())
        if day(1, 15) < moment <= until
    }


def accounted(world: World) -> dict[tuple[str, datetime], Occurrence]:
    return {(one.job, one.due_at): one for one in world.book.between(day(1, 1), world.now)}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory, winter: Campaign) -> Iterator[World]:
    """A whole winter of 45 days with two crashes, a sleep of eight hours, and a clock set a day forward and back."""
    start = datetime.combine(winter.start, datetime.min.time(), CHINA)
    world = World(tmp_path_factory.mktemp("winter"), winter, start)
    world.keeper.wake(Tick(world.now, world.uptime))
    world.until(day(1, 18, 11))
    world.crash(0.4)
    world.until(day(1, 22, 23))
    world.sleep(8)
    world.until(day(1, 27, 13))
    world.jump(24)
    world.tick()
    world.jump(-24)
    world.until(day(2, 10, 3))
    world.crash(0.2)
    world.until(day(3, 1))
    yield world
    world.store.close()


def test_whole_winter_with_crashes_sleep_and_a_jump_loses_and_doubles_nothing(lived: World, winter: Campaign) -> None:
    rows = accounted(lived)
    last = day(2, 28, 23)
    assert wanted(winter, last) <= set(rows)
    open_rows = [one for one in rows.values() if one.state in {"planned", "running"} and one.due_at < last]
    assert open_rows == []
    ran = Counter((job, due) for job, due, _ in lived.began)
    repeated = {key for key, count in ran.items() if count > 1}
    # only what a crash cut short may begin again, and only once more
    assert all(ran[key] == 2 and rows[key].attempts == 2 for key in repeated)
    assert all(one.reason for one in rows.values() if one.state in {"missed", "merged", "failed", "cancelled"})


def test_reports_are_made_on_the_evening_before(lived: World, winter: Campaign) -> None:
    made = [at for job, _, at in lived.began if job == "batch_report"]
    assert [at.astimezone(CHINA).date() for at in made] == [batch.due - timedelta(days=1) for batch in winter.batches]


def test_leads_are_looked_at_again_on_every_day_of_the_winter(lived: World, winter: Campaign) -> None:
    done = {at.astimezone(CHINA).date() for job, _, at in lived.began if job == "recheck"}
    assert done == {winter.start + timedelta(days=number) for number in range((winter.end - winter.start).days + 1)}


def test_jump_forward_and_back_runs_nothing_early(world: World) -> None:
    world.until(day(1, 20, 13))
    before = len(world.began)
    world.jump(24)
    world.tick()
    world.jump(-24)
    world.tick()
    assert len(world.began) == before
    assert [kind for _, kind, _ in world.book.events()].count("jump") == 2


def test_sleep_of_a_night_is_made_up_for_or_missed_with_the_reason(world: World) -> None:
    world.until(day(1, 20, 19))
    world.sleep(8)
    world.until(day(1, 21, 6))
    rows = accounted(world)
    live = rows["live_hour_sweep", day(1, 20, 20, 10)]
    assert live.state == "missed"
    assert "休眠" in live.reason
    assert rows["broad_sweep", day(1, 21, 2, 30)].state == "done"


def test_interrupted_work_is_taken_up_after_a_crash(world: World) -> None:
    world.until(day(1, 16, 2, 30))
    assert world.began[-1][0] == "broad_sweep"
    world.crash(0.1)
    world.until(day(1, 16, 4))
    row = accounted(world)["broad_sweep", day(1, 16, 2, 30)]
    assert (row.state, row.attempts) == ("done", 2)


def test_days_without_power_are_all_accounted_for(world: World, winter: Campaign) -> None:
    world.until(day(1, 20, 1))
    world.crash(72)
    world.until(day(1, 23, 12))
    rows = accounted(world)
    assert wanted(winter, day(1, 23, 1)) <= set(rows)
    assert rows["broad_sweep", day(1, 21, 2, 30)].state == "missed"
    assert "没有运行" in rows["broad_sweep", day(1, 21, 2, 30)].reason


def test_paused_job_is_missed_with_who_paused_it(world: World, winter: Campaign) -> None:
    world.book.pause(winter.id, "broad_sweep", officer="王某", now=world.now)
    world.until(day(1, 16, 3))
    row = accounted(world)["broad_sweep", day(1, 16, 2, 30)]
    assert row.state == "missed"
    assert "王某" in row.reason


def test_work_beyond_its_limit_is_stopped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(Task):
        def poll(self) -> Ended | None:
            return None

    monkeypatch.setattr(world.keeper, "start_work", lambda *_: Endless())
    world.until(day(1, 15, 7))
    row = accounted(world)["backup", day(1, 15, 6, 30)]
    assert row.state in {"running", "planned"}
    world.until(day(1, 15, 14))
    row = accounted(world)["self_check", day(1, 15, 1, 30)]
    assert "到时停止" in row.reason


def test_campaign_file_that_plans_less_cancels_the_rest_with_the_reason(world: World, winter: Campaign) -> None:
    world.until(day(1, 15, 3))
    jobs = [job for job in load_jobs() if job.id != "watch_sweep"] + [
        job.model_copy(update={"at": (job.at[0],)}) for job in load_jobs() if job.id == "watch_sweep"
    ]
    world.keeper.jobs = jobs
    world.until(day(1, 15, 5))
    later = world.book.between(day(1, 16), day(1, 18), campaign=winter.id)
    cancelled = [one for one in later if one.job == "watch_sweep" and one.due_at.astimezone(CHINA).hour == 18]
    assert cancelled
    assert all(one.state == "cancelled" and one.reason for one in cancelled)


def test_failed_work_is_tried_again_and_then_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(Task):
        def poll(self) -> Ended | None:
            return Ended("failed", "退出码 1：网络不通", again=True)

    monkeypatch.setattr(world.keeper, "start_work", lambda *_: Failing())
    world.until(day(1, 15, 5))
    row = accounted(world)["broad_sweep", day(1, 15, 2, 30)]
    assert (row.state, row.attempts) == ("failed", 3)
    told = [text for _, cause, text in world.book.notices() if cause.endswith("job:broad_sweep")]
    assert len(told) == 1
    assert "网络不通" in told[0]


def test_work_that_cannot_be_started_is_no_dead_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Task:
        raise OSError("no more processes")

    monkeypatch.setattr(world.keeper, "start_work", broken)
    world.until(day(1, 15, 5))
    row = accounted(world)["broad_sweep", day(1, 15, 2, 30)]
    assert row.state == "failed"
    assert "无法启动" in row.reason


def test_full_disk_holds_up_sweeps_but_not_reminders(world: World) -> None:
    world.until(day(1, 17, 23))
    world.keeper.room = lambda: "磁盘剩余 3 MB，低于 500 MB"
    world.until(day(1, 18, 16))
    world.keeper.room = lambda: ""
    world.until(day(1, 18, 23))
    rows = accounted(world)
    assert rows["list_reminder", day(1, 18, 9, 10)].state == "done"
    assert rows["broad_sweep", day(1, 18, 2, 30)].state == "missed"
    assert "磁盘" in rows["broad_sweep", day(1, 18, 2, 30)].reason
    assert rows["watch_sweep", day(1, 18, 18)].state == "done"
    assert [kind for _, kind, _ in world.book.events() if kind in {"disk", "room"}] == ["disk", "room"]
    assert sum(cause == "disk" for _, cause, _ in world.book.notices()) == 2  # one a day


def test_sleep_and_a_set_clock_do_not_end_running_work_early(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Task):
        def poll(self) -> Ended | None:
            self.looks += 1
            return Ended("done", "自己做完") if self.looks > 8 else None

    world.until(day(1, 16, 2))
    monkeypatch.setattr(world.keeper, "start_work", lambda *_: Slow())
    world.until(day(1, 16, 2, 40))
    world.sleep(5)
    world.tick()
    world.jump(2)
    world.tick()
    world.jump(-2)
    world.until(day(1, 16, 12))
    assert accounted(world)["broad_sweep", day(1, 16, 2, 30)].reason == "自己做完"


def test_crash_after_a_wrong_date_was_put_right_cancels_nothing(world: World, winter: Campaign) -> None:
    world.until(day(1, 20, 13))
    world.jump(24)
    world.tick()
    world.jump(-24)
    world.tick()
    world.crash(0.2)
    world.until(day(1, 21, 13))
    rows = accounted(world)
    assert wanted(winter, day(1, 21, 12)) <= set(rows)
    assert not [one for one in rows.values() if one.state == "cancelled"]


def test_workspace_work_is_done_once_for_all_campaigns(world: World, winter: Campaign) -> None:
    other = replace(winter, id="second")
    world.store.save_campaign(other, "", world.now)
    world.keeper.use([winter, other], load_jobs(), None)
    world.until(day(1, 17))
    backups = [due for job, due, _ in world.began if job == "backup" and due > day(1, 15)]
    assert backups == [day(1, 15, 6, 30), day(1, 16, 6, 30)]
    sweeps = Counter(due for job, due, _ in world.began if job == "broad_sweep")
    assert sweeps[day(1, 16, 2, 30)] == 2


def test_first_start_late_in_the_day_makes_up_for_what_still_counts(tmp_path: Path, winter: Campaign) -> None:
    late = World(tmp_path / "late", winter, day(1, 29, 22))
    late.keeper.wake(Tick(late.now, late.uptime))
    late.until(day(1, 29, 23))
    assert ("batch_report", day(1, 29, 20, 30)) in {(job, due) for job, due, _ in late.began}
    late.store.close()


def test_closed_campaign_is_planned_no_more(world: World) -> None:
    world.until(day(1, 16))
    world.keeper.use([], load_jobs(), None)
    world.until(day(1, 18))
    later = [one for one in accounted(world).values() if one.campaign != "workspace" and one.due_at > day(1, 16, 1)]
    assert {one.state for one in later} == {"cancelled"}
    assert all("已关闭" in one.reason for one in later)
