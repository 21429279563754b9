"""运行状况: is everything well, what is planned, who is told of what, and every knob with its value."""

from datetime import timedelta

from starlette.responses import JSONResponse, PlainTextResponse, Response

from patrol.campaigns import CHINA
from patrol.console.call import Call
from patrol.console.desk import Desk
from patrol.console.people import Role
from patrol.errors import BadInput, PatrolError
from patrol.operation.metrics import metrics_text
from patrol.operation.notices import Hours, channels, try_channels
from patrol.operation.standing import Status, status_of
from patrol.settings import SETTINGS, Setting, Value
from patrol.store.clock import ClockBook, Occurrence

JOBS = {
    "broad_sweep": "全网巡查",
    "key_period_sweep": "关键时段加密巡查",
    "live_hour_sweep": "直播时段巡查",
    "watch_sweep": "重点监看",
    "standing_sweep": "常态化巡查",
    "recheck": "复查",
    "batch_report": "生成批次情况表（前一晚）",
    "batch_report_morning": "生成批次情况表（当日晨）",
    "batch_reminder": "提醒：批次即将报送",
    "summary_reminder": "提醒：总结即将报送",
    "list_reminder": "提醒：核对机构名单",
    "backup": "备份",
    "retention": "到期数据清理",
    "self_check": "自检",
}
STATES = {
    "planned": "待运行",
    "running": "运行中",
    "done": "完成",
    "failed": "失败",
    "missed": "错过",
    "merged": "并入补做",
    "cancelled": "取消",
}
_CHANNELS = (("邮件", "notice_mail_to"), ("webhook", "notice_webhook"), ("企业微信", "notice_wecom"))
# an address of a robot is as good as its password
_SECRET = frozenset({"notice_webhook", "notice_wecom"})
_SECONDS = 5.0


def standing(desk: Desk) -> Status:
    """Return how the workspace stands, at most some seconds old."""
    return desk.remembered("status", _SECONDS, lambda: status_of(desk.settings))


def status_page(call: Call) -> Response:
    """Show the checks, the plan, the notices; to administrators the settings too."""
    book = ClockBook(call.books.store)
    rows = book.between(call.now - timedelta(days=2), call.now + timedelta(days=2))
    ahead = [row for row in rows if row.due_at > call.now and row.state == "planned"][:14]
    past = [row for row in reversed(rows) if row.state not in {"planned", "cancelled"}][:14]
    return call.page(
        "status.html",
        found=standing(call.desk),
        ahead=[(row, _job(row)) for row in ahead],
        past=[(row, _job(row)) for row in past],
        states=STATES,
        notices=list(reversed(book.notices()))[:20],
        told=_channels(call),
        quiet=call.desk.settings.text("notice_quiet"),
        digest=call.desk.settings.text("notice_digest"),
        settings=_settings(call) if call.role is Role.ADMIN else [],
    )


def _job(row: Occurrence) -> str:
    return JOBS.get(row.job, row.job)


def _channels(call: Call) -> list[tuple[str, str, str]]:
    """Return each channel with its setting and what keeps it from working (`off`: not set; empty: it is on)."""
    given = call.desk.settings
    try:
        Hours.of(given)
        on, trouble = {channel.name for channel in channels(given)}, ""
    except BadInput as error:
        on, trouble = set(), str(error)
    errors = dict(ClockBook(call.books.store).delivery_errors(call.now - timedelta(days=1)))
    rows = []
    for name, setting in _CHANNELS:
        state = errors.get(name, "") if name in on else (trouble if given.text(setting) else "off")
        rows.append((name, setting, state))
    return rows


def _settings(call: Call) -> list[tuple[str, str, str, str]]:
    given, words = call.desk.settings, {"default": "默认", "command line": "启动参数"}
    return [
        (one.name, _shown(one, given.values[one.name]), one.help, words.get(given.origins[one.name], given.origins[one.name]))
        for one in SETTINGS
    ]


def _shown(setting: Setting, value: Value) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    return "（已设置，不显示）" if setting.name in _SECRET and "://" in str(value) else str(value)


def try_notice(call: Call) -> Response:
    """Send a trial message through every channel that is set."""
    at = f"{call.now.astimezone(CHINA):%m月%d日 %H:%M}"
    results = try_channels(call.desk.settings, f"这是一条试发的提醒（{at}），收到即表示设置有效。")
    if not results:
        raise BadInput("还没有设置任何提醒方式；请在工作区 settings.toml 填写后重启控制台")
    said = "；".join(f"{name}：{error or '已发出'}" for name, error in results)
    call.audit("notice", "", said)
    return call.go("/status", said=said)


def health(call: Call) -> Response:
    """Say whether all is well, and nothing else: for whatever keeps the service alive."""
    try:
        well = standing(call.desk).well
    except PatrolError:
        well = False
    return PlainTextResponse("ok" if well else "not ok", status_code=200 if well else 503)


def metrics(call: Call) -> Response:
    """Prometheus 指标：只有编号和数字。"""
    text = call.desk.remembered("metrics", _SECONDS, lambda: metrics_text(call.desk.settings))
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4")


def status_data(call: Call) -> Response:
    """工作区现状：逐项检查和数字，没有姓名和网址。"""
    return JSONResponse(standing(call.desk).as_data())
