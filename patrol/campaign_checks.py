"""What an officer should know of a campaign before it begins: dates, lists, people, and whether each source can begin at all."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from patrol.calendar import PublicDays, provisional_notes
from patrol.calendar_files import load_calendar
from patrol.campaigns import china_today
from patrol.errors import BadInput
from patrol.model import Campaign, Run, SourceChoice
from patrol.places import is_web_address
from patrol.platforms import GENERIC, Platform, load_platform
from patrol.settings import Settings
from patrol.spider_job import BY_ADDRESS, Atlas, SpiderJob, atlas_of, entry_pages
from patrol.store import Store
from patrol.store.lists import ListStore


def remarks_on(campaign: Campaign, given: Settings) -> Iterator[str]:
    """Yield what is worth a look, one Chinese sentence each."""
    yield from provisional_notes(campaign, PublicDays(load_calendar(given.workspace)))
    if not campaign.vacations:
        yield "没有写寒暑假起止，只按节假日和周末判断休息日"
    elif not any(term.start <= campaign.end and term.end >= campaign.start for term in campaign.vacations):
        yield "寒暑假起止与行动起止不相交，请检查年份"
    if campaign.end < china_today():
        yield f"行动已于 {campaign.end} 结束"
    yield from _list_remarks(campaign, given)
    yield from _people_remarks(campaign)
    for choice in campaign.sources:
        if choice.name != GENERIC and choice.name not in BY_ADDRESS:
            platform = load_platform(choice.name, (given.workspace / "platforms",))
            if platform.policy.closed:
                yield f"{platform.title}：匿名基本看不到内容，须人工补查"


def hindrances(campaign: Campaign, given: Settings) -> Iterator[str]:
    """Yield, one Chinese sentence each, what keeps a source of the campaign (or all of it) from being patrolled. BadInput names a
    source that does not exist."""
    if not campaign.sources:
        yield "没有开启任何来源，什么也不会巡查；请在文件里写 [[sources]]，名称见 patrol source list"
    atlas = atlas_of(campaign, given.workspace)
    for choice in campaign.sources:
        if (why := _cannot_begin(choice, campaign, atlas, given)) is not None:
            yield why


def _list_remarks(campaign: Campaign, given: Settings) -> Iterator[str]:
    for name in campaign.whitelists:
        if not Path(name).is_file():
            yield f"找不到名单文件 {name}"
    if campaign.whitelists:
        return
    store = Store.open(given.workspace)
    try:
        imported = ListStore(store.database).versions_on(china_today())
    finally:
        store.close()
    if imported:
        lists = "、".join(f"{one.list_name}第{one.number}版（{one.dated}，{one.rows}家）" for one in imported)
        yield f"文件里没有写机构名单，按工作区已导入的名单比对：{lists}"
    else:
        yield "没有写机构名单，工作区也没有导入（patrol whitelist import），结论会写“未导入名单，待核”"


def _people_remarks(campaign: Campaign) -> Iterator[str]:
    if len(campaign.officers) < 2:
        yield "巡查人员不足两名；取证和复核须两名人员"
    for label, value in (("负责人", campaign.leader), ("联系电话", campaign.phone)):
        if not value:
            yield f"{label}未填，表上留白"
    late = [batch.number for batch in campaign.batches if batch.due > campaign.end]
    if late:
        yield f"第{'、'.join(map(str, late))}批在行动结束后报送，请确认"


def _cannot_begin(choice: SourceChoice, campaign: Campaign, atlas: Atlas, given: Settings) -> str | None:
    """Say why a source has no page to begin with, or nothing when it has one."""
    if choice.name in BY_ADDRESS or choice.name == GENERIC:
        return None if choice.start or choice.base else f"{choice.name} 没有写 start（网址），不会巡查"
    platform = load_platform(choice.name, (given.workspace / "platforms",))
    title = f"{platform.title}（{choice.name}）"
    if platform.kind == "import" and not choice.start:
        return f"{title}不能自动巡查，只能录入流量、截图或写 start（网址）；留着它会在覆盖情况中列为未巡查"
    run = Run(id="check", campaign=campaign.id, source=choice.name, started_at=datetime.now(UTC))
    try:
        pages = entry_pages(SpiderJob(run=run, campaign=campaign, choice=choice, settings=given), atlas)
    except BadInput:
        return f"{title}各地网址不同，不会巡查；请写{_address_wanted(platform)}"
    if not pages:
        words = "或 keywords（检索词）" if platform.search else ""
        return f"{title}没有自己的入口，不会巡查；请写 start（网址）{words}"
    if not all(is_web_address(page.url) for page in pages):
        return f"{title}没有网站地址，不会巡查；请写{_address_wanted(platform)}"
    return None


def _address_wanted(platform: Platform) -> str:
    key, example = local_address(platform) or ("start", "本地页面的网址")
    return f" {key}（如 {example}）" if key == "start" else f" {key}（如 {example}）或 start（网址）"


def local_address(platform: Platform) -> tuple[str, str] | None:
    """Return the key of the campaign file that tells where a platform is in this place, with an example; None where the platform
    is the same everywhere."""
    places = [entry.url for entry in platform.entries] + [search.url for search in platform.search]
    by_city = next((place for place in places if "{city}" in place), "")
    if by_city:
        return "start", platform.fill(by_city, city="本地城市代码")
    if "{city}" in platform.base:
        return "base", platform.base.replace("{city}", "本地城市代码")
    if not platform.base and any("{base}" in place for place in places):
        return "base", "https://bbs.本地网站.example"
    return None
