"""Time the patrol table at 10,000 rows: `python -m patrol.bench.report`. The rows are made up, by a fixed seed."""

import argparse
import random
import resource
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from detectors.model import Detection, Element, Finding
from patrol.model import (
    Batch,
    Campaign,
    Judgement,
    Lead,
    Match,
    Post,
    Screening,
    SourceChoice,
    SourceCoverage,
    State,
    Verdict,
)
from patrol.reports.forms import form
from patrol.reports.records import PlatformFace, ReportInput
from patrol.reports.to_docx import write_docx
from patrol.reports.to_xlsx import write_xlsx

LIMIT_SECONDS, LIMIT_MB = 20.0, 500

BATCHES = (
    Batch(number=1, start=date(2027, 1, 15), end=date(2027, 1, 29), due=date(2027, 1, 30)),
    Batch(number=2, start=date(2027, 1, 30), end=date(2027, 2, 14), due=date(2027, 2, 15)),
)
PLATFORMS = (
    PlatformFace(name="classifieds", title="同城信息（样例）", kind="listing", paper_kind="classifieds"),
    PlatformFace(name="short_video", title="短视频（样例）", kind="feed", paper_kind="short_video"),
    PlatformFace(name="mini_program", title="小程序（样例）", kind="browser", paper_kind="mini_program"),
    PlatformFace(name="forum", title="论坛（样例）", kind="listing", paper_kind="forum"),
    PlatformFace(name="search", title="搜索（样例）", kind="search", paper_kind="search"),
)
_SOURCES = (*(face.name for face in PLATFORMS), "live_room")
_DISTRICTS = ("东城区", "西城区", "南城区", "北城县", "")
_WORDS = (
    ("holiday_class", "寒假", "寒假初二数学一对一直播课，每天两小时，前10名立减200元", "双减意见第十四条"),
    ("matchmaking", "拼课", "小学三年级英语拼课，还差两位家长，一起请老师", "教育部令第53号第十八条"),
    ("disguised_name", "思维训练", "“思维训练”冬令营：同步人教版六年级数学，含讲义和答疑", "教育部令第53号第十八条第（三）项"),
    ("home_teacher", "住家", "高端家政住家老师，985硕士，初中全科辅导，月薪两万起", "十二部门意见"),
    ("false_promise", "保证", "初三化学冲刺，保证提高20分，不提分全额退款", "广告法第二十四条"),
    ("recorded_or_companion", "录播", "高一物理直播变录播，线上伴学打卡，随时答疑", "双减意见第十四条"),
    ("unlicensed_claim", "名校", "名校在线课堂，语数英全科提优，加微信领试听课", "教育部令第53号第十七条"),
)
_VERDICTS = (Verdict.UNLISTED, Verdict.UNLISTED, Verdict.NO_NAME, Verdict.REVIEW, Verdict.LICENSED)
_JUDGEMENTS = (Judgement.UNREVIEWED, Judgement.CONFIRMED, Judgement.CONFIRMED, Judgement.DISMISSED, Judgement.UNSURE)


def sample_campaign() -> Campaign:
    """Return a campaign of two batches in a city that does not exist."""
    return Campaign(
        id="sample-2027",
        title="XX市2027年寒假校外培训线上巡查专项行动",
        region="XX市",
        start=date(2027, 1, 15),
        end=date(2027, 2, 28),
        batches=BATCHES,
        summary_due=date(2027, 2, 25),
        unit="XX市教育局",
        leader="张某",
        phone="19900001234",
        sources=tuple(SourceChoice(name=name) for name in _SOURCES),
        digest="0" * 64,
    )


def sample_lead(number: int, chance: random.Random, batch: Batch) -> Lead:
    """Return one made-up lead found within a batch."""
    face, (category, word, text, clause) = chance.choice(PLATFORMS), chance.choice(_WORDS)
    verdict, name = chance.choice(_VERDICTS), f"XX市{chance.choice('甲乙丙丁戊己庚辛')}{number % 97}教育科技有限公司"
    found = datetime(batch.start.year, batch.start.month, batch.start.day, 1, tzinfo=UTC) + timedelta(
        minutes=chance.randrange(((batch.end - batch.start).days + 1) * 24 * 60 - 8 * 60 - 60)
    )
    match = Match(
        query="" if verdict is Verdict.NO_NAME else name,
        verdict=verdict,
        row=number % 500 if verdict is Verdict.LICENSED else None,
        list_version="样例名单-2027-01-10",
    )
    url = f"https://{face.name.replace('_', '-')}.example/item/{number}?from=list&page={number % 40}"
    post = Post(key=url, platform=face.name, url=url, title=text[:12], text=text * 3, author=f"小{number % 61}老师",
                author_id=f"u{number % 611}", region=chance.choice(_DISTRICTS))  # fmt: skip
    place = text.index(word)
    findings = (
        Finding(
            rule=f"{category}.1",
            clause=clause,
            element=Element.BREACH,
            start=place,
            end=place + len(word),
            quote=word,
            weight=0.4,
        ),
        Finding(rule="audience.1", clause="", element=Element.AUDIENCE, start=0, end=len(text), quote=text, weight=0.2),
    )
    detection = Detection(violation=True, score=0.8, ad_violation=True, categories=(category,), findings=findings,
                          why=f"疑似：出现“{word}”", rules_version="样例规则-1")  # fmt: skip
    screening = Screening(post=post, detection=detection, match=match, screened_at=found, grade="subject")
    return Lead(number=f"XS2027-{number:06d}", post_key=url, platform=face.name, url=url, title=post.title, author=post.author,
                excerpt=post.text[:300], categories=(category,), score=0.8, grade="subject", match=match, found_at=found,
                judgement=chance.choice(_JUDGEMENTS), evidence=f"ZJ2027-{number:06d}", screening=screening,
                source=face.name)  # fmt: skip


def sample_coverage(leads: tuple[Lead, ...], batch: Batch) -> tuple[SourceCoverage, ...]:
    """Return coverage rows that add up; one source is blocked, one changed its pages, one was never reached."""
    start = datetime(batch.start.year, batch.start.month, batch.start.day, 1, 5, tzinfo=UTC)
    rows = []
    for place, face in enumerate(PLATFORMS):
        own = sum(1 for lead in leads if lead.source == face.name)
        gaps = {1: {State.BLOCKED_CAPTCHA: 12, State.BLOCKED_LOGIN: 3}, 2: {State.CHANGED: 7}}.get(place, {})
        covered = 0 if place == 2 else own * 3 + 40
        waiting = 5 if place == 4 else 0
        rows.append(
            SourceCoverage(
                source=face.name,
                title=face.title,
                planned=covered + sum(gaps.values()) + waiting,
                covered=covered,
                waiting=waiting,
                posts=covered * 2,
                leads=own,
                gaps=gaps,
                first_at=start,
                last_at=start + timedelta(days=9, hours=3),
            )
        )
    return tuple(rows)


def sample_input(count: int, *, batch: int = 1, seed: int = 7) -> ReportInput:
    """Return the input of one batch with `count` leads; batch 2 knows those of batch 1."""
    chance, chosen = random.Random(seed), BATCHES[batch - 1]
    first = tuple(sample_lead(number, chance, BATCHES[0]) for number in range(1, count + 1))
    leads = first if batch == 1 else tuple(sample_lead(number, chance, chosen) for number in range(count + 1, 2 * count + 1))
    return ReportInput(
        campaign=sample_campaign(),
        batch=chosen,
        made_at=datetime(chosen.end.year, chosen.end.month, chosen.end.day, 10, tzinfo=UTC),
        leads=leads,
        earlier=first if batch == 2 else (),
        coverage=sample_coverage(leads, chosen),
        platforms={face.name: face for face in PLATFORMS},
        rules_version="样例规则-1",
        list_version="样例名单-2027-01-10",
        runs=12,
    )


def sample_whole(count: int) -> ReportInput:
    """Return the input of the whole campaign, `count` leads over both batches."""
    second = sample_input(count // 2, batch=2)
    leads = second.earlier + second.leads
    return replace(second, batch=None, leads=leads, earlier=(), coverage=sample_coverage(leads, BATCHES[0]))


def confirmed(given: ReportInput) -> ReportInput:
    """Return the input with every lead confirmed, so that leads and rows are the same number."""
    return replace(given, leads=tuple(replace(lead, judgement=Judgement.CONFIRMED) for lead in given.leads))


def main() -> int:
    """Print seconds and peak memory of one table of N rows as xlsx and as docx; 1 when over the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--keep", type=Path, help="folder to keep the files in")
    options = parser.parse_args()
    given = confirmed(sample_input(options.rows))
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with TemporaryDirectory() as folder:
        target = options.keep or Path(folder)
        clock, work = time.perf_counter(), time.process_time()
        report = form("patrol_table").build(given)
        built = time.process_time()
        write_xlsx(report, target / "bench.xlsx")
        xlsx = time.process_time()
        write_docx(report, target / "bench.docx")
        docx = time.process_time()
        wall = time.perf_counter() - clock
        sizes = [(target / f"bench.{kind}").stat().st_size // 1024 for kind in ("xlsx", "docx")]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = len(report.tables[0].rows)
    print(f"rows {rows} of {options.rows} leads  build {built - work:.1f} s  xlsx {xlsx - built:.1f} s ({sizes[0]} KiB)  "
          f"docx {docx - xlsx:.1f} s ({sizes[1]} KiB)  cpu {docx - work:.1f} s  wall {wall:.1f} s  "
          f"peak {peak:.0f} MB (before {base:.0f} MB)")  # fmt: skip
    return 0 if docx - work < LIMIT_SECONDS and peak < LIMIT_MB else 1


if __name__ == "__main__":
    raise SystemExit(main())
