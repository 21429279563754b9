"""A workspace for the forms: leads over two batches, reviews, visits with gaps; and what the tests of forms ask of files."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import openpyxl
from docx import Document
from docx.oxml.ns import qn
from typer.testing import CliRunner, Result

from patrol.bench.report import sample_whole
from patrol.campaigns import load_campaign
from patrol.commands.report import app
from patrol.handling import Look, Measure
from patrol.model import Campaign, Judgement, Lead, Run, State, Visit
from patrol.store import Store
from patrol.store.connection import immediate
from patrol.store.handling import HandlingBook

CAMPAIGN = """
[campaign]
id = "winter-2027"
title = "XX市2027年寒假校外培训线上巡查专项行动"
region = "XX市"
start = 2027-01-15
end = 2027-02-28
summary_due = 2027-02-25
[report]
unit = "XX市教育局"
leader = "张某"
phone = "19900001234"
[[batches]]
number = 1
due = 2027-01-30
[[batches]]
number = 2
due = 2027-02-15
[[sources]]
name = "wuba58"
[[sources]]
name = "douyin"
[[sources]]
name = "wechat_miniprogram"
[[sources]]
name = "discuz"
[[sources]]
name = "baidu"
[[sources]]
name = "weibo"
"""
REAL = {
    "classifieds": "wuba58",
    "short_video": "douyin",
    "mini_program": "wechat_miniprogram",
    "forum": "discuz",
    "search": "baidu",
}
START = datetime(2027, 1, 15, 2, tzinfo=UTC)


def filled(folder: Path, count: int, *, handled: bool = False) -> Path:
    """Fill a workspace with leads over two batches, reviews and visits with gaps, in one transaction; also with what officers
    did about them when `handled`."""
    (folder / "campaign.toml").write_text(CAMPAIGN, encoding="utf-8")
    campaign = load_campaign(folder / "campaign.toml")
    store = Store.open(folder)
    with immediate(store.database):
        store.save_campaign(campaign, CAMPAIGN, START)
        for source in REAL.values():
            store.start_run(Run(id=f"run-{source}", campaign=campaign.id, source=source, started_at=START))
            for number in range(6):
                state = State.BLOCKED_CAPTCHA if source == "douyin" and number > 3 else State.OK
                url = f"https://{source.replace('_', '-')}.example/{number}"
                visit = Visit(url=url, source=source, state=state, at=START + timedelta(days=4 * number))
                store.record_visit(visit, run=f"run-{source}", campaign=campaign.id)
        for lead in sample_whole(count).leads:
            _record(store, campaign, lead)
        if handled:
            _handle(store, campaign)
    store.close()
    return folder


def _record(store: Store, campaign: Campaign, lead: Lead) -> None:
    assert lead.screening is not None
    source = REAL[lead.platform]
    screening = replace(lead.screening, post=replace(lead.screening.post, platform=source))
    kept = store.record_screening(screening, run=f"run-{source}", campaign=campaign, source=source, device="desktop")
    assert kept is not None
    if lead.judgement is not Judgement.UNREVIEWED:
        for officer, role in (("李某", "初审"), ("王某", "复核")):
            store.judge(kept.number, lead.judgement, officer=officer, role=role, reason="核对页面", at=START)


def _handle(store: Store, campaign: Campaign) -> None:
    """Record measures on every fourth confirmed lead and looks at the first third of the leads."""
    book, leads = HandlingBook(store), list(store.leads(campaign.id))
    confirmed = [lead for lead in leads if lead.judgement is Judgement.CONFIRMED]
    for place, lead in enumerate(confirmed[1::4]):
        kind, state = ("rectify", "refer", "takedown")[place % 3], ("open", "done")[place % 2]
        done = date(2027, 2, 18) if state == "done" else None
        measure = Measure(lead=lead.number, kind=kind, at=date(2027, 2, 3), to="cyber" if kind == "refer" else "", state=state,
                          document=f"云教函〔2027〕{place + 1}号", done_at=done)  # fmt: skip
        book.record_measure(measure, officer="李某", recorded_at=START)
    for place, lead in enumerate(leads[: len(leads) // 3]):
        state_seen = (State.OK, State.GONE_DELETED, State.BLOCKED_LOGIN)[place % 3]
        book.record_look(Look(lead=lead.number, at=datetime(2027, 2, 8, tzinfo=UTC), state=state_seen))


def report(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def make(workspace: Path, name: str, output: str, *more: str) -> list[Path]:
    made = report(name, "--campaign", workspace / "campaign.toml", "--output", workspace / output, *more)
    return [Path(line) for line in made.stdout.splitlines()]


def count(workspace: Path, where: str) -> int:
    store = Store.open(workspace)
    try:
        return int(str(next(iter(store.database.query(f"SELECT count(*) AS n FROM leads WHERE {where}")))["n"]))  # noqa: S608
    finally:
        store.close()


def rows_of(path: Path, sheet: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True)]


def numbered(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return [row for row in rows if isinstance(row[0], int)]


def body_text(path: Path) -> str:
    return "".join(text.text or "" for text in Document(str(path)).element.body.iter(qn("w:t")))
