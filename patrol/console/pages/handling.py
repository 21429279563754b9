"""What officers did about a lead: measures, later looks, list changes, and leads picked as typical cases."""

from starlette.responses import Response

from patrol.console.call import Call
from patrol.console.lead_view import check_district
from patrol.errors import BadInput
from patrol.handling import ListChange, Measure
from patrol.reports.forms.list_changes import STATES, check
from patrol.reports.wording import wording


def record_measure(call: Call) -> Response:
    """Record a measure on a lead; the same step recorded again tells how it went on."""
    number, words = call.path("number"), wording()
    check_district(call, call.books.leads.card(number))
    kind, to, state = call.need("kind", "措施"), call.text("to"), call.text("state") or "open"
    if kind not in words.measures or (to and to not in words.bodies) or state not in words.measure_states:
        raise BadInput("请从列表中选择措施、接收部门和进展")
    at = call.day("at", "日期")
    if at is None:
        raise BadInput("请填写日期", field="日期")
    measure = Measure(
        lead=number,
        kind=kind,
        at=at,
        to=to,
        document=call.text("document", most=80),
        state=state,
        due=call.day("due", "期限"),
        done_at=at if state == "done" else None,
    )
    call.books.handling.record_measure(measure, officer=call.who.name, recorded_at=call.now)
    call.audit("measure", number, f"{words.measures[kind]} {words.measure_states[state]}")
    return call.go(f"/leads/{number}", said="处置已记录")


def choose_case(call: Call) -> Response:
    """Pick a lead for 典型案例."""
    number = call.path("number")
    check_district(call, call.books.leads.card(number))
    call.books.handling.choose_case(call.books.leads.campaign_of(number), number)
    call.audit("case", number)
    return call.go(f"/leads/{number}", said="已选为典型案例")


def recheck_lead(call: Call) -> Response:
    """Look at one lead's page again now, in a child process."""
    number = call.path("number")
    check_district(call, call.books.leads.card(number))
    call.look_at(call.books.leads.campaign_of(number))
    campaign = call.need_campaign()
    arguments = ["recheck", "--campaign", campaign.path, "--lead", number]
    task = call.desk.tasks.start("recheck", f"复查 {number}", arguments, name=call.who.name)
    call.audit("recheck", number)
    return call.go(f"/tasks/{task}")


def recheck_due(call: Call) -> Response:
    """Look again at every lead whose day has come, in a child process."""
    campaign = call.need_campaign()
    if any(task.kind == "recheck" and call.desk.tasks.runs(task) for task in call.books.work.open_tasks()):
        raise BadInput("已有一次复查正在进行；请等它结束")
    task = call.desk.tasks.start("recheck", "复查到期的线索", ["recheck", "--campaign", campaign.path], name=call.who.name)
    call.audit("recheck", campaign.id, "到期的全部")
    return call.go(f"/tasks/{task}")


def record_list_change(call: Call) -> Response:
    """Record that the lead's subject moved on the white, grey or black list; an unusual step is said, not stopped."""
    number = call.path("number")
    check_district(call, call.books.leads.card(number))
    before, after, at = call.text("before"), call.text("after"), call.day("at", "日期")
    if before not in STATES or after not in STATES or at is None:
        raise BadInput("请选择变更前后的状态和日期")
    change = ListChange(
        name=call.need("name", "对象名称", most=100),
        before=before,
        after=after,
        at=at,
        reason=call.need("reason", "变更理由", most=300),
        identifier=call.text("identifier", most=80),
        document=call.text("document", most=80),
        lead=number,
        officer=call.who.name,
    )
    call.books.handling.record_list_change(call.books.leads.campaign_of(number), change, recorded_at=call.now)
    call.audit("list_change", number, f"{change.name}：{STATES[before]} → {STATES[after]}")
    verdict = check(change)
    return call.go(f"/leads/{number}", said="名单变更已记录" + ("" if verdict == "相符" else f"；提示：{verdict}"))
