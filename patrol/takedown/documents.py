"""The papers of a package: letter, list of violations, draft opinion, catalogue, glossary, list comparison, return receipt.

Wording is 疑似/涉嫌 throughout; what only the authority can decide or an officer must fill is 〔待填〕. Forms are
reconstructions: no official template for a 教育→网信 letter is published.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from patrol.model import Lead
from patrol.reports import wording
from patrol.reports.cells import chinese_date, clean, stacked
from patrol.reports.records import BLANK, CHINA, Block, Column, Paper, Report, ReportInput, Row, Span, Table
from patrol.takedown.recipients import recipient
from patrol.takedown.register import Takedown
from patrol.vault.digests import of_bytes
from patrol.vault.masking import mask_text
from patrol.vault.model import Manifest

_KINDS = {"detail": "网页", "floor": "楼层", "comment": "评论", "snippet": "搜索摘要", "account": "账号", "live": "直播"}
_NO_EVIDENCE = "证据尚未取得"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A package in the making: its record, the campaign's facts, and its leads with their sealed manifests (maybe none)."""

    takedown: Takedown
    given: ReportInput
    leads: tuple[tuple[Lead, tuple[Manifest, ...]], ...]

    @property
    def name(self) -> str:
        """How the package is called on its papers."""
        return f"{self.takedown.document or self.takedown.number}"


def letter(case: Case) -> Report:
    """Return the covering letter (信函格式)."""
    takedown, body = case.takedown, recipient(case.takedown.recipient)
    start, end = case.given.period
    measures = sorted({measure for lead, _ in case.leads for measure in _measures(case, lead)})
    texts = [
        f"我单位于{chinese_date(start)}至{chinese_date(end)}开展校外培训线上巡查，发现{len(case.leads)}条网络信息涉嫌违规开展或者宣传"
        f"校外培训，已由两名工作人员初审、复核（核查人员：{_reviewers(case) or BLANK}）。",
        f"经教育行政部门认定：{BLANK}（见附件2，认定意见以盖章件为准）。",
        f"上述信息涉嫌违反：{'；'.join(_clauses(case)) or BLANK}。",
        f"已采取的措施及整改情况：{'；'.join(measures) or BLANK}。",
        f"根据职责分工（{body.duty}），商请贵单位依法处置。建议：{body.suggest}。",
        f"请于{chinese_date(takedown.due) if takedown.due else BLANK}前将处置情况书面函告我单位。"
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
    return _report(case, "letter", "商请处置函", paper=paper)


def _annexes(enclose: Iterable[str]) -> tuple[str, ...]:
    fixed = (
        "违规信息清单",
        "认定意见书",
        "证据目录及证据包",
        "电子数据提取笔录",
        "暗语对照说明",
        "名单比对记录",
        "送达与反馈回执",
    )
    return (*fixed, *(name for name in enclose if name != "教育行政部门认定意见"))


def violations(case: Case) -> Report:
    """Return the list of violations: one address a row, digests in full."""
    body = recipient(case.takedown.recipient)
    columns = (
        Column(key="serial", heading="序号", width=11, align="center"),
        Column(key="platform", heading="平台名称", width=24),
        Column(key="operator", heading="平台主体、备案或许可信息", width=32),
        Column(key="kind", heading="信息类型", width=18, align="center"),
        Column(key="author", heading="账号昵称", width=24),
        Column(key="account", heading="账号标识", width=24),
        Column(key="address", heading="信息链接", width=56),
        Column(key="published", heading="发布时间", width=24, align="center"),
        Column(key="found_at", heading="发现时间", width=24, align="center"),
        Column(key="excerpt", heading="涉嫌违规内容摘录", width=60),
        Column(key="glossary", heading="暗语说明", width=30),
        Column(key="clauses", heading="涉嫌违反条款", width=36),
        Column(key="evidence", heading="证据编号", width=26),
        Column(key="sha256", heading="网页原文SHA-256", width=48),
        Column(key="sm3", heading="网页原文SM3", width=48),
        Column(key="advice", heading="建议措施（供参考）", width=30),
    )
    rows = tuple(_violation(case, place, lead, manifests, body.suggest) for place, (lead, manifests) in enumerate(case.leads, 1))
    notes = (
        "本清单列名为复原，没有公开的统一表样。每行一个网络地址，可直接访问；是否构成违规以教育行政部门认定意见为准。",
        "内容摘录中的联系方式、个人姓名已打码；原文见封存证据。",
    )
    return _report(case, "violations", "违规信息清单", _table(case, "违规信息清单", columns, rows, notes, paper="A3"))


def _violation(case: Case, place: int, lead: Lead, manifests: tuple[Manifest, ...], advice: str) -> Row:
    post = lead.screening.post if lead.screening else None
    entry = next((entry for manifest in manifests if manifest.capture for entry in manifest.files), None)
    facts = next((manifest.lead for manifest in manifests if manifest.lead), None)
    operators = [clean(value, 60) for _, value in facts.operators] if facts else []
    published = stacked(post.published_at) if post and post.published_at else clean(post.published_shown, 30) if post else ""
    values = (
        place,
        wording.platform(case.given, lead.platform).title,
        "\n".join(operators) or "页面未见",
        _KINDS.get(post.kind, "网页") if post else "网页",
        clean(lead.author, 40) or "页面未见",
        (clean(post.author_id, 60) if post else "") or "页面未见",
        clean(lead.url, 1000),
        published or "页面未见",
        stacked(lead.found_at),
        mask_text(wording.excerpt(lead, 160)),
        "；".join(f"{word}：{meaning}" for word, meaning in _glossary(lead)) or "无",
        "；".join(_parts(wording.clauses(lead))[:6]) or BLANK,
        lead.evidence or _NO_EVIDENCE,
        entry.sha256 if entry else _NO_EVIDENCE,
        entry.sm3 if entry else _NO_EVIDENCE,
        advice,
    )
    return Row(values=values, lead=lead.number, alarm=entry is None)


def opinion(case: Case) -> Report:
    """Return the draft of the opinion; every conclusion in it is blank."""
    listed = [
        f"第{place}条 {wording.object_name(lead)}（{lead.evidence or lead.number}）："
        f"疑似{'、'.join(wording.suspected(lead)) or '违规'}；"
        f"名单比对：{wording.licence_answer(lead)}。认定结论：{BLANK}。"
        for place, (lead, _) in enumerate(case.leads, 1)
    ]
    sections = (
        ("认定对象", [f"见《违规信息清单》（{case.name}）所列 {len(case.leads)} 条信息。"]),
        ("系统提示（不作为结论）", listed),
        ("认定依据", [f"涉嫌违反的条款：{'；'.join(_clauses(case)) or BLANK}。引用条文原文：{BLANK}。"]),
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
    return _report(case, "opinion", "认定意见书（底稿）", paper=paper)


def catalogue(case: Case) -> Report:
    """Return the evidence catalogue: what each item proves, when it was taken, whether it is whole."""
    columns = (
        Column(key="serial", heading="序号", width=10, align="center"),
        Column(key="evidence", heading="证据编号", width=28),
        Column(key="lead", heading="线索编号", width=28),
        Column(key="what", heading="证据内容", width=60),
        Column(key="proves", heading="证明对象", width=50),
        Column(key="taken", heading="取证时间（北京）", width=30),
        Column(key="state", heading="完整情况", width=40),
        Column(key="manifest", heading="证据清单SHA-256", width=44),
        Column(key="place", heading="在证据包中的位置", width=40),
    )
    rows = tuple(_catalogued(place, lead, manifests) for place, (lead, manifests) in enumerate(case.leads, 1))
    return _report(case, "catalogue", "证据目录", _table(case, "证据目录", columns, rows, (), paper="A3"))


def _catalogued(place: int, lead: Lead, manifests: tuple[Manifest, ...]) -> Row:
    roles = {"exchange": "服务器返回的网页原文", "rendering": "浏览器截图、网页快照、渲染后页面"}
    missing = "；".join(dict.fromkeys(what for manifest in manifests for what in manifest.missing))
    facts = next((manifest.lead for manifest in manifests if manifest.lead), None)
    values = (
        place,
        lead.evidence or _NO_EVIDENCE,
        lead.number,
        "、".join(dict.fromkeys(roles.get(manifest.part, manifest.part) for manifest in manifests)) or _NO_EVIDENCE,
        mask_text(clean(facts.purpose, 200)) if facts and facts.purpose else BLANK,
        stacked(manifests[0].started.instant) if manifests else _NO_EVIDENCE,
        (f"缺少：{missing}" if missing else "完整") if manifests else _NO_EVIDENCE,
        "\n".join(_sha256(manifest) for manifest in manifests) or _NO_EVIDENCE,
        f"evidence/{lead.evidence}" if manifests else _NO_EVIDENCE,
    )
    return Row(values=values, lead=lead.number, alarm=not manifests or bool(missing))


def glossary(case: Case) -> Report:
    """Return what slang means, with where it was met (刑诉解释 115)."""
    met: dict[tuple[str, str], list[int]] = {}
    for place, (lead, _) in enumerate(case.leads, 1):
        for pair in _glossary(lead):
            met.setdefault(pair, []).append(place)
    columns = (
        Column(key="serial", heading="序号", width=12, align="center"),
        Column(key="word", heading="原文用语", width=60),
        Column(key="meaning", heading="说明", width=110),
        Column(key="where", heading="见于清单第几条", width=60),
    )
    rows = tuple(
        Row(values=(place, word, meaning, "、".join(map(str, places))))
        for place, ((word, meaning), places) in enumerate(sorted(met.items()), 1)
    )
    notes = (
        "依据：最高人民法院关于适用刑事诉讼法的解释第一百一十五条（绰号、暗语、俗语、方言等应附说明）。说明由系统词表给出，请复核。",
    )
    table = _table(case, "暗语对照说明", columns, rows, notes, empty="清单所列信息中没有系统词表收录的暗语。")
    return _report(case, "glossary", "暗语对照说明", table)


def list_comparison(case: Case) -> Report:
    """Return how each name was held against which version of the list."""
    columns = (
        Column(key="serial", heading="序号", width=10, align="center"),
        Column(key="evidence", heading="证据编号", width=28),
        Column(key="query", heading="页面所示名称", width=46),
        Column(key="answer", heading="比对结果", width=40),
        Column(key="candidates", heading="最接近的名单条目（得分）", width=70),
        Column(key="why", heading="比对说明", width=60),
        Column(key="version", heading="名单版本", width=30),
    )
    rows = tuple(
        Row(
            values=(
                place,
                lead.evidence or lead.number,
                clean(lead.match.query, 120) or "页面未见",
                wording.licence_answer(lead),
                "\n".join(f"第{c.row}行 {clean(c.name, 60)}（{c.score:.0f}）" for c in lead.match.candidates[:3]) or "无",
                clean(lead.match.why, 160) or "无",
                clean(lead.match.list_version, 60) or "未导入名单",
            ),
            lead=lead.number,
        )
        for place, (lead, _) in enumerate(case.leads, 1)
    )
    table = _table(case, "名单比对记录", columns, rows, (wording.UNMATCHED_NOTE,))
    return _report(case, "list_comparison", "名单比对记录", table)


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
    return _report(case, "receipt", "送达与反馈回执", paper=replace(paper, unit=BLANK))


def _blocks(sections: Iterable[tuple[str, list[str]]]) -> Iterable[Block]:
    for heading, lines in sections:
        yield Block(kind="heading1", spans=(Span(text=heading),))
        yield from (Block(kind="text", spans=(Span(text=line),)) for line in lines)


def _table(
    case: Case,
    name: str,
    columns: tuple[Column, ...],
    rows: tuple[Row, ...],
    notes: tuple[str, ...],
    *,
    paper: str = "A4",
    empty: str = "",
) -> Table:
    fields = (("移送单位", case.takedown.unit or BLANK), ("文号", case.name), ("接收单位", case.takedown.addressee))
    return Table(
        name=name,
        title=f"{case.given.campaign.region}{name}",
        fields=fields,
        columns=columns,
        rows=rows,
        notes=notes,
        paper=paper,
        empty=empty or "没有条目。",
    )


def _report(case: Case, form: str, title: str, *tables: Table, paper: Paper | None = None) -> Report:
    return Report(form=form, title=f"{title} {case.name}", tables=tables, made_at=case.takedown.made.instant, paper=paper)


def _glossary(lead: Lead) -> list[tuple[str, str]]:
    found = lead.screening.detection.glossary if lead.screening else ()
    return [(mask_text(clean(word, 40)), clean(meaning, 120)) for word, meaning in found]


def _parts(clauses: Iterable[str]) -> tuple[str, ...]:
    """Return each clause once; a rule may name several in one text."""
    return tuple(dict.fromkeys(part.strip() for clause in clauses for part in clause.split("；") if part.strip()))


def _clauses(case: Case) -> tuple[str, ...]:
    return _parts(clause for lead, _ in case.leads for clause in wording.clauses(lead))


def _measures(case: Case, lead: Lead) -> Iterable[str]:
    words = wording.wording()
    for measure in case.given.measures.get(lead.number, ()):
        state = words.measure_states.get(measure.state, measure.state)
        yield f"{words.measures.get(measure.kind, measure.kind)}（{measure.at:%Y-%m-%d}，{state}）"


def _reviewers(case: Case) -> str:
    names = (review.officer for lead, _ in case.leads for review in case.given.reviews.get(lead.number, ()))
    return "、".join(dict.fromkeys(clean(name, 20) for name in names))


def _sha256(manifest: Manifest) -> str:
    return of_bytes(manifest.to_bytes()).sha256
