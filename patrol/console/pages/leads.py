"""线索: the queue with its filters, one lead, and every decision on it."""

from typing import Any

from starlette.responses import Response

from patrol.console import figures
from patrol.console.aftermath import aftermath
from patrol.console.call import Call
from patrol.console.lead_view import check_district, lead_view
from patrol.console.pages import allowing
from patrol.console.people import Role
from patrol.errors import BadInput, Conflict
from patrol.model import Judgement
from patrol.store.console import DeskFilter
from patrol.store.reviewing import Stage, Standing

PAGE = 40
REASONS = (
    "政策宣传、新闻报道或投诉求助，不是招揽",
    "名单内机构，且不涉及学科类违规",
    "非学科类（体育、艺术、科技等）",
    "面向成年人或高等教育",
    "求职、求家教，不是提供者",
    "同名不同主体",
    "内容识别有误",
)
_DECIDABLE = {Judgement.CONFIRMED, Judgement.DISMISSED, Judgement.UNSURE, Judgement.HANDED_OVER}
_SHORT = {"stage", "grade", "platform", "verdict", "category", "provider", "since", "until", "order", "q", "mine"}
_MOST_BULK = 200


def filter_of(call: Call) -> tuple[DeskFilter, dict[str, str]]:
    """Return the filter that the address asks for, and its query values as they stand."""
    given = {name: call.query(name)[:100] for name in _SHORT if call.query(name)}
    stage = given.get("stage", "")
    if not stage and "q" not in given and "provider" not in given and "since" not in given:
        stage = Stage.NEW.value
    if stage not in {"all", "", *Stage}:
        raise BadInput(f"没有“{stage}”这一栏")
    words = given.get("q", "")
    numbers = tuple(call.books.search.lead_numbers(words, campaign=call.campaign_id)) if words else None
    if words.upper().startswith("XS"):
        numbers = (words.upper(),)
    wanted = DeskFilter(
        campaign=call.campaign_id,
        stage="" if stage == "all" else stage,
        numbers=numbers,
        district=call.user.district if call.user else "",
        excluding=call.user.name if given.get("mine") and call.user else "",
        order=given.get("order", "weight"),
        grade=given.get("grade", ""),
        platform=given.get("platform", ""),
        verdict=given.get("verdict", ""),
        category=given.get("category", ""),
        provider=given.get("provider", ""),
        since=given.get("since", ""),
        until=given.get("until", ""),
    )
    return wanted, {**given, "stage": stage or "all"}


def queue(call: Call) -> Response:
    """Show the queue; with `rows=1` only the further rows."""
    if not call.campaign_id:
        return call.page("no_campaign.html", title="线索")
    wanted, given = filter_of(call)
    cards, following = call.books.leads.queue(wanted, after=call.query("after"), limit=PAGE)
    sizes = call.books.leads.provider_sizes(call.campaign_id, [card.provider for card in cards])
    values: dict[str, Any] = {"cards": cards, "following": following, "given": given, "sizes": sizes, "reasons": REASONS}
    if call.query("rows"):
        return call.page("_rows.html", **values)
    stages = figures.stages(call.desk, call.campaign_id, wanted.district)
    facets = {column: _facet(call, wanted, column) for column in ("platform", "verdict")}
    waiting = call.desk.remembered("search_pending", 10, call.books.search.pending) if given.get("q") else 0
    return call.page(
        "queue.html",
        **values,
        stages=stages,
        facets=facets,
        waiting=waiting,
        saved=call.books.work.filters(call.who.id),
        elsewhere=[] if cards else _elsewhere(call, wanted.district),
    )


def _elsewhere(call: Call, district: str) -> list[tuple[str, str, int]]:
    """Return (id, title, number) of the other campaigns where leads wait for a first review."""
    waiting = call.books.leads.waiting(district)
    return [(id_, title, waiting[id_]) for id_, title in call.desk.campaigns() if id_ in waiting and id_ != call.campaign_id]


def _facet(call: Call, wanted: DeskFilter, column: str) -> list[tuple[str, int]]:
    """Return the choices of a column with their numbers: within the stage (and the search), whatever else is chosen."""
    base = DeskFilter(campaign=wanted.campaign, stage=wanted.stage, district=wanted.district, numbers=wanted.numbers)
    if wanted.numbers is not None:
        return call.books.leads.facet(base, column)
    key = f"facet:{column}:{base.campaign}:{base.stage}:{base.district}"
    return call.desk.remembered(key, 20, lambda: call.books.leads.facet(base, column))


def lead_page(call: Call) -> Response:
    """Show everything about a lead."""
    view = lead_view(call, call.path("number"))
    call.audit("view", view.card.number)
    return call.page("lead.html", view=view, after=aftermath(call, view), reasons=REASONS, panel=False)


def lead_panel(call: Call) -> Response:
    """Show a lead beside the queue."""
    view = lead_view(call, call.path("number"))
    call.audit("view", view.card.number, "队列")
    return call.page("_lead.html", view=view, reasons=REASONS, panel=True)


def decide(call: Call) -> Response:
    """Keep a decision; in the queue the browser is told which lead it was, so that it goes on to the next."""
    number = call.path("number")
    check_district(call, call.books.leads.card(number))
    standing = _decide(call, number, call.text("version"))
    return _decided(call, number, standing)


def _decide(call: Call, number: str, version: str) -> Standing:
    judgement, reason = _judgement(call)
    if not version.isdigit():
        raise BadInput("页面不完整，请刷新后重试")
    rules = allowing.wished(call, number, judgement)
    standing = call.books.review.decide(
        number, judgement, officer=call.who.name, seen=int(version), reason=reason, now=call.now, senior=call.senior
    )
    if judgement is Judgement.DISMISSED:
        card = call.books.leads.card(number)
        call.books.review.allow(card.provider, reason=reason, lead=number, name=call.who.name, now=call.now)
        allowing.keep(call, number, rules, reason)
    call.audit("decide", number, f"{judgement.chinese}{f'：{reason}' if reason else ''}；现为{standing.stage.chinese}")
    call.desk.forget("stages:")
    return standing


def _judgement(call: Call) -> tuple[Judgement, str]:
    try:
        judgement = Judgement(call.text("judgement"))
    except ValueError as error:
        raise BadInput("请选择属实、不属实、无法核实或转人工", field="决定") from error
    if judgement not in _DECIDABLE:
        raise BadInput("请选择属实、不属实、无法核实或转人工", field="决定")
    reason = call.text("reason", most=500)
    if judgement is Judgement.DISMISSED and not reason:
        raise BadInput("判为不属实须写明理由（会记入排除名单，供以后比对）", field="理由")
    return judgement, reason


def _decided(call: Call, number: str, standing: Standing) -> Response:
    if not call.fragment:
        return call.go(f"/leads/{number}", said=f"已保存，现为“{standing.stage.chinese}”")
    view = lead_view(call, number)
    response = call.page("_lead.html", view=view, reasons=REASONS, panel=call.text("panel") == "1")
    response.headers["HX-Trigger"] = _event("decided", number, standing)
    return response


def _event(name: str, number: str, standing: Standing) -> str:
    # header values are Latin-1: the word goes as JSON escapes
    word = standing.stage.chinese.encode("unicode_escape").decode()
    return f'{{"{name}": {{"number": "{number}", "stage": "{standing.stage.value}", "word": "{word}"}}}}'


def undo(call: Call) -> Response:
    """Take back one's own last decision, of this lead or (`last`) of any."""
    number = call.path("number")
    if number == "last":
        number = call.books.review.last_own(call.who.name, call.now) or ""
        if not number:
            raise BadInput("最近半小时内没有可撤销的决定")
    standing = call.books.review.undo(number, officer=call.who.name, now=call.now)
    call.audit("undo", number, f"撤销本人决定；现为{standing.stage.chinese}")
    call.desk.forget("stages:")
    if not call.fragment:
        return call.go(f"/leads/{number}", said="已撤销")
    response = call.page("_lead.html", view=lead_view(call, number), reasons=REASONS, panel=call.text("panel") == "1")
    response.headers["HX-Trigger"] = _event("undone", number, standing)
    return response


def bulk(call: Call) -> Response:
    """Decide on many leads at once; each that cannot be decided is named with its reason, the others stand."""
    chosen = call.texts("lead")
    if not chosen:
        raise BadInput("请先勾选线索（x 键）")
    if len(chosen) > _MOST_BULK:
        raise BadInput(f"一次最多{_MOST_BULK}条")
    done, refused = [], []
    for item in chosen:
        number, _, version = item.partition(":")
        try:
            check_district(call, call.books.leads.card(number))
            _decide(call, number, version)
            done.append(number)
        except (BadInput, Conflict) as error:
            refused.append((number, str(error)))
    if done or not refused:
        return call.page("bulk.html", done=done, refused=refused, back=call.request.headers.get("hx-current-url", ""))
    raise BadInput("；".join(f"{number}：{why}" for number, why in refused[:5]))


def reopen(call: Call) -> Response:
    """Set aside all decisions on a lead (administrators), with a reason."""
    number, reason = call.path("number"), call.need("reason", "理由", most=500)
    call.books.review.reopen(number, now=call.now)
    call.books.review.add_note(number, f"重新打开：{reason}", name=call.who.name, now=call.now)
    call.audit("reopen", number, reason)
    call.desk.forget("stages:")
    return call.go(f"/leads/{number}", said="已重新打开，须重新初审、复核")


def add_note(call: Call) -> Response:
    """Keep a note on a lead."""
    number = call.path("number")
    check_district(call, call.books.leads.card(number))
    call.books.review.add_note(number, call.need("text", "备注", most=2000), name=call.who.name, now=call.now)
    call.audit("note", number)
    return call.go(f"/leads/{number}", said="备注已保存")


def save_filter(call: Call) -> Response:
    """Keep the queue's filter under a name."""
    name = call.need("name", "名称", most=30)
    call.books.work.save_filter(call.who.id, name, call.text("query", most=1000).lstrip("?"))
    return call.go(f"/leads?{call.text('query', most=1000).lstrip('?')}", said=f"已保存筛选“{name}”")


def drop_filter(call: Call) -> Response:
    """Forget a saved filter."""
    call.books.work.drop_filter(call.who.id, call.number("number"))
    return call.go("/leads", said="已删除筛选")


def search(call: Call) -> Response:
    """Find posts (leads or not) by their words."""
    words = call.query("q")[:100]
    if not call.campaign_id:
        return call.page("no_campaign.html", title="检索")
    before = call.query("before")
    found = (
        call.books.search.posts(
            words, campaign=call.campaign_id, platform=call.query("platform"), before=int(before) if before.isdigit() else 0
        )
        if words
        else []
    )
    waiting = call.desk.remembered("search_pending", 10, call.books.search.pending)
    if words:
        call.audit("search", "", words)
    return call.page("search.html", words=words, found=found, waiting=waiting, senior=call.role is not Role.VIEWER)
