"""电子数据提取笔录（网络在线提取）of one evidence item: what was done, with what, by whom; a gap stays a gap.

Elements: 公安机关办理刑事案件电子数据取证规则（2019）on 网络在线提取 (access, time, tools, addresses, steps, digests),
民诉证据规定 93, 行政处罚法 42 (two officers), 市场监管总局电子数据取证暂行规定. No official form is published: layout ours.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from patrol.places import is_web_address, shown_address
from patrol.reports.cells import clean
from patrol.reports.records import BLANK, Block, Column, Paper, Report, Row, Span, Table
from patrol.vault.clock import CLOCK
from patrol.vault.items import without_rendering
from patrol.vault.masked_manifest import known_of, mask_manifest
from patrol.vault.masking import mask_text
from patrol.vault.model import BEIJING, Environment, Manifest, Moment, Person
from patrol.vault.naming import ROLES, exchange_title, file_title
from patrol.vault.replies import Stamp

TITLE = "电子数据提取笔录"
_COLUMNS = (
    Column(key="serial", heading="序号", width=10, align="center"),
    Column(key="name", heading="电子数据名称", width=44),
    Column(key="kind", heading="类别", width=32),
    Column(key="format", heading="文件格式", width=30),
    Column(key="size", heading="大小（字节）", width=22, align="right"),
    Column(key="sha256", heading="SHA-256", width=64),
    Column(key="sm3", heading="SM3", width=64),
)
_KINDS = {
    "icp": "ICP备案号",
    "permit": "办学许可证号",
    "uscc": "统一社会信用代码",
    "operator": "经营者",
    "public_security": "公安备案号",
}
_DEVICES = {"phone": "手机版窗口", "desktop": "电脑版窗口"}


def extraction_record(
    manifests: Sequence[Manifest],
    stamps: Sequence[Stamp | None],
    unit: str,
    made_at: datetime,
    people: Sequence[Person] = (),
    *,
    names: tuple[str, ...] = (),
    platform: str = "",
) -> Report:
    """Return the record of one item; `stamps` stand beside the manifests in order, None where a stamp is pending.

    `people` are named by the officer who makes the record; those sealed with the evidence stand where none is given. Texts of
    the page are masked; `names` are people to be hidden besides those found by rule, `platform` is the platform's Chinese name.
    """
    known = (*names, *known_of(manifests))
    manifests = [mask_manifest(manifest, known) for manifest in manifests]
    first, last = manifests[0], manifests[-1]
    number = first.number
    blocks = [
        *_section("基本情况", _basics(manifests, unit)),
        *_section("提取人员", _people(manifests, people)),
        *_section("提取环境和工具", _tools(manifests)),
        *_section("提取对象和进入步骤", _objects(manifests, platform)),
        *_section("提取过程", _course(manifests)),
        *_section("完整性校验", _integrity(manifests, stamps)),
        *_section("未能提取的内容及原因", _gaps(manifests)),
        *_section("签名", _signatures()),
    ]
    paper = Paper(
        title=f"{TITLE}（网络在线提取）",
        blocks=tuple(blocks),
        unit=unit or BLANK,
        signed=last.finished.instant.astimezone(BEIJING).date(),
        annexes=("提取固定电子数据清单",),
        tables_follow=True,
    )
    return Report(form="extraction_record", title=f"{TITLE} {number}", tables=(_list(manifests),), made_at=made_at, paper=paper)


def _section(heading: str, lines: Iterable[str]) -> list[Block]:
    body = [Block(kind="text", spans=(Span(text=line),)) for line in lines]
    return [Block(kind="heading1", spans=(Span(text=heading),)), *body]


def _basics(manifests: Sequence[Manifest], unit: str) -> Iterable[str]:
    lead = next((manifest.lead for manifest in manifests if manifest.lead), None)
    yield f"证据编号：{manifests[0].number}。线索编号：{lead.lead if lead else BLANK}。"
    yield f"案由：{BLANK}（涉嫌违规开展校外培训，以办案单位填写为准）。"
    yield f"提取单位：{unit or BLANK}。提取地点：{BLANK}。"
    yield f"提取时间：{_time(manifests[0].started)} 至 {_time(manifests[-1].finished)}（北京时间）。"
    yield f"证明对象：{clean(lead.purpose, 200) if lead and lead.purpose else BLANK}"


def _people(manifests: Sequence[Manifest], named: Sequence[Person]) -> Iterable[str]:
    people = {person.role: person for manifest in manifests for person in manifest.people}
    people |= {person.role: person for person in named}
    for role in ("取证人", "见证人"):
        person = people.get(role)
        yield f"{role}：{person.name if person else BLANK}，执法证号：{(person.licence if person else '') or BLANK}。"
    yield "本次提取由巡查软件自动完成页面访问和固定，由以上人员复核确认。"


def _tools(manifests: Sequence[Manifest]) -> Iterable[str]:
    environment = manifests[-1].environment
    yield (
        f"取证软件：{environment.software} {environment.version}（Python {environment.python}），"
        f"操作系统：{environment.system}（{environment.machine}），配置摘要：{environment.configuration_sha256 or '未记录'}。"
    )
    for facts in {m.browser.device: m.browser for m in manifests if m.browser and m.browser.browser}.values():
        yield (
            f"浏览器：{facts.browser}，{_DEVICES.get(facts.device, facts.device)} {facts.viewport[0]}×{facts.viewport[1]}，"
            f"语言 {facts.locale}，时区 {facts.time_zone}，{'已登录' if facts.logged_in else '未登录'}，"
            f"访问标识：{clean(facts.user_agent, 200)}。"
        )
    yield from _checks(environment)


def _checks(environment: Environment) -> Iterable[str]:
    for check in environment.checks:
        mark = {True: "（正常）", False: "（请核对）", None: ""}[check.fine]
        yield f"清洁性检查——{check.name}：{clean(check.result, 200)}{mark}。"
    if not any(check.name == CLOCK for check in environment.checks):
        yield f"时钟校准：{BLANK}（以可信时间戳为准，见第六部分）。"
    yield f"病毒查杀：{BLANK}。取证端出口 IP：{BLANK}。"


def _objects(manifests: Sequence[Manifest], platform: str) -> Iterable[str]:
    for manifest in manifests:
        yield from _object(manifest)
    lead = next((manifest.lead for manifest in manifests if manifest.lead), None)
    if lead is None:
        return
    yield (
        f"平台：{clean(platform or lead.platform, 40) or BLANK}，账号：{clean(lead.author, 60) or '页面未见'}，"
        f"账号标识：{clean(lead.author_id, 60) or '页面未见'}，"
        f"页面显示的发布时间：{clean(lead.published_shown, 40) or '页面未见'}。"
    )
    operators = "；".join(f"{_KINDS.get(kind, kind)} {clean(value, 60)}" for kind, value in lead.operators)
    yield f"页面所示经营主体及备案、许可信息：{operators or '页面未见'}。"


def _object(manifest: Manifest) -> Iterable[str]:
    capture, shown = manifest.capture, manifest.browser
    if capture:
        address = capture.url if is_web_address(capture.url) else mask_text(shown_address(capture.url))
        if capture.mode == "import":
            told = "网页自记的网络地址" if is_web_address(capture.url) else "来源"
            yield f"{told}：{clean(address, 300)}（办案人员导入，本系统没有访问网站取得）。"
        else:
            yield f"网络地址：{clean(address, 300)}"
            for hop in capture.redirects:
                yield f"跳转：状态码 {hop.status}，转到 {clean(hop.location, 300)}"
            certificate = capture.certificate_sha256 or "无（未使用 HTTPS 或未记录）"
            yield f"服务器地址：{capture.ip_address or BLANK}，TLS 证书 SHA-256：{certificate}。"
    elif shown:
        yield f"网络地址（浏览器）：{clean(shown.url, 300)}，服务器地址：{shown.ip_address or BLANK}。"
    steps = capture.steps if capture else shown.steps if shown else ()
    if steps:
        yield f"进入步骤：{'；'.join(clean(step, 120) for step in steps)}。"


def _course(manifests: Sequence[Manifest]) -> Iterable[str]:
    for place, manifest in enumerate(manifests, 1):
        if manifest.capture and manifest.capture.mode == "import":
            yield (
                f"{place}. 办案人员导入已保存的文件（文件时间 {_time(manifest.started)}），于 {_time(manifest.sealed)} 入库，"
                f"{manifest.capture.size} 字节原样保存；保存人、保存经过：{BLANK}。"
            )
        elif manifest.capture and manifest.capture.mode == "browser":
            yield (
                f"{place}. {_time(manifest.started)}，用浏览器打开上述地址，服务器返回状态码 {manifest.capture.status}，"
                f"将浏览器取得的页面内容 {manifest.capture.size} 字节原样保存，同时保存请求头和响应头。"
            )
        elif manifest.capture:
            yield (
                f"{place}. {_time(manifest.started)}，以 HTTP 方式访问上述地址，服务器返回状态码 {manifest.capture.status}，"
                f"将收到的正文 {manifest.capture.size} 字节原样保存，同时保存请求头和响应头。"
            )
        elif manifest.browser:
            taken = "、".join(dict.fromkeys(file_title(manifest, entry) for entry in manifest.files)) or "无"
            yield (
                f"{place}. {_time(manifest.started)} 至 {_time(manifest.finished)}，"
                f"用浏览器打开上述地址，自上而下滚动一遍后固定：{taken}。结果：{manifest.state.chinese}。"
            )


def _integrity(manifests: Sequence[Manifest], stamps: Sequence[Stamp | None]) -> Iterable[str]:
    yield "对每个文件分别计算 SHA-256 和 SM3 校验值，写入证据清单；再对证据清单计算校验值，登记入保管台账（逐行哈希相连）。"
    for manifest, stamp in zip(manifests, stamps, strict=True):
        if stamp is None:
            yield f"证据清单 {manifest.name}：{_time(manifest.sealed)} 入库，可信时间戳尚未取得。"
            continue
        at = stamp.at.astimezone(BEIJING)
        pinned = "已用固定的根证书核验" if stamp.trusted else "未用根证书核验"
        yield (
            f"证据清单 {manifest.name}：{_time(manifest.sealed)} 入库，可信时间戳签发于 {at:%Y-%m-%d %H:%M:%S}"
            f"（{clean(stamp.authority, 80) or '机构名称未记录'}，{pinned}）。"
        )
    yield "校验值见附件清单。核验方法：sha256sum 或 openssl dgst -sm3 重新计算后比对。"


def _gaps(manifests: Sequence[Manifest]) -> Iterable[str]:
    missing = [f"{manifest.name}：{what}" for manifest in manifests for what in manifest.missing]
    if not any(manifest.browser for manifest in manifests):
        missing.append(f"尚未进行浏览器取证，没有{without_rendering(manifests)}")
    if not any(manifest.capture for manifest in manifests):
        missing.append(f"没有{ROLES['response_body']}")
    missing += [
        f"没有{ROLES['response_body']}（所存为{exchange_title(m.capture)}）"
        for m in manifests
        if m.capture and m.capture.mode != "http"
    ]
    yield from (f"{clean(what, 200)}。" for what in missing)
    if not missing:
        yield "无。"


def _signatures() -> Iterable[str]:
    yield f"取证人（签名）：{BLANK}，日期：{BLANK}"
    yield f"见证人（签名）：{BLANK}，日期：{BLANK}"
    yield f"当事人意见（到场的）：{BLANK}"


def _list(manifests: Sequence[Manifest]) -> Table:
    entries = [(manifest, entry) for manifest in manifests for entry in manifest.files]
    rows = tuple(
        Row(
            values=(
                place,
                f"{manifest.sequence:04d}-{clean(entry.name, 60)}",
                file_title(manifest, entry),
                clean(entry.media_type, 60) or "未标明",
                entry.size,
                entry.sha256,
                entry.sm3,
            )
        )
        for place, (manifest, entry) in enumerate(entries, 1)
    )
    number = manifests[0].number
    return Table(
        name="电子数据清单",
        title="提取固定电子数据清单",
        fields=(("证据编号", number), ("提取时间", _time(manifests[0].started))),
        columns=_COLUMNS,
        rows=rows,
        notes=("原始存储介质不便封存，以上电子数据由网络在线提取，存于证据库，只读保存。",),
    )


def _time(moment: Moment) -> str:
    return f"{moment.instant.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
