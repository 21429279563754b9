"""移送: draft a package for a body, export it, note that it was sent and what was answered."""

from dataclasses import dataclass
from pathlib import Path

from starlette.responses import FileResponse, Response

from patrol.campaigns import china_today
from patrol.commands.takedown import export_command, new_command, reply_command, sent_command
from patrol.console.call import Call
from patrol.errors import Refused
from patrol.takedown.recipients import recipients
from patrol.takedown.register import EVENTS, Register, Takedown
from patrol.vault.model import LedgerRow


@dataclass(frozen=True, slots=True)
class Standing:
    """A package with its state, its history and its files."""

    takedown: Takedown
    state: str
    events: list[LedgerRow]
    files: list[str]


def takedowns_page(call: Call) -> Response:
    """Show the register of the campaign's packages and the form for a new one."""
    register = Register(call.desk.workspace)
    own = [one for one in reversed(register.all()) if one.campaign == call.campaign_id]
    rows = [
        Standing(one, register.state(one, china_today(call.now)), register.events(one.number), _files(call, one.number))
        for one in own
    ]
    return call.page("takedowns.html", rows=rows, bodies=recipients(), events=EVENTS, campaign=call.campaign)


def _folder(call: Call, number: str) -> Path:
    return call.desk.workspace / "exports" / "takedowns" / number


def _files(call: Call, number: str) -> list[str]:
    folder = _folder(call, number)
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.zip")) if folder.is_dir() else []


def draft(call: Call) -> Response:
    """Draft a package of what two officers confirmed."""
    due = call.day("due", "反馈期限")
    new_command(
        campaign=Path(call.need_campaign().path),
        to=call.need("to", "接收单位"),
        officer=call.who.name,
        platform=call.text("platform"),
        lead=call.text("leads", most=20_000).split() or None,
        document=call.text("document", most=60),
        due=due.isoformat() if due else "",
    )
    made = Register(call.desk.workspace).all()[-1]
    call.audit("takedown", made.number, f"{made.addressee}，{len(made.leads)}条")
    return call.go("/takedowns", said=f"已拟制 {made.number}：{made.addressee}，{len(made.leads)} 条线索")


def export(call: Call) -> Response:
    """Make the package's files."""
    number, reason = call.path("number"), call.text("reason", most=300)
    original = call.text("original") == "1"
    target = _folder(call, Register(call.desk.workspace).get(number).number) / f"{call.now:%Y%m%d%H%M%S}"
    export_command(
        number=number,
        campaign=Path(call.need_campaign().path),
        to=target,
        officer=call.who.name,
        original=original,
        reason=reason,
    )
    call.audit("export", number, f"{'原件' if original else '打码件'}：{reason}")
    return call.go("/takedowns", said=f"{number} 已导出，可在下面下载")


def download(call: Call) -> Response:
    """Send a package's file."""
    folder = _folder(call, call.path("number")).resolve()
    path = (folder / call.path("file")).resolve()
    if not path.is_relative_to(folder) or path.suffix != ".zip" or not path.is_file():
        raise Refused(404, "没有这个文件")
    call.audit("download", call.path("number"), path.name)
    return FileResponse(path, media_type="application/zip", filename=path.name)


def sent(call: Call) -> Response:
    """Note that a package was sent."""
    number, at = call.path("number"), call.day("at", "发出日期")
    sent_command(number=number, officer=call.who.name, at=at.isoformat() if at else "", how=call.text("how", most=60))
    call.audit("takedown_sent", number)
    return call.go("/takedowns", said=f"{number} 已登记发出")


def reply(call: Call) -> Response:
    """Note what was answered."""
    number, at = call.path("number"), call.day("at", "反馈日期")
    reply_command(
        number=number,
        officer=call.who.name,
        result=call.need("result", "结果"),
        text=call.text("text", most=500),
        at=at.isoformat() if at else "",
    )
    call.audit("takedown_reply", number)
    return call.go("/takedowns", said=f"{number} 已登记反馈")
