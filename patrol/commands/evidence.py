"""`patrol evidence …`: take, check, show and hand out evidence."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from patrol import settings
from patrol.browsers import find_browser
from patrol.campaigns import load_campaign
from patrol.errors import BadInput, EvidenceBroken, EvidenceError, NotAvailable
from patrol.places import is_web_address
from patrol.platforms import load_platforms
from patrol.reports.making import whole
from patrol.reports.to_docx import write_docx
from patrol.settings import Settings
from patrol.store import Store
from patrol.takedown.extraction_record import extraction_record
from patrol.vault import EvidenceState, Order, Person, Vault, retention, seal_pages, verify
from patrol.vault.hand_masks import cover_area, parse_area
from patrol.vault.naming import file_title
from patrol.vault.replies import pinned_roots
from patrol.vault.sealing_keys import key_of, new_key
from patrol.vault.signatures import new_signer
from patrol.vault.timestamps import Stamper, stamps_of

app = typer.Typer(help="证据：取证、核验、查看、导出", no_args_is_help=True)

Number = Annotated[str, typer.Argument(help="证据编号", show_default=False)]
Officer = Annotated[str, typer.Option("--officer", help="经办人姓名，记入保管台账")]
Reason = Annotated[str, typer.Option("--reason", help="事由，记入保管台账")]


@app.command("verify")
def verify_command(
    path: Annotated[Path | None, typer.Argument(help="证据库、其中一份证据、导出的文件夹或 zip；不写则查当前工作区")] = None,
) -> None:
    """核验证据是否与入库时一致；不符时指出是哪个文件、字段或台账行，退出码 1。"""
    given = settings.load()
    report = verify(path if path is not None else given.workspace / "vault", roots=pinned_roots(given), key=key_of(given))
    console = Console(file=sys.stdout, soft_wrap=True, highlight=False, markup=False)
    for failure in report.failures[:50]:
        console.print(f"不符：{failure}")
    for note in report.notes:
        console.print(f"说明：{note}")
    console.print(report.summary)
    if not report.ok:
        more = f"等 {len(report.failures)} 处" if len(report.failures) > 1 else ""
        raise EvidenceBroken(f"证据与入库时不符：{report.failures[0].place}{more}；请保留现场，并用备份比对")


@app.command("show")
def show_command(number: Number, officer: Officer = "", reason: Reason = "") -> None:
    """显示一份证据有什么、缺什么、存在哪里；查看记入保管台账。"""
    vault = Vault.of(settings.load())
    manifests = vault.manifests(number)
    status = vault.status(number)
    console = Console(file=sys.stdout, soft_wrap=True, highlight=False, markup=False)
    console.print(f"证据 {number}：{status.state.chinese}")
    for what in status.missing:
        console.print(f"缺少：{what}")
    for manifest in manifests:
        stamped = "待申请" if manifest.name in status.without_stamp else "已取得"
        console.print(f"\n{manifest.name}  入库 {manifest.sealed.beijing}  可信时间戳{stamped}")
        for entry in manifest.files:
            console.print(f"  {file_title(manifest, entry)}  {entry.name}  {entry.size} 字节")
            console.print(f"    SHA-256 {entry.sha256}\n    SM3     {entry.sm3}")
    vault.record("view", number=number, actor=officer or "命令行", reason=reason)


@app.command("export")
def export_command(
    number: Number,
    to: Annotated[Path, typer.Argument(help="导出到哪个文件夹（须不存在或为空）")],
    original: Annotated[bool, typer.Option("--original", help="导出未打码的原件，须写明事由")] = False,
    name: Annotated[list[str] | None, typer.Option("--name", help="另需遮盖的个人姓名，可多次给出")] = None,
    officer: Officer = "",
    reason: Reason = "",
) -> None:
    """导出一份证据为文件夹：可离线打开的目录页、文件、清单和校验值。默认打码。"""
    vault = Vault.of(settings.load())
    folder = vault.export(number, to, masked=not original, actor=officer or "命令行", reason=reason, names=tuple(name or ()))
    typer.echo(f"已导出到 {folder}；用 sha256sum -c SHA256SUMS 或 patrol evidence verify 核验")


@app.command("mask")
def mask_command(
    number: Number,
    area: Annotated[list[str], typer.Option("--area", help="要遮盖的位置：整页截图上的 左,上,宽,高（像素），可多次给出")],
    officer: Officer,
    reason: Reason,
    manifest: Annotated[str, typer.Option("--manifest", help="哪一次取证（清单名）；不写则为最近一次")] = "",
) -> None:
    """指定截图上要遮盖的位置（人像、校名等软件认不出的）；以后导出的打码件都照此遮盖，原件不变，记入保管台账。"""
    areas = [parse_area(text) for text in area]
    vault = Vault.of(settings.load())
    for one in areas:
        name = cover_area(vault, number, one, manifest=manifest, officer=officer, reason=reason)
        typer.echo(f"{number} {name}：{one[0]},{one[1]},{one[2]},{one[3]} 已登记遮盖")


@app.command("hold")
def hold_command(
    number: Number, officer: Officer, reason: Reason, end: Annotated[bool, typer.Option("--release", help="解除封存")] = False
) -> None:
    """封存一份证据：解除之前任何人不能销毁它。"""
    vault = Vault.of(settings.load())
    (retention.release if end else retention.hold)(vault, number, officer=officer, reason=reason)
    typer.echo(f"证据 {number} 已{'解除封存' if end else '封存'}，记入保管台账")


@app.command("purge")
def purge_command(
    number: Annotated[list[str] | None, typer.Argument(help="证据编号；不写则列出超过保存期限的证据", show_default=False)] = None,
    campaign: Annotated[str, typer.Option("--campaign-id", help="按哪个专项行动的复核结论计算保存期限")] = "",
    officer: Officer = "",
    approver: Annotated[str, typer.Option("--approver", help="批准人姓名（不能与经办人相同）")] = "",
    reason: Reason = "",
) -> None:
    """销毁证据，在保管台账留下销毁证明；不写编号时只列出到期的证据，不销毁。"""
    given = settings.load()
    vault = Vault.of(given)
    if not number:
        due = retention.overdue(vault, _judgements(given, campaign), datetime.now(UTC))
        for one, period in due:
            typer.echo(f"{one}：{period.title}，保存期限 {period.days} 天已过（{period.basis}）")
        typer.echo(f"共 {len(due)} 份到期；销毁请写明编号、--officer、--approver、--reason")
        return
    for one in number:
        made = retention.destroy(vault, one, officer=officer, approver=approver, reason=reason)
        typer.echo(
            f"销毁证明：{made.number}，台账第{made.row}行，{made.files} 个文件、{made.size} 字节；"
            f"另有 {made.kept} 个文件为其他证据共用，保留"
        )


def _judgements(given: Settings, campaign: str) -> dict[str, str]:
    store = Store.open(given.workspace)
    try:
        return {lead.evidence: lead.judgement.value for lead in store.leads(campaign)}
    finally:
        store.close()


@app.command("key")
def key_command(to: Annotated[Path, typer.Argument(help="密钥文件保存在哪里（不要放在证据库同一块磁盘）")]) -> None:
    """生成证据加密的密钥文件。密钥丢失后，加密的原件无法恢复。"""
    key = new_key(to)
    typer.echo(f"已生成 {to}（指纹 {key.fingerprint}）；请另存一份备份，并把设置 evidence_key 指向它")


@app.command("signing-key")
def signing_key_command(to: Annotated[Path, typer.Argument(help="私钥文件保存在哪里；公钥存为同名 .pub.pem")]) -> None:
    """生成本单位的签名私钥（Ed25519）；公钥可公布，供接收单位核对。"""
    new_signer(to)
    typer.echo(f"已生成 {to} 和 {to.with_suffix('.pub.pem')}；请妥善保管私钥，并把设置 signing_key 指向它")


@app.command("stamp")
def stamp_command(
    number: Annotated[list[str] | None, typer.Argument(help="证据编号；不写则为全部", show_default=False)] = None,
) -> None:
    """为尚无可信时间戳的证据申请时间戳；连不上时仍为待申请，不倒签。"""
    given = settings.load()
    vault = Vault.of(given)
    done = Stamper.of(vault, given).stamp(*(number or ()))
    typer.echo(f"已取得 {done.granted} 个，待申请 {done.pending} 个" + (f"（{done.reason}）" if done.reason else ""))


@app.command("record")
def record_command(
    number: Number,
    to: Annotated[Path, typer.Argument(help="保存为哪个 .docx 文件")],
    unit: Annotated[str, typer.Option("--unit", help="提取单位名称")] = "",
    operator: Annotated[str, typer.Option("--operator", help="取证人，写作“姓名:执法证号”")] = "",
    witness: Annotated[str, typer.Option("--witness", help="见证人，写作“姓名:执法证号”")] = "",
) -> None:
    """生成一份证据的电子数据提取笔录（docx）；没有记录的内容留空待填，不作推断。"""
    if to.suffix != ".docx":
        raise BadInput("提取笔录只能保存为 .docx", file=to)
    given = settings.load()
    vault = Vault.of(given)
    manifests = vault.manifests(number)
    people = tuple(_person(role, text) for role, text in (("取证人", operator), ("见证人", witness)) if text.strip())
    stamps = stamps_of(vault, manifests, pinned_roots(given))
    facts = next((manifest.lead for manifest in manifests if manifest.lead), None)
    face = load_platforms().get(facts.platform) if facts else None
    title = face.title if face else ""
    report = extraction_record(manifests, stamps, unit, datetime.now(UTC), people, platform=title)
    whole(to, lambda part: write_docx(report, part))
    vault.record("view", number=number, actor="命令行", reason="生成电子数据提取笔录")
    typer.echo(f"已生成 {to}；标有“〔待填〕”处请填写，两名人员签名后有效")


def _person(role: str, text: str) -> Person:
    name, _, licence = text.replace("：", ":").partition(":")
    return Person(role=role, name=name.strip(), licence=licence.strip())


@app.command("capture")
def capture_command(
    url: Annotated[str, typer.Argument(help="要取证的网址")],
    number: Annotated[str, typer.Option("--number", help="证据编号；不写则按时间生成")] = "",
    device: Annotated[
        str, typer.Option("--device", help="desktop（电脑版）、phone（手机版）或 both（两种都取，存在同一份证据里）")
    ] = "desktop",
    step: Annotated[list[str] | None, typer.Option("--step", help="怎样找到这个网页（搜索词、入口页），可多次给出")] = None,
    campaign: Annotated[Path | None, typer.Option("--campaign", help="专项行动文件：其中的两名人员记为取证人和见证人")] = None,
) -> None:
    """用浏览器对一个网址取证并封存。"""
    if device not in {"desktop", "phone", "both"}:
        raise BadInput(f"只能是 desktop、phone 或 both，实际为“{device}”", field="device")
    if not is_web_address(url):
        raise BadInput(f"“{url[:80]}”不是网址（应以 http:// 或 https:// 开头）；本机文件请用 patrol screen --html", field="url")
    given = settings.load()
    browser = find_browser(given)
    if browser is None:
        raise NotAvailable("没有找到浏览器；请运行 patrol doctor --mend")
    name = number or f"QZ{datetime.now(UTC):%Y%m%d-%H%M%S}"
    devices = ("phone", "desktop") if device == "both" else (device,)
    orders = [Order(number=name, url=url, device=one, steps=tuple(step or ())) for one in devices]
    vault = Vault.of(given, officers=load_campaign(campaign).officers if campaign else ())
    taken = list(seal_pages(orders, vault, given, browser=str(browser)))
    for sealed in taken:
        typer.echo(f"证据 {sealed.number}：{sealed.state.chinese}；清单 SHA-256 {sealed.sha256}")
        for what in sealed.missing if sealed.state is not EvidenceState.FAILED else ():
            typer.echo(f"缺少：{what}")
    failed = [sealed for sealed in taken if sealed.state is EvidenceState.FAILED]
    if failed:
        why = "；".join(failed[0].missing[-2:])
        raise EvidenceError(f"证据 {name} 没有取得：{why}；经过已记入证据库，请核对网址后再取一次")
