"""The JSON API: what the console does, for other programs of the bureau. Documented by its types (OpenAPI)."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Query, Request, UploadFile
from starlette.responses import JSONResponse, Response

from patrol.console.api_records import (
    ClueWish,
    CoverageRow,
    DecisionMade,
    DecisionRow,
    DecisionWish,
    Files,
    FindingRow,
    Imported,
    LeadDetail,
    LeadPage,
    LeadRow,
    ReportWish,
    TaskRow,
)
from patrol.console.call import Call
from patrol.console.lead_view import check_district
from patrol.console.pages.leads import REASONS
from patrol.console.pages.status import metrics as metrics_page
from patrol.console.pages.status import status_data
from patrol.console.pages.today import coverage_of
from patrol.console.rendering import safe_url
from patrol.errors import BadInput, Refused
from patrol.licences import ListKind
from patrol.listing import import_list
from patrol.model import Judgement
from patrol.reports.forms import form as form_named
from patrol.reports.making import read_input, write
from patrol.store.console import Card, DeskFilter
from patrol.store.reviewing import Stage


def call_of(request: Request) -> Call:
    """Return the call that the gate let through."""
    call: Call = request.state.call
    return call


Calling = Annotated[Call, Depends(call_of)]
Text = Annotated[str, Query(max_length=100)]


def leads(
    call: Calling,
    stage: Text = "",
    platform: Text = "",
    grade: Text = "",
    q: Text = "",
    order: Text = "weight",
    after: Text = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> LeadPage:
    """列出线索。"""
    if stage and stage not in set(Stage):
        raise BadInput("没有这个阶段", field="stage")
    numbers = tuple(call.books.search.lead_numbers(q, campaign=call.campaign_id)) if q else None
    wanted = DeskFilter(
        campaign=call.campaign_id,
        stage=stage,
        platform=platform,
        grade=grade,
        order=order,
        numbers=numbers,
        district=call.who.district,
    )
    cards, following = call.books.leads.queue(wanted, after=after, limit=limit)
    call.audit("api", "leads", f"{len(cards)}条")
    return LeadPage(leads=[LeadRow(**_row(card)) for card in cards], next=following)


def _row(card: Card) -> dict[str, Any]:
    names = tuple(name for name in LeadRow.model_fields if name != "stage")
    return {**{name: getattr(card, name) for name in names}, "stage": card.stage.value}


def lead(call: Calling, number: str) -> LeadDetail:
    """一条线索的全部。"""
    card = call.books.leads.card(number)
    check_district(call, card)
    found = call.books.store.lead(number)
    screening = found.screening
    if screening is None:
        raise Refused(404, "没有这条线索")
    call.audit("view", number, "接口")
    return LeadDetail(
        **_row(card),
        text=screening.post.text,
        why=screening.detection.why,
        match_why=found.match.why,
        findings=[
            FindingRow(
                rule=one.rule,
                clause=one.clause,
                element=one.element.value,
                start=one.start,
                end=one.end,
                quote=one.quote,
                trick=one.trick,
            )
            for one in screening.detection.findings
        ],
        decisions=[
            DecisionRow(
                judgement=one.judgement.value,
                officer=one.officer,
                role=one.role,
                reason=one.reason,
                at=one.at,
                undone=one.undone_at is not None,
            )
            for one in call.books.review.decisions(number)
        ],
    )


def decide(call: Calling, number: str, wish: DecisionWish) -> DecisionMade:
    """对一条线索作出决定（记在令牌所属人员名下）。"""
    if wish.judgement is Judgement.UNREVIEWED:
        raise BadInput("不能改回待核；请用撤销", field="judgement")
    if wish.judgement is Judgement.DISMISSED and not wish.reason:
        raise BadInput(f"判为不属实须写明理由，如“{REASONS[0]}”", field="reason")
    check_district(call, call.books.leads.card(number))
    standing = call.books.review.decide(
        number,
        wish.judgement,
        officer=call.who.name,
        seen=wish.version,
        reason=wish.reason,
        now=call.now,
        senior=call.senior,
    )
    call.audit("decide", number, f"{wish.judgement.chinese}；现为{standing.stage.chinese}（接口）")
    return DecisionMade(number=number, stage=standing.stage.value, version=call.books.leads.card(number).version)


def coverage(call: Calling) -> list[CoverageRow]:
    """各来源的覆盖。"""
    return [
        CoverageRow(
            source=row.source,
            planned=row.planned,
            covered=row.covered,
            waiting=row.waiting,
            posts=row.posts,
            leads=row.leads,
            gaps={state.value: count for state, count in row.gaps.items()},
        )
        for row in coverage_of(call)
    ]


def add_clues(call: Calling, wish: ClueWish) -> TaskRow:
    """抓取并筛查网址。"""
    campaign = call.need_campaign()
    if wrong := next((url for url in wish.urls if not safe_url(url) or any(c.isspace() for c in url)), None):
        raise BadInput(f"“{wrong[:80]}”不是网址", field="urls")
    folder = call.desk.workspace / "clues" / f"{call.now:%Y%m%d-%H%M%S-%f}"
    folder.mkdir(parents=True)
    file = folder / "网址.txt"
    file.write_text("\n".join(wish.urls) + "\n", encoding="utf-8")
    arguments = ["sweep", "--campaign", campaign.path, "--urls", str(file), "--json"]
    number = call.desk.tasks.start("urls", f"接口录入 {len(wish.urls)} 个网址", arguments, name=call.who.name)
    call.audit("clue", campaign.id, f"接口录入 {len(wish.urls)} 个网址")
    return TaskRow(task=number, state="running")


def task(call: Calling, number: int) -> TaskRow:
    """后台任务的进展。"""
    found = call.books.work.task(number)
    if found is None:
        raise Refused(404, "没有这项任务")
    running = call.desk.tasks.runs(found) or found.code is None
    return TaskRow(task=number, state="running" if running else "done" if found.code == 0 else "failed", result=found.result)


def make_report(call: Calling, wish: ReportWish) -> Files:
    """生成一张表单。"""
    campaign, form = call.need_campaign(), form_named(wish.form)
    given = read_input(form, Path(campaign.path), wish.batch, call.now)
    folder = call.desk.workspace / "reports" / campaign.id
    made = write(form, given, folder / f"{form.TEMPLATE.name}{f'-第{wish.batch}批' if wish.batch else ''}")
    call.audit("make_report", form.TEMPLATE.name, "接口")
    root = call.desk.workspace / "reports"
    return Files(files=[path.relative_to(root).as_posix() for path in made.files], notes=list(made.notes))


def import_whitelist(call: Calling, file: UploadFile, kind: ListKind | None = None, list_name: Text = "") -> Imported:
    """导入一份名单，作为新的一版；有一行读不出即整份退回。"""
    name = Path((file.filename or "").replace("\\", "/")).name
    folder = call.desk.workspace / "lists" / "incoming" / f"{call.now:%Y%m%d%H%M%S%f}"
    folder.mkdir(parents=True)
    path = folder / name
    try:
        path.write_bytes(file.file.read())
        version, _ = import_list(
            path, lists=call.books.lists, workspace=call.desk.workspace, name=list_name, kind=kind, officer=call.who.name
        )
    finally:
        path.unlink(missing_ok=True)
        folder.rmdir()
    call.audit("import_list", version.list_name, f"{version.label}（接口）")
    call.desk.forget("entries:")
    return Imported(label=version.label, rows=version.rows, unreadable=version.unreadable)


def status(call: Calling) -> Response:
    """工作区现状：逐项检查和数字，没有姓名和网址。"""
    return status_data(call)


def metrics(call: Calling) -> Response:
    """Prometheus 指标：只有编号和数字。"""
    return metrics_page(call)


def openapi(request: Request, call: Calling) -> Response:
    """接口说明（OpenAPI 3.1）。"""
    del call
    return JSONResponse(request.app.openapi())
