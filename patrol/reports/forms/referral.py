"""线索移送清单: confirmed leads by receiving body, each list with its sum, and the covering letter in 信函格式."""

from patrol.model import Judgement, Lead
from patrol.reports import wording
from patrol.reports.cells import chinese_date, clean, stacked
from patrol.reports.records import BLANK, Block, Paper, Report, ReportInput, Row, Span, Table
from patrol.reports.sheets import main_table, report
from patrol.reports.templates import load_template

TEMPLATE = load_template(__file__)
_KINDS = {"detail": "网页", "floor": "楼层", "comment": "评论", "snippet": "搜索摘要", "account": "账号", "live": "直播"}


def build(given: ReportInput) -> Report:
    """Make one list per body (网信, 通信管理, 市场监管, 公安) that has leads, and the letter that goes with them."""
    confirmed = tuple(lead for lead in given.reported if lead.judgement is Judgement.CONFIRMED)
    lists = tuple(
        table for body, name in wording.wording().bodies.items() if (table := _list(given, body, name, confirmed)) is not None
    )
    tables = lists or (main_table(TEMPLATE, given, (), empty="本期没有复核属实的线索，无可移送。"),)
    return report(TEMPLATE, given, *tables, _left_out(given, confirmed), paper=_letter(given, lists))


def bodies_of(lead: Lead) -> tuple[str, ...]:
    """Return the bodies whose duties a lead may touch, by its categories; advertising is 市场监管."""
    known = wording.wording().categories
    named = [body for code in lead.categories if code in known for body in known[code].bodies]
    advertising = any(rule.axis == "ad" for rule in wording.rules_of(lead))
    return tuple(dict.fromkeys((*named, *(("market",) if advertising else ()))))


def _list(given: ReportInput, body: str, name: str, confirmed: tuple[Lead, ...]) -> Table | None:
    leads = [lead for lead in confirmed if body in bodies_of(lead)]
    if not leads:
        return None
    rows = tuple(_row(given, number, lead) for number, lead in enumerate(leads, 1))
    table = main_table(TEMPLATE, given, rows, notes=(f"移送{name}共{len(leads)}条。",))
    return Table(
        name=f"移送{name}",
        title=f"{table.title}（{name}）",
        fields=table.fields,
        columns=table.columns,
        rows=rows,
        notes=table.notes,
        paper=table.paper,
    )


def _left_out(given: ReportInput, confirmed: tuple[Lead, ...]) -> Table:
    """List confirmed leads that no rule assigns to a body, so that none is lost between two lists."""
    left = [lead for lead in confirmed if not bodies_of(lead)]
    table = main_table(TEMPLATE, given, (_row(given, number, lead) for number, lead in enumerate(left, 1)))
    return Table(
        name="由教育部门处置或待定",
        title="由教育部门处置或待确定接收部门的线索",
        columns=table.columns,
        rows=table.rows,
        notes=(f"复核属实线索共{len(confirmed)}条，其中{len(left)}条未对应其他部门职责。",),
        empty="没有未对应其他部门职责的线索。",
        paper=table.paper,
    )


def _row(given: ReportInput, number: int, lead: Lead) -> Row:
    post = lead.screening.post if lead.screening else None
    detection = lead.screening.detection if lead.screening else None
    operators = (
        [contact.value for contact in detection.contacts if contact.kind in {"icp", "permit", "uscc"}] if detection else []
    )
    glossary = [f"{clean(word, 20)}：{clean(meaning, 40)}" for word, meaning in detection.glossary] if detection else []
    digest = post.capture.sha256[:16] if post and post.capture else ""
    values = (
        number,
        lead.number,
        wording.platform(given, lead.platform).title,
        "\n".join(clean(value, 60) for value in dict.fromkeys(operators)) or BLANK,
        _KINDS.get(post.kind, "网页") if post else "网页",
        clean(lead.author, 40) or "页面未见",
        clean(post.author_id, 40) if post and post.author_id else "页面未见",
        clean(lead.url, 300),
        stacked(post.published_at)
        if post and post.published_at
        else (clean(post.published_shown, 30) if post else "") or "页面未见",
        stacked(lead.found_at),
        wording.excerpt(lead, 160),
        "；".join(glossary) or "无",
        "；".join(wording.clauses(lead)[:4]) or BLANK,
        "\n".join(part for part in (lead.evidence or "证据待取", digest) if part),
        BLANK,
    )
    return Row(values=values, lead=lead.number)


def _letter(given: ReportInput, lists: tuple[Table, ...]) -> Paper | None:
    if not lists:
        return None
    (start, end), campaign = given.period, given.campaign
    counts = "、".join(f"{table.name.removeprefix('移送')}{len(table.rows)}条" for table in lists)
    texts = (
        f"{campaign.unit}于{chinese_date(start)}至{chinese_date(end)}开展校外培训线上巡查，发现下列网络信息涉嫌违规开展或者宣传"
        f"学科类校外培训，已经复核。现按职责分工移送，商请依法处置。",
        f"本次移送线索按接收部门分列：{counts}。同一线索涉及多个部门职责的，分别列入。清单载明每条信息的链接、发布和发现时间、内容摘录、"
        f"暗语说明、涉嫌违反的条款和证据编号；证据包按编号另行移交，可凭校验值核对。",
        f"教育行政部门的认定意见：{BLANK}。已采取的措施及整改情况：{BLANK}。商请采取的处置措施：{BLANK}。",
        f"请于{BLANK}前将处置情况函告我单位。联系人：{campaign.leader or BLANK}，联系电话：{campaign.phone or BLANK}。",
    )
    return Paper(
        title="关于商请依法处置涉嫌违规开展学科类校外培训网络信息的函",
        blocks=tuple(Block(kind="text", spans=(Span(text=text),)) for text in texts),
        unit=campaign.unit,
        signed=given.made_at.date(),
        recipient=f"{BLANK}",
        annexes=("线索移送清单", "证据材料目录及证据包", "教育行政部门认定意见"),
        letter=True,
        number=f"{BLANK}〔{given.made_at.year}〕{BLANK}号",
        tables_follow=True,
    )
