"""The `patrol` command: its verbs, and the one place where an error becomes a line and an exit code."""

import sys
import warnings
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from patrol import settings
from patrol.commands.usage import speak_chinese, usage_line
from patrol.errors import PatrolError

# Each verb and where it is written. Only the called one is imported: a start costs a third of importing them all.
# The clock and the demo stand above the product, so they are found by name, as spiders are.
VERBS = {
    "sweep": "patrol.commands.sweep:sweep_command",
    "worker": "patrol.worker:worker_command",
    "screen": "patrol.commands.sweep:screen_command",
    "detect": "patrol.commands.detect:detect_command",
    "match": "patrol.commands.match:match_command",
    "extract": "patrol.commands.extract:extract_command",
    "recheck": "patrol.commands.recheck:recheck_command",
    "doctor": "patrol.commands.doctor:doctor_command",
    "serve": "patrol.commands.serve:serve_command",
    "source": "patrol.commands.source:app",
    "record": "patrol.commands.source:record_command",
    "browser": "patrol.commands.browser:app",
    "whitelist": "patrol.commands.whitelist:app",
    "rules": "patrol.commands.rules:app",
    "evidence": "patrol.commands.evidence:app",
    "report": "patrol.commands.report:app",
    "takedown": "patrol.commands.takedown:app",
    "calendar": "patrol.commands.calendar:app",
    "campaign": "patrol.commands.campaign:app",
    "upkeep": "patrol.commands.upkeep:app",
    "backup": "patrol.commands.backup:backup_command",
    "restore": "patrol.commands.backup:restore_command",
    "status": "patrol.commands.operation:status_command",
    "metrics": "patrol.commands.operation:metrics_command",
    "install-service": "patrol.commands.operation:install_command",
    "bench": "patrol.bench.commands:app",
    "schedule": "schedules.commands:app",
    "demo": "fixtures.demo:demo_command",
}
_INTERRUPTED = 130


def command_line(verbs: Iterable[str] = tuple(VERBS)) -> typer.Typer:
    """Return the command with these verbs; importing them all takes about two seconds."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(choose_workspace)
    for verb in verbs:
        module, name = VERBS[verb].split(":")
        written = getattr(import_module(module), name)
        if isinstance(written, typer.Typer):
            app.add_typer(written, name=verb)
        else:
            app.command(verb)(written)
    return app


def choose_workspace(
    workspace: Annotated[Path | None, typer.Option("--workspace", "-w", help="工作区文件夹（默认 workspace）")] = None,
) -> None:
    """校外培训线上巡查：发现疑似学科类隐形变异培训，比对名单，封存证据，生成报表。软件只提出疑似，结论由工作人员作出。"""
    if workspace is not None:
        settings.choose(workspace=str(workspace))


def main() -> None:
    """Run the command; a PatrolError becomes one line on standard error and its exit code."""
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    speak_chinese()
    try:
        code = command_line(_called(sys.argv[1:]))(standalone_mode=False)
        if code == _INTERRUPTED:
            raise KeyboardInterrupt
        sys.exit(code)
    except TyperException as error:
        if line := usage_line(error):
            sys.stderr.write(f"错误：{line}\n")
        sys.exit(error.exit_code)
    except PatrolError as error:
        sys.stderr.write(f"错误：{error}\n")
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("已中断；已取得的内容都已保存，再次运行同一命令会接着做\n")
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        sys.exit(0)


def _called(words: list[str]) -> tuple[str, ...]:
    """Return the one verb that the words call, or every verb where none is named (help, a mistyped verb)."""
    named = next((word for before, word in zip(["", *words], words, strict=False) if _is_verb(before, word)), None)
    return (named,) if named in VERBS else tuple(VERBS)


def _is_verb(before: str, word: str) -> bool:
    return not word.startswith("-") and before not in {"-w", "--workspace"}


if __name__ == "__main__":
    main()
