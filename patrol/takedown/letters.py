"""The papers in words: covering letter, draft opinion, return receipt.

Wording is 疑似/涉嫌 throughout; what only the authority can decide or an officer must fill is 〔待填〕. Forms are
reconstructions: no official template for a 教育→网信 letter is published.
"""

from collections.abc import Iterable
from dataclasses import replace

from patrol.reports import wording
from patrol.reports.cells import chinese_date
from patrol.reports.records import BLANK, CHINA, Block, Paper, Report, Span
from patrol.takedown.case import Case, measures, report, reviewers
from patrol.takedown.laws import Quotation, cited, quotations
from patrol.takedown.recipients import recipient

_MOST_QUOTED = 2


def letter(case: Case) -> Report:
    """Return the covering letter (信函格式)."""
    takedown, body = case.takedown, recipient(case.takedown.recipient)
    start, end = case.given.period
    taken = sorted({measure for lead, _ in case.leads for measure in measures(case, lead)})
    found = quotations(lead for lead, _ in case.leads)
    texts = [
        f"我单位于{chinese_date(start)}至{chinese_date(end)}开展校外培训线上巡查，发现{len(case.leads)}条网络信息涉嫌违规开展或者宣传"
        f"校外培训，已由两名工作人员初审、复核（核查人员：{reviewers(case) or BLANK}）。",
        f"经教育行政部门认定：{BLANK}（见附件2，认定意见以盖章件为准）。",
        f"上述信息涉嫌违反{'；'.join(cited(found)) or BLANK}等规定。{_words(found)}条款摘录见附件7。",
        f"已采取的措施及整改情况：{'；'.join(taken) or BLANK}。",
        f"根据职责分工（{body.duty}），商请贵单位依法处置。建议：{body.suggest}。",
        f"请于{chinese_date(takedown.due) if takedown.due else BLANK}前依法处置，并将处置情况书面函告我单位（回执见附件）。"
        f"联系人：{takedown.contact or BLANK}，联系电话：{takedown.phone or BLANK}。",
        "证据按编号封存，证据包内附 SHA-256 和 SM3 校验值清单，可用通用工具核验（见 HOW-TO-VERIFY.txt）。所附为打码件的，"
        "原件由我单位封存保管，需要时可凭手续调取。",
    ]
    paper = Paper(
        title="关于商请依法处置涉嫌违规校外培训网络信息的函",
        blocks=tuple(Block(kind="text", spans=(Span(text=text),)) for text in texts),
        unit=takedown.unit or BLANK,
        signed=takedown.made.instant.astimezone(CHINA).date(),
        recipient=takedown.addressee,
        annexes=_annexes(body.enclose),
        letter=True,
        number=takedown.document or f"{BLANK}〔{takedown.made.beijing[:4]}〕{BLANK}号",
    )
    return report(case, "letter", "商请处置函", paper=paper)


def _annexes(enclose: Iterable[str]) -> tuple[str, ...]:
    fixed = (
        "违规信息清单",
        "认定意见书",
        "证据目录及证据包",
        "电子数据提取笔录",
        "暗语对照说明",
        "名单比对记录",
        "涉嫌违反条款摘录",
        "送达与反馈回执",
    )
    return (*fixed, *(name for name in enclose if name != "教育行政部门认定意见"))


def opinion(case: Case) -> Report:
    """Return the draft of the opinion; every conclusion in it is blank."""
    listed = [
        f"第{place}条 {case.masked(lead, wording.object_name(lead))}（{lead.evidence or lead.number}）："
        f"疑似{'、'.join(wording.suspected(lead)) or '违规'}；"
        f"名单比对：{wording.licence_answer(lead)}。认定结论：{BLANK}。"
        for place, (lead, _) in enumerate(case.leads, 1)
    ]
    sections = (
        ("认定对象", [f"见《违规信息清单》（{case.name}）所列 {len(case.leads)} 条信息。"]),
        ("系统提示（不作为结论）", listed),
        ("认定依据", list(_grounds(case))),
        (
            "鉴别意见",
            [
                f"是否属于学科类（目的、内容、方式、评价四个方面）：{BLANK}。",
                f"是否取得相应办学许可：{BLANK}。",
                f"是否有偿：{BLANK}。",
            ],
        ),
        ("认定结论", [f"{BLANK}。"]),
        ("认定人员", [f"认定人（签名）：{BLANK}，日期：{BLANK}。", f"负责人（签名）：{BLANK}，日期：{BLANK}。"]),
    )
    paper = Paper(
        title="关于涉嫌违规校外培训网络信息的认定意见书（底稿）",
        blocks=tuple(_blocks(sections)),
        unit=case.takedown.unit or BLANK,
        signed=case.takedown.made.instant.astimezone(CHINA).date(),
    )
    return report(case, "opinion", "认定意见书（底稿）", paper=paper)


def receipt(case: Case) -> Report:
    """Return the receipt that comes back: that it arrived, and what was done."""
    takedown = case.takedown
    back = chinese_date(takedown.due) if takedown.due else BLANK
    sections = (
        (
            "送达",
            [
                f"材料名称：{case.name} 及附件，共 {len(case.leads)} 条信息。",
                f"送达方式：{BLANK}。送达日期：{BLANK}。",
                f"收件人（签名、盖章）：{BLANK}。",
            ],
        ),
        (
            "处置反馈",
            [
                f"已处置 {BLANK} 条，未处置 {BLANK} 条（未处置的序号及理由：{BLANK}）。",
                f"采取的措施：{BLANK}。处置日期：{BLANK}。",
                f"经办人：{BLANK}，联系电话：{BLANK}，单位（盖章）：{BLANK}。",
            ],
        ),
        (
            "退回",
            [f"请于{back}前退回{takedown.unit or BLANK}（联系人：{takedown.contact or BLANK}）。"],
        ),
    )
    paper = Paper(
        title="送达与反馈回执",
        blocks=tuple(_blocks(sections)),
        unit=takedown.addressee,
        signed=takedown.made.instant.astimezone(CHINA).date(),
    )
    return report(case, "receipt", "送达与反馈回执", paper=replace(paper, unit=BLANK))


def _grounds(case: Case) -> Iterable[str]:
    """Yield the documents and articles one by one, with the leads that touch them; their words stand in the annex."""
    found = quotations(lead for lead, _ in case.leads)
    places: dict[str, set[int]] = {}
    for one in found:
        if not (one.law and one.law.local):
            places.setdefault(one.name, set()).update(one.leads)
    for name, leads in places.items():
        yield f"{name}（清单第{'、'.join(map(str, sorted(leads)))}条）。"
    yield f"条文摘录见附件“涉嫌违反条款摘录”，引用前请与公布文本核对。引用条文原文：{BLANK}。"


def _words(found: Iterable[Quotation]) -> str:
    """Quote the first clauses that a penalty can rest on."""
    binding = {one.text: one for one in found if one.text and one.law and one.law.binding}
    quoted = [f"{one.name}规定：“{_inner(one.text)}”" for one in list(binding.values())[:_MOST_QUOTED]]
    return f"其中，{'；'.join(quoted)}。" if quoted else ""


def _inner(text: str) -> str:
    return text.replace("“", "‘").replace("”", "’")


def _blocks(sections: Iterable[tuple[str, list[str]]]) -> Iterable[Block]:
    for heading, lines in sections:
        yield Block(kind="heading1", spans=(Span(text=heading),))
        yield from (Block(kind="text", spans=(Span(text=line),)) for line in lines)
