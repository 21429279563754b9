"""Working copies carry no more personal data than needed: contacts half hidden, persons as 姓某; originals stay sealed."""

import re

from patrol.model import Lead

_PHONE = re.compile(r"(?<!\d)(1[3-9]\d)[\s-]?(\d{4})[\s-]?(\d{4})(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)(0\d{2,3})[-—\s]?(\d{3,4})(\d{4})(?!\d)")
_IDENTITY = re.compile(r"(?<![0-9A-Za-z])(\d{3})\d{12}(\d{2}[\dXx])(?![0-9A-Za-z])")
_QQ = re.compile(r"(?i)((?:qq|扣扣|企鹅|群号|群)[号]?\s*[:：]?\s*)(\d{2})\d{2,8}(\d{2})(?!\d)")
_ACCOUNT = re.compile(
    r"(?i)((?:微信|vx|wx|v信|薇信|威信|加微|加v)[号]?\s*[:：]?\s*)([a-z][\w-]{1})[\w-]{2,16}([\w-]{2})(?![\w-])"
)
_MAIL = re.compile(r"([\w.+-]{1,2})[\w.+-]*(@[\w-]+(?:\.[\w-]+)+)")
_KINDS = {"phone", "wechat", "qq", "group", "account", "email"}
_COMPANY = re.compile(
    r"(教育科技|教育咨询|文化传播|文化艺术|信息科技|网络科技|科技|教育|文化|家政服务|家政|咨询|艺术|托管)?"
    r"(有限责任公司|有限公司|培训学校|培训中心|培训机构|工作室|服务部|公司|学校|中心|机构|学堂|课堂|网校|书院|平台)$"
)


def mask_identifier(value: str) -> str:
    """Hide the middle of a contact: 138****5678, account names keep two characters at each end."""
    value = value.strip()
    if re.fullmatch(r"1\d{10}", value):
        return f"{value[:3]}****{value[-4:]}"
    if len(value) <= 4:
        return value[:1] + "*" * max(1, len(value) - 1)
    return f"{value[:2]}{'*' * min(6, len(value) - 4)}{value[-2:]}"


def mask_text(text: str, lead: Lead | None = None) -> str:
    """Hide phone numbers, identity numbers and accounts in a text; a lead's own contacts are hidden wherever they stand."""
    if lead is not None and lead.screening is not None:
        for contact in lead.screening.detection.contacts:
            if contact.kind in _KINDS:
                for written in {contact.quote, contact.value}:
                    text = _hide(text, written)
    text = _IDENTITY.sub(r"\1************\2", text)
    text = _PHONE.sub(r"\1****\3", text)
    text = _LANDLINE.sub(r"\1-****\3", text)
    text = _QQ.sub(r"\1\2****\3", text)
    text = _ACCOUNT.sub(r"\1\2****\3", text)
    return _MAIL.sub(r"\1***\2", text)


def mask_person(name: str) -> str:
    """Reduce a personal or account name to its first character and 某, as public notices do."""
    return f"{name[:1]}某" if name else ""


def mask_object(name: str) -> str:
    """Reduce who was patrolled for a paper that may be published: 某教育科技有限公司, or 小某 for an account."""
    found = _COMPANY.search(name)
    return f"某{found.group(0)}" if found else mask_person(name)


def _hide(text: str, written: str) -> str:
    return text.replace(written, mask_identifier(written)) if len(written) >= 4 else text
