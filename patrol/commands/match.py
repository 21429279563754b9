"""`patrol match`: compare names with a list file, in bulk, without a workspace."""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.progress import track

from patrol.errors import BadInput, PatrolError, StorageFull, in_words, no_room
from patrol.licences import Context, Index, load_list
from patrol.model import Match, Verdict
from patrol.places import check_result_file

STREAM = Path("-")
_CONTEXT = ("region", "uscc", "permit", "icp", "phone", "address", "source")


@dataclass(frozen=True, slots=True)
class Query:
    """One question of the input file."""

    id: str | int
    text: str
    context: Context


def match_command(
    whitelist: Annotated[Path, typer.Option("--whitelist", help="名单文件：xlsx、xls、csv、html、docx 或文字版 pdf")],
    queries: Annotated[Path, typer.Option("--queries", help="要比对的名称，JSONL；“-”为标准输入")],
    output: Annotated[Path, typer.Option("--output", help="结果，JSONL；“-”为标准输出")] = STREAM,
    mapping: Annotated[list[str] | None, typer.Option("--map", help="指定列，如 --map 机构名称=单位")] = None,
) -> None:
    """把名称（或含名称的整句）逐条与名单比对：名单内、待核或名单未匹配，并说明理由。"""
    rows = load_list(whitelist, mapping=parse_mapping(mapping or []))
    asked = read_queries(queries)
    index = Index(rows)
    answers = [_line(query, index.match(query.text, query.context)) for query in _shown(asked)]
    with open_output(output) as stream:
        stream.writelines(answers)
    if not asked:
        typer.echo("提示：输入是空的，没有要比对的名称", err=True)


def parse_mapping(pairs: list[str]) -> dict[str, str]:
    """Return `字段=表头` options as a mapping. Raises BadInput on one without an equals sign."""
    for pair in pairs:
        if "=" not in pair:
            raise BadInput(f"应写作“字段=表头”，如 机构名称=单位；实际为“{pair}”", field="--map")
    return {field.strip(): header.strip() for field, header in (pair.split("=", 1) for pair in pairs)}


def _shown(asked: list[Query]) -> Iterator[Query]:
    console = Console(file=sys.stderr)
    yield from track(asked, description="比对", console=console, transient=True) if console.is_terminal else asked


def read_queries(path: Path) -> list[Query]:
    """Read all questions before any is answered. Raises BadInput naming file, line and field; keys not ours are ignored."""
    source = "标准输入" if path == STREAM else str(path)
    try:
        body = sys.stdin.buffer.read() if path == STREAM else path.read_bytes()
    except OSError as error:
        raise BadInput(f"读不到文件（{in_words(error)}）", file=path) from error
    asked = []
    for number, raw in enumerate(body.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if raw.strip():
            asked.append(_query(raw, source, number))
    return asked


def _query(raw: bytes, source: str, number: int) -> Query:
    try:
        record = json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadInput("不是 UTF-8 编码", file=source, line=number) from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"不是一行完整的 JSON（{error}）", file=source, line=number) from error
    if not isinstance(record, dict):
        raise BadInput("应为一个 JSON 对象 {…}", file=source, line=number)
    if not isinstance(record.get("id"), (str, int)) or isinstance(record["id"], bool):
        raise BadInput("缺少这个键，或不是文字", file=source, line=number, field="id")
    if not isinstance(record.get("query"), str):
        raise BadInput("缺少这个键，或不是文字", file=source, line=number, field="query")
    given = record.get("context") or {}
    if not isinstance(given, dict):
        raise BadInput("应为一个 JSON 对象 {…}", file=source, line=number, field="context")
    for key in _CONTEXT:
        if not isinstance(given.get(key) or "", str):
            raise BadInput("应为文字", file=source, line=number, field=f"context.{key}")
    return Query(record["id"], record["query"], Context(**{key: given.get(key) or "" for key in _CONTEXT}))


def _line(query: Query, answer: Match) -> str:
    record = {
        "id": query.id,
        "decision": answer.verdict.value if answer.verdict in {Verdict.LICENSED, Verdict.REVIEW} else Verdict.UNLISTED.value,
        "row": answer.row,
        "candidates": [
            {"row": one.row, "name": one.name, "score": round(one.score, 3), "detail": one.detail} for one in answer.candidates
        ],
        "why": answer.why,
    }
    return json.dumps(record, ensure_ascii=False) + "\n"


@contextmanager
def open_output(path: Path) -> Iterator[TextIO]:
    """Give a stream whose content appears under `path` only when all of it is written; `-` is standard output."""
    if path == STREAM:
        yield sys.stdout
        sys.stdout.flush()
        return
    check_result_file(path)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise BadInput(f"写不了结果（{in_words(error)}）；请检查文件夹是否存在、可写", file=path) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except OSError as error:
        if no_room(error):
            raise StorageFull(f"磁盘空间不足，结果“{path}”没有写入；请清理磁盘后重试") from error
        raise PatrolError(f"写不了结果“{path}”（{in_words(error)}）；请检查路径和权限") from error
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()
