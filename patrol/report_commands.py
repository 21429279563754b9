"""`patrol report …`: one sub-command per form of the register, and the list of them."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from patrol import settings
from patrol.campaigns import batch_of, load_campaign
from patrol.errors import BadInput
from patrol.platforms import load_platforms
from patrol.reports.forms import Form, forms
from patrol.reports.gather import gather
from patrol.reports.records import Report
from patrol.reports.to_docx import write_docx
from patrol.reports.to_xlsx import write_xlsx
from patrol.store import Store

app = typer.Typer(help="生成官方表单", no_args_is_help=True)

WRITERS: dict[str, Callable[[Report, Path], None]] = {".xlsx": write_xlsx, ".docx": write_docx}

CampaignFile = Annotated[Path, typer.Option("--campaign", help="专项行动文件")]
BatchNumber = Annotated[int, typer.Option("--batch", help="报送批次；0 为整个专项行动")]
Output = Annotated[Path, typer.Option("--output", help="保存到哪里：.xlsx、.docx，或不带后缀的名称（两种都生成）")]


def targets(output: Path, form: Form) -> tuple[Path, ...]:
    """Return the files to write: the one named, or one per kind of the form when no known suffix is given."""
    kinds = tuple(f".{kind}" for kind in form.TEMPLATE.kinds)
    if output.suffix in kinds:
        return (output,)
    if output.suffix in {".xlsx", ".docx", ".doc", ".xls", ".pdf"}:
        raise BadInput(f"{form.TEMPLATE.name}只能保存为{'、'.join(kinds)}；请改文件名", file=output)
    if output.is_dir():
        output = output / form.TEMPLATE.name
    return tuple(output.with_name(output.name + kind) for kind in kinds)


def make(form: Form, campaign_file: Path, batch: int, output: Path, now: datetime) -> tuple[Path, ...]:
    """Make one form from the store and write its files; each appears whole or not at all."""
    campaign = load_campaign(campaign_file)
    chosen = batch_of(campaign, batch) if batch else None
    files = targets(output, form)
    store = Store.open(settings.load().workspace)
    try:
        given = gather(store, campaign, chosen, made_at=now, platforms=load_platforms().values())
    finally:
        store.close()
    report = form.build(given)
    for file in files:
        write_whole(report, file)
    return files


def write_whole(report: Report, file: Path) -> None:
    """Write beside the target and rename, so that a full disk or a kill leaves no half file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.stem}.part{file.suffix}")
    try:
        WRITERS[file.suffix](report, part)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _command(form: Form) -> Callable[..., None]:
    def run(campaign: CampaignFile, output: Output, batch: BatchNumber = 0) -> None:
        for file in make(form, campaign, batch, output, datetime.now(UTC)):
            typer.echo(str(file))

    return run


for _form in forms().values():
    app.command(name=_form.TEMPLATE.id, help=f"{_form.TEMPLATE.name}：{_form.TEMPLATE.summary}")(_command(_form))
    app.command(name=_form.TEMPLATE.name, hidden=True)(_command(_form))


@app.command(name="list")
def list_forms() -> None:
    """列出全部表单。"""
    for form in forms().values():
        typer.echo(f"{form.TEMPLATE.id}\t{form.TEMPLATE.name}\t{form.TEMPLATE.summary}")
