"""What officers did about a lead: measures, and leads picked as typical cases."""

from starlette.responses import Response

from patrol.console.call import Call
from patrol.console.lead_view import check_district
from patrol.errors import BadInput
from patrol.handling import Measure
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
