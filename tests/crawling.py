"""What tests of crawling share: a workspace with a platform for the town, and one run of it."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import yaml

from patrol import settings as settings_module
from patrol.crawl import SpiderJob
from patrol.model import Batch, Campaign, Run, SourceChoice
from patrol.settings import Value
from tests.plain_keeper import FILE_NAME

TOWN = """
title: 小镇
kind: listing
verified_on: 2026-11-01
base: http://127.0.0.1
entries: [{url: "{base}/p/0"}]
pace: {delay: [0, 0], concurrency: 8}
budget: {pages: 20000, depth: 60}
follow: {kinds: [detail]}
addresses: [{pattern: "^/", kind: detail}]
pages:
  - name: any
    fields: {title: [{css: h1}], text: [{css: body}]}
"""
GENERIC = """
title: 一般网站
kind: generic
verified_on: 2026-11-01
pages:
  - name: any
    fields: {title: [{css: h1}], text: [{css: body}]}
"""


def town_job(
    workspace: Path, base: str, *, platform: str = "", run: str = "run-1", start: Sequence[str] = (), **knobs: Value
) -> SpiderJob:
    """Return the job of one run over the town; `platform` replaces keys of the town's platform.yml."""
    for name, text in (("town", TOWN), ("generic", GENERIC)):
        folder = workspace / "platforms" / name
        folder.mkdir(parents=True, exist_ok=True)
        added = yaml.safe_load(platform) if name == "town" and platform else {}
        told = yaml.safe_dump({**yaml.safe_load(text), **added}, allow_unicode=True)
        (folder / "platform.yml").write_text(told, encoding="utf-8")
    given: dict[str, Value] = {"allow_loopback": True, "pace_factor": 0.0, "log_level": "INFO", **knobs}
    choice = SourceChoice(name="town", base=base, start=tuple(start))
    batch = Batch(number=1, start=date(2027, 1, 15), end=date(2027, 1, 29), due=date(2027, 1, 30))
    campaign = Campaign(
        id="winter",
        title="寒假巡查",
        region="云川市",
        start=batch.start,
        end=batch.end,
        batches=(batch,),
        summary_due=batch.due,
        unit="",
        leader="",
        phone="",
        sources=(choice,),
    )
    return SpiderJob(
        run=Run(id=run, campaign=campaign.id, source="town", started_at=datetime.now(UTC)),
        campaign=campaign,
        choice=choice,
        settings=settings_module.load({}, workspace=str(workspace), **given),
        screener="tests.plain_keeper:PlainKeeper",
    )


def kept_pages(workspace: Path) -> list[Mapping[str, object]]:
    """Return what the plain keeper was given, in order."""
    path = workspace / FILE_NAME
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def states_of(workspace: Path, base: str) -> dict[str, str]:
    """Return the state that each path ended in."""
    return {str(page["url"]).removeprefix(base): str(page["state"]) for page in kept_pages(workspace)}


def reasons_of(workspace: Path, base: str) -> dict[str, str]:
    """Return the reason that each path was given."""
    return {str(page["url"]).removeprefix(base): str(page["reason"]) for page in kept_pages(workspace)}
