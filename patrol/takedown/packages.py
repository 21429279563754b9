"""Make the package for a body: papers, evidence, index and digests in one zip, split where it would be too large."""

import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.x509 import Certificate

from patrol.errors import BadInput
from patrol.model import Judgement, Lead
from patrol.reports.records import Report, ReportInput
from patrol.reports.to_docx import write_docx
from patrol.reports.to_xlsx import write_xlsx
from patrol.takedown import letters, tables
from patrol.takedown.case import Case, make_case
from patrol.takedown.extraction_record import extraction_record
from patrol.takedown.recipients import concerns, recipient
from patrol.takedown.register import Takedown
from patrol.vault import Vault
from patrol.vault.export import add_evidence, add_index, write_package
from patrol.vault.folder import Folder, Wish
from patrol.vault.package import zip_folder
from patrol.vault.timestamps import stamps_of

Maker = Callable[[Case], Report]
PAPERS: tuple[tuple[str, Maker], ...] = (
    ("01-商请处置函.docx", letters.letter),
    ("02-违规信息清单.xlsx", tables.violations),
    ("03-认定意见书（底稿）.docx", letters.opinion),
    ("04-证据目录.xlsx", tables.catalogue),
    ("05-暗语对照说明.docx", tables.glossary),
    ("06-名单比对记录.xlsx", tables.list_comparison),
    ("07-涉嫌违反条款摘录.docx", tables.clauses),
    ("08-送达与反馈回执.docx", letters.receipt),
)
_MADE = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a package is handed out: masked copies unless `original` with a reason; `limit_mb` is the size of one zip."""

    original: bool = False
    officer: str = ""
    reason: str = ""
    limit_mb: float = 100.0
    names: tuple[str, ...] = ()
    roots: tuple[Certificate, ...] = ()


def choose(given: ReportInput, to: str, *, platform: str = "", only: tuple[str, ...] = ()) -> tuple[Lead, ...]:
    """Return the confirmed leads that go to a body, or those named. Raises BadInput on one that is not confirmed by officers."""
    recipient(to)
    known = {lead.number: lead for lead in given.leads}
    for number in only:
        if number not in known:
            raise BadInput(f"本专项行动没有线索“{number[:40]}”", field="lead")
        if known[number].judgement is not Judgement.CONFIRMED:
            raise BadInput(f"线索 {number} 尚未复核属实，不能移送（行政处罚法第四十一条：未经审核不得作为证据）", field="lead")
    if only:
        return tuple(known[number] for number in dict.fromkeys(only))
    found = [lead for lead in given.leads if lead.judgement is Judgement.CONFIRMED and concerns(to, lead, platform)]
    if not found:
        raise BadInput(f"没有已复核属实、属于{recipient(to).title}职责的线索；请先在复核台确认", field="to")
    return tuple(found)


def make_packages(to: Path, takedown: Takedown, given: ReportInput, vault: Vault, options: Options) -> list[Path]:
    """Write the package into the folder `to` as one or more zips; return them in order.

    The same takedown over the same vault gives the same bytes. Raises BadInput when a target exists, StorageFull leaves nothing.
    """
    known = {lead.number: lead for lead in given.leads}
    held = set(vault.numbers())
    leads = [
        (known[number], vault.manifests(known[number].evidence) if known[number].evidence in held else ())
        for number in takedown.leads
    ]
    case = make_case(takedown, given, leads, options.names)
    to.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=to, prefix=".takedown-") as scratch:
        numbers = tuple(lead.evidence for lead, manifests in case.leads if manifests)
        zips = _split(Path(scratch), case, numbers, vault, options)
        return _place(zips, to, takedown.number)


def _split(scratch: Path, case: Case, numbers: tuple[str, ...], vault: Vault, options: Options) -> list[Path]:
    """Return finished zips below the limit; a part with a single item may exceed it."""
    waiting, parts = [numbers], list[Path]()
    while waiting:
        group = waiting.pop(0)
        made = _make_part(scratch, case, group, vault, options, first=not parts)
        if made.stat().st_size > options.limit_mb * 1_000_000 and len(group) > 1:
            made.unlink()
            middle = len(group) // 2
            waiting[:0] = [group[:middle], group[middle:]]
            continue
        parts.append(made)
    return parts


def _make_part(scratch: Path, case: Case, numbers: tuple[str, ...], vault: Vault, options: Options, *, first: bool) -> Path:
    takedown = case.takedown
    wish = Wish(
        numbers=numbers,
        masked=not options.original,
        actor=options.officer,
        reason=options.reason,
        names=options.names,
        made=takedown.made,
        title=f"{case.name} 移送{takedown.addressee}",
        until_row=takedown.ledger_row,
        signed=vault.sources.signer is not None,
    )

    def fill(folder: Folder) -> None:
        items = [vault.manifests(number) for number in numbers]
        if first:
            _add_papers(folder, case)
        for manifests in items:
            stamps = stamps_of(vault, manifests, options.roots)
            record = extraction_record(
                manifests,
                stamps,
                takedown.unit,
                takedown.made.instant,
                names=options.names,
                platform=next((case.platform(lead) for lead, _ in case.leads if lead.evidence == manifests[0].number), ""),
            )
            folder.add(f"09-电子数据提取笔录/{manifests[0].number}.docx", "record", _bytes(record, write_docx, ".docx"))
        add_evidence(folder, wish, items, vault.sources)
        add_index(folder, wish, items)

    name = f"{takedown.number}-{len(list(scratch.iterdir())):03d}"
    folder, _ = write_package(scratch / name, wish, vault.sources, fill)
    target = scratch / f"{name}.zip"
    zip_folder(folder, target, root=takedown.number)
    shutil.rmtree(folder)
    return target


def _add_papers(folder: Folder, case: Case) -> None:
    for name, maker in PAPERS:
        writer = write_xlsx if name.endswith(".xlsx") else write_docx
        folder.add(name, "paper", _bytes(maker(case), writer, Path(name).suffix))


def _bytes(report: Report, writer: Callable[[Report, Path], None], suffix: str) -> bytes:
    """Return an office file without the moment of its making, so that the same content gives the same bytes."""
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / f"paper{suffix}"
        writer(report, path)
        return _timeless(path.read_bytes(), report)


def _timeless(data: bytes, report: Report) -> bytes:
    at = f"{report.made_at:%Y-%m-%dT%H:%M:%SZ}".encode()
    target = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as again:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = _MADE.sub(rb"\g<1>" + at, content)
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            again.writestr(info, content)
    return target.getvalue()


def _place(zips: list[Path], to: Path, number: str) -> list[Path]:
    names = [f"{number}.zip"] if len(zips) == 1 else [f"{number}-{n}of{len(zips)}.zip" for n in range(1, len(zips) + 1)]
    for name in names:
        if (to / name).exists():
            raise BadInput("该文件已存在，不覆盖；请移走后再导出", file=to / name)
    return [made.rename(to / name) for made, name in zip(zips, names, strict=True)]
