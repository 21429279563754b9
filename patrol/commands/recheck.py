"""`patrol recheck`: look again at the leads whose day has come."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from patrol import settings
from patrol.campaigns import china_today, load_campaign
from patrol.operation.deadlines import remind_of_deadlines
from patrol.recheck import recheck, told
from patrol.recheck_days import due_leads
from patrol.store import Store


def recheck_command(
    campaign: Annotated[Path, typer.Option("--campaign", "-c", help="专项行动文件（TOML）")],
    lead: Annotated[list[str] | None, typer.Option("--lead", help="只看这些线索，不论是否到期；可写多次")] = None,
    only_list: Annotated[bool, typer.Option("--list", help="只列出到期的，不去看")] = False,
) -> None:
    """复查：到期的线索再看一次是否仍在，结果记入台账。受阻没有看清的如实记录，不算已消失。"""
    given, chosen = settings.load(), load_campaign(campaign)
    store = Store.open(given.workspace)
    try:
        leads = [store.lead(number) for number in lead] if lead else due_leads(store, chosen, china_today())
        if not lead and not only_list:
            remind_of_deadlines(store, chosen, given.workspace, datetime.now(UTC))
        if only_list or not leads:
            for one in leads:
                typer.echo(f"{one.number}\t{one.url}")
            typer.echo(f"到期待复查{len(leads)}条", err=True)
            return
        result = recheck(store, chosen, given, leads)
    finally:
        store.close()
    for line in told(result, leads):
        typer.echo(line)
    typer.echo(result.sentence, err=True)
