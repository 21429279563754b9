"""来源: every platform, what it gave, where it is blocked, how it is reached; switch it, try it, add one from an address."""

import re
from dataclasses import replace
from pathlib import Path

from itsdangerous import URLSafeTimedSerializer
from starlette.responses import Response

from patrol.console.call import Call
from patrol.console.campaign_text import with_source
from patrol.console.pages.campaigns import save
from patrol.console.pages.runs import found_of
from patrol.console.pages.today import coverage_of
from patrol.errors import BadInput, Refused
from patrol.model import SourceChoice, State
from patrol.places import is_web_address

_GAPS = frozenset(state.value for state in State if not state.covered)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_MOST_WORDS, _MOST_PAGES = 200, 20_000
RENDER = {"http": "直接读取", "browser": "浏览器", "learn": "自动判断"}


def sources_page(call: Call) -> Response:
    """Show all sources: those of the campaign first."""
    if not call.campaign_id:
        return call.page("no_campaign.html", title="来源")
    switched = {choice.name: choice for choice in call.campaign.sources} if call.campaign else {}
    platforms = sorted(call.desk.platforms().values(), key=lambda one: (one.name not in switched, one.name))
    coverage = {row.source: row for row in coverage_of(call)}
    extra = [row for name, row in coverage.items() if name not in call.desk.platforms()]
    tasks = call.books.work.tasks(("source",), 5)
    return call.page(
        "sources.html",
        platforms=platforms,
        switched=switched,
        coverage=coverage,
        extra=extra,
        issues=call.books.store.issues(call.campaign_id),
        faults=call.desk.platform_faults(),
        render=RENDER,
        tasks=[(task, call.desk.tasks.runs(task)) for task in tasks],
    )


def source_page(call: Call) -> Response:
    """Show one source: its settings, last runs, walls met, issues past and present."""
    name = call.path("name")
    platform = call.desk.platforms().get(name)
    coverage = next((row for row in coverage_of(call) if row.source == name), None)
    if platform is None and coverage is None:
        raise Refused(404, "没有这个来源")
    choice = next((one for one in call.campaign.sources if one.name == name), None) if call.campaign else None
    runs = [run for run in call.books.work.latest_runs(call.campaign_id, 200) if run.source == name][:12]
    walls = call.books.work.walls(call.campaign_id, name)
    return call.page(
        "source.html",
        name=name,
        platform=platform,
        choice=choice,
        coverage=coverage,
        runs=[(run, sum(n for state, n in run.counts.items() if state in _GAPS), found_of(call.desk, run)) for run in runs],
        walls=[(page, (_spool(call) / page.sha256).is_file() if page.sha256 else False) for page in walls],
        issues=[one for one in call.books.store.issues(call.campaign_id, open_only=False) if one.source == name][:20],
        render=RENDER,
    )


def _spool(call: Call) -> Path:
    return call.desk.workspace / "spool"


def sample(call: Call) -> Response:
    """Show a wall as it came back, in the sandbox of the evidence origin."""
    name, sha256 = call.path("name"), call.path("sha256")
    page = next((one for one in call.books.work.walls(call.campaign_id, name, 200) if one.sha256 == sha256), None)
    if page is None or not (_spool(call) / sha256).is_file():
        raise Refused(404, "没有这个样本；抓取缓存到期后会自动清除")
    ticket = URLSafeTimedSerializer(call.desk.secret, salt="sample").dumps(sha256)
    return call.page("sample.html", name=name, page=page, frame=f"{call.desk.origins.evidence}/sample?ticket={ticket}")


def try_source(call: Call) -> Response:
    """Read a source for real, now, in a child process: an entry and a page it leads to, field by field."""
    name = _known(call)
    arguments = ["source", "check", name]
    if call.campaign is not None and any(choice.name == name for choice in call.campaign.sources):
        arguments += ["--campaign", call.campaign.path]
    number = call.desk.tasks.start("source", f"试读来源：{call.desk.platform_title(name)}", arguments, name=call.who.name)
    call.audit("source", name, "试读")
    return call.go(f"/tasks/{number}")


def add_source(call: Call) -> Response:
    """Write the file of a new source from one of its pages, in a child process; what was guessed is shown for checking."""
    url, name = call.need("url", "网址"), call.text("name", most=40)
    if not is_web_address(url):
        raise BadInput(f"“{url[:80]}”不是完整的网址；应以 http:// 或 https:// 开头", field="网址")
    if name and not _NAME.fullmatch(name):
        raise BadInput("只用小写字母、数字和下划线，以字母开头", field="来源名称")
    arguments = ["source", "new", url, *(["--name", name] if name else [])]
    number = call.desk.tasks.start("source", f"新增来源：{url[:80]}", arguments, name=call.who.name)
    call.audit("source", name or url[:80], "从网址新增")
    return call.go(f"/tasks/{number}")


def switch(call: Call) -> Response:
    """Switch a source on or off in the campaign, with its words and pages; the campaign's file keeps its earlier self."""
    name, campaign = _known(call), call.need_campaign()
    before = next((one for one in campaign.sources if one.name == name), None)
    choice = _wanted(call, name, before) if call.text("on") == "1" else None
    path = Path(campaign.path)
    text = path.read_text(encoding="utf-8-sig")
    save(call, path, with_source(text, name, choice))
    call.audit(
        "source", name, "停用" if choice is None else f"开启，{len(choice.keywords)}个关键词，{choice.max_pages or '按平台'}页"
    )
    return call.go(f"/sources/{name}", said="本次行动已停用这个来源" if choice is None else "已保存，下一次巡查起生效")


def _wanted(call: Call, name: str, before: SourceChoice | None) -> SourceChoice:
    words, starts = call.text("keywords", most=4000).splitlines(), call.text("start", most=20_000).split()
    pages, base = call.text("max_pages"), call.text("base", most=300)
    if pages and (not pages.isascii() or not pages.isdigit() or int(pages) > _MOST_PAGES):
        raise BadInput(f"应为0到{_MOST_PAGES}的整数，0或不填为按平台", field="页数")
    wrong = next((url for url in (*starts, *([base] if base else [])) if not is_web_address(url)), None)
    if wrong:
        raise BadInput(f"“{wrong[:80]}”不是网址", field="入口")
    keywords = tuple(dict.fromkeys(word.strip() for word in words if word.strip()))
    if len(keywords) > _MOST_WORDS:
        raise BadInput(f"最多{_MOST_WORDS}个关键词", field="关键词")
    kept = before or SourceChoice(name=name)
    return replace(kept, base=base, start=tuple(starts), keywords=keywords, max_pages=int(pages or 0))


def _known(call: Call) -> str:
    name = call.path("name")
    if name not in call.desk.platforms():
        raise Refused(404, "没有这个来源")
    return name
