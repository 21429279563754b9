"""来源: every platform, what it gave, where it is blocked, and how it is reached."""

from starlette.responses import Response

from patrol.console.call import Call
from patrol.console.pages.today import coverage_of
from patrol.errors import Refused

RENDER = {"http": "直接读取", "browser": "浏览器", "learn": "自动判断"}


def sources_page(call: Call) -> Response:
    """Show all sources: those of the campaign first."""
    if not call.campaign_id:
        return call.page("no_campaign.html", title="来源")
    switched = {choice.name: choice for choice in call.campaign.sources} if call.campaign else {}
    platforms = sorted(call.desk.platforms().values(), key=lambda one: (one.name not in switched, one.name))
    coverage = {row.source: row for row in coverage_of(call)}
    extra = [row for name, row in coverage.items() if name not in call.desk.platforms()]
    issues = call.books.store.issues(call.campaign_id)
    return call.page(
        "sources.html", platforms=platforms, switched=switched, coverage=coverage, extra=extra, issues=issues, render=RENDER
    )


def source_page(call: Call) -> Response:
    """Show one source: its settings, last runs, walls met, issues past and present."""
    name = call.path("name")
    platform = call.desk.platforms().get(name)
    coverage = next((row for row in coverage_of(call) if row.source == name), None)
    if platform is None and coverage is None:
        raise Refused(404, "没有这个来源")
    choice = next((one for one in call.campaign.sources if one.name == name), None) if call.campaign else None
    runs = [run for run in call.books.work.latest_runs(call.campaign_id, 100) if run.source == name][:10]
    return call.page(
        "source.html",
        name=name,
        platform=platform,
        choice=choice,
        coverage=coverage,
        runs=runs,
        walls=call.books.work.walls(call.campaign_id, name),
        issues=[one for one in call.books.store.issues(call.campaign_id, open_only=False) if one.source == name][:20],
        render=RENDER,
    )
