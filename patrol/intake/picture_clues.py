"""Screenshots that people bring: read their words, screen and seal them like any page; run as a module of its own."""

import hashlib
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import Field

from detectors import Detector
from patrol import settings as settings_module
from patrol.allowing import rule_files
from patrol.campaigns import load_campaign
from patrol.errors import BadInput, PatrolError
from patrol.intake.picture_marks import marks_in
from patrol.intake.pictures import read_picture
from patrol.model import Capture, PageResult, Post, Run, State, Visit
from patrol.places import imported_address
from patrol.screening import Screener, judge_of
from patrol.spooling import spool
from patrol.store import Store
from patrol.validation import FileRecord, build
from patrol.vault import Vault

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp", ".bmp": "image/bmp"}
_SOURCE = "pictures"


class Order(FileRecord):
    """What an officer wrote about the pictures: `texts` holds the corrected words of each file by its name."""

    url: str = ""
    title: str = ""
    author: str = ""
    platform: str = ""
    region: str = ""
    officer: str = ""
    texts: dict[str, str] = Field(default_factory=dict)


@app.callback()
def choose_workspace(workspace: Annotated[Path, typer.Option("--workspace")]) -> None:
    """Work in a workspace."""
    settings_module.choose(workspace=str(workspace))


@app.command("read")
def read_command(folder: Path) -> None:
    """Print what stands on each picture, as one JSON list."""
    typer.echo(json.dumps([{"file": path.name, "text": read_picture(path)} for path in _pictures(folder)], ensure_ascii=False))


@app.command("mark")
def mark_command(
    sha256: str,
    output: Annotated[Path, typer.Option("--output")],
    quote: Annotated[list[str] | None, typer.Option("--quote")] = None,
) -> None:
    """Write where the words of a sealed or cached picture stand, as JSON."""
    settings = settings_module.load()
    cached = settings.workspace / "spool" / sha256
    data = cached.read_bytes() if cached.is_file() else Vault.of(settings).objects.read(sha256)
    marks = marks_in(data, Detector(extra_rules=rule_files(settings.workspace)), quote or ())
    output.parent.mkdir(parents=True, exist_ok=True)
    part = output.with_suffix(".part")
    part.write_text(marks.model_dump_json(), encoding="utf-8")
    part.replace(output)


@app.command("keep")
def keep_command(
    folder: Path, campaign: Annotated[Path, typer.Option("--campaign")], order: Annotated[Path, typer.Option("--order")]
) -> None:
    """Screen the pictures as one post, seal the originals, print the leads as JSON."""
    wish = build(Order, json.loads(order.read_text(encoding="utf-8")), file=order)
    settings, chosen, now = settings_module.load(), load_campaign(campaign), datetime.now(UTC)
    store = Store.open(settings.workspace)
    store.save_campaign(chosen, campaign.read_text(encoding="utf-8-sig"), now)
    run = Run(id=f"{_SOURCE}-{now:%Y%m%d%H%M%S%f}", campaign=chosen.id, source=_SOURCE, started_at=now)
    store.start_run(run)
    screener = Screener(
        judge=judge_of(chosen, settings.workspace),
        store=store,
        vault=Vault.of(settings, officers=chosen.officers),
        campaign=chosen,
        run=run.id,
        source=_SOURCE,
        device="",
        spool=settings.workspace / "spool",
        ocr=False,
    )
    leads = [lead.number for result in results(folder, wish, screener.spool, now) for lead in screener.record_page(result)]
    counts = {"planned": len(_pictures(folder)), "fetched": len(_pictures(folder)), "waiting": 0, "posts": 1, "leads": len(leads)}
    store.end_run(replace(run, ended_at=datetime.now(UTC), outcome="finished", counts=counts))
    screener.close()
    typer.echo(json.dumps({"pictures": len(_pictures(folder)), "leads": sorted(set(leads))}, ensure_ascii=False))


def _pictures(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in _TYPES)
    if not found:
        raise BadInput("没有图片", file=folder)
    return found


def results(folder: Path, wish: Order, spool_folder: Path, now: datetime) -> list[PageResult]:
    """Return the pictures as pages: one post with all their words, each original with a capture of its own."""
    captures = [_capture(path, wish, spool_folder, now) for path in _pictures(folder)]
    texts = [wish.texts.get(path.name, "") for path in _pictures(folder)]
    key = captures[0].url
    post = Post(
        key=key,
        platform=wish.platform or "generic",
        url=key,
        title=wish.title,
        text="\n".join(text for text in texts if text.strip()),
        author=wish.author,
        region=wish.region,
        kind="detail",
    )
    return [
        PageResult(
            lease=key,
            visit=Visit(url=f"picture:{one.sha256}", source=_SOURCE, state=State.OK, at=now, items=1, sha256=one.sha256),
            posts=(post,),
            capture=one,
        )
        for one in captures
    ]


def _capture(path: Path, wish: Order, spool_folder: Path, now: datetime) -> Capture:
    body = path.read_bytes()
    digest = hashlib.sha256(body).hexdigest()
    spool(spool_folder, digest, body)
    url = wish.url or imported_address(path.name, digest)
    return Capture(
        url=url,
        final_url=url,
        status=0,
        fetched_at=now,
        sha256=digest,
        size=len(body),
        mode="import",
        content_type=_TYPES[path.suffix.lower()],
        steps=(f"{wish.officer or '工作人员'}提供的截图：{path.name}",),
    )


if __name__ == "__main__":
    try:
        app()
    except PatrolError as error:
        sys.stderr.write(f"错误：{error}\n")
        sys.exit(error.exit_code)
