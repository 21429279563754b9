"""Masked copies: phones, identity numbers, chat accounts, mail addresses and people's names, in texts and on pictures.

What is kept follows the published practice: phone 138****5678, identity number first 3 and last 2, chat account first and last
2, a person 姓+某. Names of institutions, their credit codes and permits stay: they are public registration facts.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from patrol.vault.model import Manifest

_GAP = r"[-\s.·—_]{0,2}"
_PHONE = re.compile(rf"(?<!\d)[1１]{_GAP}[3-9３-９](?:{_GAP}\d){{9}}(?!\d)")
_IDENTITY = re.compile(r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\dA-Za-z])")
_CHAT = re.compile(
    r"(?:微\s*信|薇\s*信|威\s*信|徽\s*信|卫\s*星|(?<![a-z])v\s*x|(?<![a-z])w\s*x|(?<![a-z])v\s*信|weixin|wechat|加\s*[vV薇]|➕\s*[vV]|"
    r"[qQ]{2}|扣\s*扣|企\s*鹅)(?:号|群|同号|账号|id)?\s*[:：＝=是为]?\s*(?P<account>[A-Za-z][-_A-Za-z0-9]{5,19}|\d{5,12})",
    re.IGNORECASE,
)
_MAIL = re.compile(r"(?P<account>[A-Za-z0-9._%+-]{2,64})@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金"
    "陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_NOT_NAMES = (
    "高中|高一|高二|高三|高级|高端|高考|高效|金牌|任课|任教|任何|文科|文综|文化|万能|常驻|方向|田径|白天|易错|龙头|江苏|夏令|马上|常年|余名|石家|"
    "康复|于是|何种|周[一二三四五六日末]|万千|高年|白领|武术|钱的|顾问|史政|许多|明星|孔子|林业|温馨|温州|苏州|方法|方案|雷锋|段位|熊猫|贺岁|唐诗|宋词"
)
_TITLES = "老师|教师|女士|先生|校长|主任|教练|同学|家长|妈妈|爸爸|学姐|学长"
_PERSON = re.compile(rf"(?P<surname>[{_SURNAMES}])(?!某)(?P<given>[\u4e00-\u9fff]{{1,2}}?)(?={_TITLES})")
_LEAD_TEXTS = ("title", "author", "published_shown", "excerpt", "purpose", "match")
_STOP = re.compile(_NOT_NAMES)
_STOP_BEFORE = re.compile("[对关由便属位给至等在善基致处敢终鉴]于|[语英中作古散公论课人]文|[学阶手]段|[历]史|[容不]易")


Area = tuple[float, float, float, float]
"""Left, top, right, bottom of a part of a picture, in pixels."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A stretch of text to be hidden, and what is shown instead (of the same kind, not always the same length)."""

    start: int
    end: int
    kind: str
    shown: str


@dataclass(frozen=True, slots=True)
class Box:
    """A piece of the page on its picture: a line of text (`t`) or a picture with its address (`i`), in pixels."""

    kind: str
    x: int
    y: int
    width: int
    height: int
    value: str


def find_secrets(text: str, names: Sequence[str] = ()) -> list[Secret]:
    """Return what must be hidden in a text, in order and without overlap; `names` are people known from the case."""
    found = [Secret(m.start(), m.end(), "phone", _keep(re.sub(r"\D", "", m.group()), 3, 4)) for m in _PHONE.finditer(text)]
    found += [Secret(m.start(), m.end(), "identity", _keep(m.group(), 3, 2)) for m in _IDENTITY.finditer(text)]
    found += [Secret(*m.span("account"), "chat", _keep(m.group("account"), 2, 2)) for m in _CHAT.finditer(text)]
    found += [Secret(*m.span("account"), "mail", _keep(m.group("account"), 1, 0)) for m in _MAIL.finditer(text)]
    found += [
        Secret(*m.span("given"), "name", "某")
        for m in _PERSON.finditer(text)
        if not (
            _STOP.match(text, m.start()) or _STOP.match(text, m.start("given")) or _STOP_BEFORE.match(text, max(0, m.start() - 1))
        )
    ]
    for name in names:
        if len(name) > 1:
            found += [Secret(m.start() + 1, m.end(), "name", "某") for m in re.finditer(re.escape(name), text)]
    return _without_overlap(found)


def mask_text(text: str, names: Sequence[str] = ()) -> str:
    """Return the text with everything personal hidden."""
    parts: list[str] = []
    end = 0
    for secret in find_secrets(text, names):
        parts += [text[end : secret.start], secret.shown]
        end = secret.end
    return "".join([*parts, text[end:]])


def mask_contact(contact: str) -> str:
    """Return a contact written `kind:value` with its value hidden where it belongs to a person."""
    kind, _, value = contact.partition(":")
    if kind not in {"phone", "wechat", "qq", "group", "account", "email"}:
        return contact
    return f"{kind}:{_keep(value, 3, 4) if kind == 'phone' else _keep(value, 2, 2)}"


def mask_manifest(manifest: Manifest, names: Sequence[str] = ()) -> Manifest:
    """Return a manifest for reading outside: texts of the page masked; addresses, digests and times as they are."""
    changes: dict[str, object] = {}
    if manifest.lead:
        lead = manifest.lead
        texts = {name: mask_text(getattr(lead, name), names) for name in _LEAD_TEXTS}
        changes["lead"] = lead.model_copy(
            update={
                **texts,
                "contacts": tuple(mask_contact(contact) for contact in lead.contacts),
                "glossary": tuple((mask_text(word, names), meaning) for word, meaning in lead.glossary),
                "image_texts": tuple(mask_text(text, names) for text in lead.image_texts),
            }
        )
    if manifest.capture:
        steps = tuple(mask_text(step, names) for step in manifest.capture.steps)
        changes["capture"] = replace(manifest.capture, steps=steps)
    if manifest.browser:
        steps = tuple(mask_text(step, names) for step in manifest.browser.steps)
        title = mask_text(manifest.browser.title, names)
        changes["browser"] = manifest.browser.model_copy(update={"title": title, "steps": steps})
    return manifest.model_copy(update=changes)


def read_boxes(text_map: bytes) -> list[Box]:
    """Return the boxes of a text map (see textmap.py)."""
    return [Box(*json.loads(line)) for line in text_map.splitlines() if line.strip()]


def shown_text(boxes: Iterable[Box]) -> str:
    """Return the words of the page as they were shown, one line each."""
    return "\n".join(box.value for box in boxes if box.kind == "t") + "\n"


def secret_areas(boxes: Sequence[Box], names: Sequence[str] = ()) -> list[Area]:
    """Return the areas to black out: secrets inside one line, and secrets that run over neighbouring lines."""
    areas = [_area(box, s.start, s.end) for box in boxes for s in find_secrets(box.value, names)]
    joined, starts = "", []
    for box in boxes:
        starts.append(len(joined))
        joined += box.value
    for secret in find_secrets(joined, names):
        for start, box in zip(starts, boxes, strict=True):
            if start < secret.end and start + len(box.value) > secret.start:
                areas.append(_area(box, max(0, secret.start - start), min(len(box.value), secret.end - start)))
    return areas


def _area(box: Box, start: int, end: int) -> Area:
    """Return where characters stand in a line: by their usual widths, and half a character more on each side."""
    widths = [1.0 if ord(char) > 0x2E7F else 0.55 for char in box.value]
    unit = box.width / max(sum(widths), 0.1)
    left = box.x + sum(widths[:start]) * unit - unit * 0.6
    right = box.x + sum(widths[:end]) * unit + unit * 0.6
    return max(left, box.x - 2), box.y - 1, min(right, box.x + box.width + 2), box.y + box.height + 1


def _keep(text: str, first: int, last: int) -> str:
    hidden = max(3, min(len(text) - first - last, 8))
    return text[:first] + "*" * hidden + (text[-last:] if last else "")


def _without_overlap(found: list[Secret]) -> list[Secret]:
    kept: list[Secret] = []
    for secret in sorted(found, key=lambda s: (s.start, -s.end)):
        if not kept or secret.start >= kept[-1].end:
            kept.append(secret)
    return kept
