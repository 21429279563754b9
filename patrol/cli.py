"""The `patrol` command: its verbs, and the one place where an error becomes a line and an exit code."""

import sys
import warnings
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from patrol import settings
from patrol.backup_commands import backup_command, restore_command
from patrol.calendar_commands import app as calendar_app
from patrol.campaign_commands import app as campaign_app
from patrol.detecting import detect_command
from patrol.doctor import doctor_command
from patrol.errors import PatrolError
from patrol.evidence_commands import app as evidence_app
from patrol.extracting import extract_command
from patrol.matching import match_command
from patrol.operation_commands import install_command, metrics_command, status_command
from patrol.recheck_commands import recheck_command
from patrol.report_commands import app as report_app
from patrol.rule_listing import app as rules_app
from patrol.serving import serve_command
from patrol.source_commands import app as source_app
from patrol.sweep_commands import screen_command, sweep_command
from patrol.takedown_commands import app as takedown_app
from patrol.upkeep import app as upkeep_app
from patrol.whitelisting import app as whitelist_app

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("sweep")(sweep_command)
app.command("screen")(screen_command)
app.command("detect")(detect_command)
app.command("match")(match_command)
app.command("extract")(extract_command)
app.command("recheck")(recheck_command)
app.command("doctor")(doctor_command)
app.command("serve")(serve_command)
app.add_typer(source_app, name="source")
app.add_typer(whitelist_app, name="whitelist")
app.add_typer(rules_app, name="rules")
app.add_typer(evidence_app, name="evidence")
app.add_typer(report_app, name="report")
app.add_typer(takedown_app, name="takedown")
app.add_typer(calendar_app, name="calendar")
app.add_typer(campaign_app, name="campaign")
app.add_typer(upkeep_app, name="upkeep")
app.command("backup")(backup_command)
app.command("restore")(restore_command)
app.command("status")(status_command)
app.command("metrics")(metrics_command)
app.command("install-service")(install_command)
# the clock stands above the product, as spiders do: found by name
app.add_typer(import_module("schedules.commands").app, name="schedule")
# the demo stands above the product (it brings its own mock platforms), so it is found by name, as spiders are
app.command("demo")(import_module("fixtures.demo").demo_command)

_INTERRUPTED = 130


@app.callback()
def choose_workspace(
    workspace: Annotated[Path | None, typer.Option("--workspace", "-w", help="工作区文件夹（默认 workspace）")] = None,
) -> None:
    """校外培训线上巡查：发现疑似学科类隐形变异培训，比对名单，封存证据，生成报表。软件只提出疑似，结论由工作人员作出。"""
    if workspace is not None:
        settings.choose(workspace=str(workspace))


def main() -> None:
    """Run the command; a PatrolError becomes one line on standard error and its exit code."""
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    try:
        app(standalone_mode=True)
    except PatrolError as error:
        sys.stderr.write(f"错误：{error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("已中断；已取得的内容都已保存，再次运行同一命令会接着做\n")
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        sys.exit(0)


if __name__ == "__main__":
    main()
