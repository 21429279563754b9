"""The papers in tables: list of violations, evidence catalogue, glossary, list comparison, clauses."""

from collections.abc import Iterable

from patrol.model import Lead
from patrol.reports import wording
from patrol.reports.cells import clean, stacked
from patrol.reports.records import BLANK, Column, Report, Row, Table
from patrol.takedown.case import Case, report
from patrol.takedown.laws import quotations
from patrol.takedown.recipients import recipient
from patrol.vault.digests import of_bytes
from patrol.vault.items import without_rendering
from patrol.vault.model import Manifest
from patrol.vault.naming import part_title

_KINDS = {"detail": "网页", "floor": "楼层", "comment": "评论", "snippet": "搜索摘要", "account": "账号", "live": "直播"}
_NO_EVIDENCE = "证据尚未取得"
_PUBLIC = {"icp", "permit", "uscc", "public_security"}


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
        Column(key="sha256", heading="所存网页SHA-256", width=48),
        Column(key="sm3", heading="所存网页SM3", width=48),
        Column(key="advice", heading="建议措施（供参考）", width=30),
    )
    rows = tuple(_violation(case, place, lead, manifests, body.suggest) for place, (lead, manifests) in enumerate(case.leads, 1))
    notes = (
        "本清单列名为复原，没有公开的统一表样。每行一个网络地址，可直接访问；是否构成违规以教育行政部门认定意见为准。",
        "内容摘录中的联系方式、个人姓名已打码；原文见封存证据。",
    )
    return report(case, "violations", "违规信息清单", _table(case, "违规信息清单", columns, rows, notes, paper="A3"))


def _violation(case: Case, place: int, lead: Lead, manifests: tuple[Manifest, ...], advice: str) -> Row:
    post = lead.screening.post if lead.screening else None
    entry = next((entry for manifest in manifests if manifest.capture for entry in manifest.files), None)
    facts = next((manifest.lead for manifest in manifests if manifest.lead), None)
    held = facts.operators if facts else ()
    operators = [clean(value, 60) if kind in _PUBLIC else case.masked(lead, value, 60) for kind, value in held]
    shown = case.masked(lead, post.published_shown, 30) if post else ""
    published = stacked(post.published_at) if post and post.published_at else shown
    values = (
        place,
        case.platform(lead),
        "\n".join(operators) or "页面未见",
        _KINDS.get(post.kind, "网页") if post else "网页",
        case.masked(lead, lead.author, 40) or "页面未见",
        (case.masked(lead, post.author_id, 60) if post else "") or "页面未见",
        case.address(lead),
        published or "页面未见",
        stacked(lead.found_at),
        case.masked(lead, wording.excerpt(lead, 160)),
        "；".join(f"{word}：{meaning}" for word, meaning in _glossary(case, lead)) or "无",
        "；".join(_parts(wording.clauses(lead))[:6]) or BLANK,
        lead.evidence or _NO_EVIDENCE,
        entry.sha256 if entry else _NO_EVIDENCE,
        entry.sm3 if entry else _NO_EVIDENCE,
        advice,
    )
    return Row(values=values, lead=lead.number, alarm=entry is None)


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
    rows = tuple(_catalogued(case, place, lead, manifests) for place, (lead, manifests) in enumerate(case.leads, 1))
    return report(case, "catalogue", "证据目录", _table(case, "证据目录", columns, rows, (), paper="A3"))


def _catalogued(case: Case, place: int, lead: Lead, manifests: tuple[Manifest, ...]) -> Row:
    gaps = dict.fromkeys(what for manifest in manifests for what in manifest.missing)
    if not any(manifest.browser for manifest in manifests):
        gaps[without_rendering(manifests)] = None
    missing = "；".join(gaps)
    facts = next((manifest.lead for manifest in manifests if manifest.lead), None)
    values = (
        place,
        lead.evidence or _NO_EVIDENCE,
        lead.number,
        "、".join(dict.fromkeys(part_title(manifest) for manifest in manifests)) or _NO_EVIDENCE,
        case.masked(lead, facts.purpose, 200) if facts and facts.purpose else BLANK,
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
        for pair in _glossary(case, lead):
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
    return report(case, "glossary", "暗语对照说明", table)


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
                case.masked(lead, lead.match.query, 120) or "页面未见",
                wording.licence_answer(lead),
                "\n".join(f"第{c.row}行 {clean(c.name, 60)}（{c.score:.0f}）" for c in lead.match.candidates[:3]) or "无",
                case.masked(lead, lead.match.why, 160) or "无",
                clean(lead.match.list_version, 60) or "未导入名单",
            ),
            lead=lead.number,
        )
        for place, (lead, _) in enumerate(case.leads, 1)
    )
    table = _table(case, "名单比对记录", columns, rows, (wording.UNMATCHED_NOTE,))
    return report(case, "list_comparison", "名单比对记录", table)


def clauses(case: Case) -> Report:
    """Return the clauses that the leads touch with their words, rank and dates (条款摘录)."""
    columns = (
        Column(key="serial", heading="序号", width=12, align="center"),
        Column(key="name", heading="文件名称和条款", width=70),
        Column(key="text", heading="内容（摘录）", width=90),
        Column(key="rank", heading="效力层级", width=24, align="center"),
        Column(key="dates", heading="公布、施行日期", width=34, align="center"),
        Column(key="where", heading="见于清单第几条", width=26, align="center"),
    )
    rows = tuple(
        Row(
            values=(
                place,
                one.name,
                one.text or BLANK,
                one.law.rank if one.law else BLANK,
                one.dates.replace("，", "\n") or BLANK,
                "、".join(map(str, one.leads)),
            )
        )
        for place, one in enumerate(quotations(lead for lead, _ in case.leads), 1)
    )
    notes = (
        "摘录自系统规则库，按效力层级排列；条文以公布文本为准，引用前请核对。行政处罚只能依据法律、行政法规和规章，规范性文件作政策依据，"
        "地方文件只在当地适用。",
    )
    table = _table(case, "涉嫌违反条款摘录", columns, rows, notes, empty="清单所列信息没有记录涉嫌违反的条款。")
    return report(case, "clauses", "涉嫌违反条款摘录", table)


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


def _glossary(case: Case, lead: Lead) -> list[tuple[str, str]]:
    found = lead.screening.detection.glossary if lead.screening else ()
    return [(case.masked(lead, word, 40), clean(meaning, 120)) for word, meaning in found]


def _parts(clauses: Iterable[str]) -> tuple[str, ...]:
    """Return each clause once; a rule may name several in one text."""
    return tuple(dict.fromkeys(part.strip() for clause in clauses for part in clause.split("；") if part.strip()))


def _sha256(manifest: Manifest) -> str:
    return of_bytes(manifest.to_bytes()).sha256
