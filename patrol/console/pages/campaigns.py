"""专项行动: take a campaign's file in, change it, keep what it was before. Nothing half-right is ever saved."""

import re
from pathlib import Path

from starlette.responses import Response

from patrol.campaigns import load_campaign
from patrol.console.call import CAMPAIGN_COOKIE, Call
from patrol.errors import BadInput
from patrol.model import Campaign

_MOST = 200_000


def campaigns_page(call: Call) -> Response:
    """Show the campaigns, and the file of the chosen one."""
    campaign = call.campaign
    text = Path(campaign.path).read_text(encoding="utf-8-sig") if campaign else ""
    return call.page("campaigns.html", known=call.desk.campaigns(), campaign=campaign, text=text, error="")


def take_in(call: Call) -> Response:
    """Take a campaign file in: an upload, or the edited text of one that is known."""
    files = call.files("file")
    text = files[0].file.read(_MOST + 1).decode("utf-8-sig", "replace") if files else call.text("text", most=_MOST)
    if not text.strip():
        raise BadInput("请选择专项行动文件（TOML），或在文本框里填写", field="文件")
    if len(text) > _MOST:
        raise BadInput("文件过大，不像专项行动文件", field="文件")
    text = text.replace("\r\n", "\n")
    place = _place(call, text)
    campaign = save(call, place, text)
    call.audit("campaign", campaign.id, f"登记或修改专项行动文件，校验值 {campaign.digest[:12]}")
    response = call.go(
        "/campaigns", said=f"已保存“{campaign.title}”：{len(campaign.sources)}个来源，{len(campaign.batches)}个批次"
    )
    response.set_cookie(CAMPAIGN_COOKIE, campaign.id, httponly=True, samesite="lax", path="/")
    return response


def _place(call: Call, text: str) -> Path:
    """Return where the file is kept: where it lies when it is known, else the workspace's own folder."""
    found = re.search(r'^\s*id\s*=\s*"([A-Za-z0-9][A-Za-z0-9_-]*)"', text, re.MULTILINE)
    if not found:
        raise BadInput("文件里没有 [campaign] 的 id（只用字母、数字、连字符）", field="campaign.id")
    known = call.books.work.campaign_files().get(found.group(1))
    return Path(known) if known else call.desk.workspace / "campaigns" / f"{found.group(1)}.toml"


def save(call: Call, place: Path, text: str) -> Campaign:
    """Check the text beside its place (its list files are named relative to it), then put it there; the earlier one is kept."""
    place.parent.mkdir(parents=True, exist_ok=True)
    trial = place.with_name(f".{place.stem}.trial.toml")
    try:
        trial.write_text(text, encoding="utf-8")
        try:
            load_campaign(trial)
        except BadInput as error:
            raise BadInput(error.reason, file="专项行动文件", line=error.line, field=error.field) from error
        if place.is_file():
            history = call.desk.workspace / "campaigns" / "earlier"
            history.mkdir(parents=True, exist_ok=True)
            place.replace(history / f"{place.stem}-{call.now:%Y%m%d%H%M%S%f}.toml")
        trial.replace(place)
    finally:
        trial.unlink(missing_ok=True)
    return call.desk.register_campaign(place)
