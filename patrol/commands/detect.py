"""`patrol detect`: posts in, one explained detection a line out, in the same order, over all cores."""

import json
import os
import shutil
import sys
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from datetime import date
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from detectors import Detector
from detectors.errors import RuleError
from detectors.model import Detection, Document, Element
from patrol import settings
from patrol.calendar import judge_in
from patrol.campaigns import load_campaign
from patrol.errors import BadInput, in_words
from patrol.places import check_result_file

_CHUNK = 64
_ALONE = 2 * _CHUNK
_TEXTS = ("title", "platform", "url", "author", "stage", "region")
NumberedLine = tuple[int, bytes]
Basis = tuple[Path | None, Path | None, Path]
"""What posts are judged by: campaign file, own rules, and the workspace whose calendar counts."""


class LineError(ValueError):
    """One line cannot be used; carries line, field and reason home from a worker process."""

    def __init__(self, line: int, field: str, reason: str) -> None:
        super().__init__(line, field, reason)
        self.line, self.field, self.reason = line, field, reason


@cache
def campaign_detector(campaign: Path | None, rules: Path | None, workspace: Path) -> Detector:
    """Return the detector of a campaign (its calendar and its senior-high switch), built once per process; the workspace's own
    calendar files go before the shipped ones."""
    if rules is not None and not rules.is_file():
        raise BadInput("找不到这个规则文件；请检查路径", file=rules)
    extra = (rules,) if rules else ()
    if campaign is None:
        return Detector(judge_day=judge_in(workspace, ()), extra_rules=extra)
    read = load_campaign(campaign)
    return Detector(judge_day=judge_in(workspace, read.vacations), senior=read.include_senior, extra_rules=extra)


def detect_command(
    input_path: Annotated[str, typer.Option("--input", help="待检测的帖子，JSON Lines；- 为标准输入")] = "-",
    output_path: Annotated[str, typer.Option("--output", help="结果文件，JSON Lines；- 为标准输出")] = "-",
    campaign: Annotated[Path | None, typer.Option("--campaign", help="专项行动文件：按其校历和学段开关判断")] = None,
    rules: Annotated[Path | None, typer.Option("--rules", help="本单位增补的词表和规则文件")] = None,
    workers: Annotated[int, typer.Option("--workers", min=0, help="进程数；0 为全部核心")] = 0,
) -> None:
    """检测帖子：逐条给出疑似与否、要件、依据条款和原文位置。"""
    basis = (campaign, rules, settings.load().workspace)
    try:
        campaign_detector(*basis)
    except RuleError as error:
        raise BadInput(str(error), file=rules) from error
    if "-" not in {input_path, output_path}:
        check_result_file(Path(output_path), Path(input_path))
    count = 0
    with _opened(input_path) as source, _whole_or_nothing(output_path) as target:
        for line in _answers(source, input_path, basis, workers or len(os.sched_getaffinity(0))):
            count += 1
            target.write(line)
    if not count:
        typer.echo("提示：输入是空的，没有要检测的帖子", err=True)


def _answers(source: BinaryIO, name: str, basis: Basis, workers: int) -> Iterator[bytes]:
    shown = Progress(
        TextColumn("检测"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )
    lines = ((number, line) for number, line in enumerate(source, 1) if line.strip())
    with shown:
        task = shown.add_task("", total=None)
        try:
            for answered in _answered_chunks(lines, basis, workers):
                shown.advance(task, len(answered))
                yield from answered
        except LineError as error:
            raise BadInput(error.reason, file=name, line=error.line, field=error.field or None) from None


def _answered_chunks(lines: Iterator[NumberedLine], basis: Basis, workers: int) -> Iterator[list[bytes]]:
    """Answer chunks in order; a short input stays in this process, a long one keeps each worker a few chunks ahead."""
    first = list(islice(lines, _ALONE))
    if workers == 1 or len(first) < _ALONE:
        for chunk in _chunks(line for part in (first, lines) for line in part):
            yield answer_chunk(chunk, basis)
        return
    with ProcessPoolExecutor(max_workers=workers) as pool:
        waiting: deque[Future[list[bytes]]] = deque()
        try:
            for chunk in _chunks(line for part in (first, lines) for line in part):
                waiting.append(pool.submit(answer_chunk, chunk, basis))
                if len(waiting) >= 4 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _chunks(lines: Iterable[NumberedLine]) -> Iterator[list[NumberedLine]]:
    numbered = iter(lines)
    while chunk := list(islice(numbered, _CHUNK)):
        yield chunk


def answer_chunk(lines: list[NumberedLine], basis: Basis) -> list[bytes]:
    """Answer some lines, in a worker or here; raises LineError at the first that cannot be used."""
    detector = campaign_detector(*basis)
    return [
        _encoded(answer(document, detector.detect(document)))
        for document in (read_document(number, line) for number, line in lines)
    ]


def read_document(number: int, line: bytes) -> Document:
    """Read one line of input; raises LineError naming the field."""
    try:
        record = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise LineError(number, "", f"不是有效的 JSON（UTF-8）：{error}") from None
    if not isinstance(record, dict):
        raise LineError(number, "", "每一行应是一个 JSON 对象")
    for field in ("id", "text"):
        if not isinstance(record.get(field), str):
            raise LineError(number, field, "必须有，且是字符串")
    for field in _TEXTS:
        if record.get(field) is not None and not isinstance(record[field], str):
            raise LineError(number, field, "应是字符串")
    images = record.get("image_texts") or []
    if not isinstance(images, list) or not all(isinstance(text, str) for text in images):
        raise LineError(number, "image_texts", "应是字符串的列表")
    optional = {field: record.get(field) or "" for field in _TEXTS}
    return Document(
        id=record["id"],
        text=record["text"],
        published_at=_day(number, record.get("published_at")),
        image_texts=tuple(images),
        **optional,
    )


def _day(number: int, value: Any) -> date | None:
    if value is None or value == "":
        return None
    try:
        return date.fromisoformat(value[:10])
    except (TypeError, ValueError):
        raise LineError(number, "published_at", "应是 2027-01-20 这样的日期") from None


def answer(document: Document, found: Detection) -> dict[str, Any]:
    """Return the line that `patrol detect` prints for one post."""
    findings = [
        {
            "rule": one.rule,
            "clause": one.clause,
            "element": one.element.value,
            "start": one.start,
            "end": one.end,
            "quote": one.quote,
            "weight": one.weight,
            **({"trick": one.trick} if one.trick else {}),
            **({"meaning": one.meaning} if one.meaning else {}),
        }
        for one in found.findings
    ]
    return {
        "id": document.id,
        "violation": found.violation,
        "score": found.score,
        "ad_violation": found.ad_violation,
        "categories": list(found.categories),
        "elements": {element.value: list(found.quotes(element)) for element in Element},
        "findings": findings,
        "hints": [{"rule": one.rule, "start": one.start, "end": one.end, "quote": one.quote} for one in found.hints],
        "contacts": [
            {"kind": one.kind, "value": one.value, "start": one.start, "end": one.end, "quote": one.quote}
            for one in found.contacts
        ],
        "institutions": list(found.institutions),
        "why": found.why,
        "speaker": found.speaker,
        "glossary": [{"word": word, "meaning": meaning} for word, meaning in found.glossary],
        "notes": list(found.notes),
        "rules_version": found.rules_version,
    }


def _encoded(record: dict[str, Any]) -> bytes:
    text = json.dumps(record, ensure_ascii=False)
    try:
        return f"{text}\n".encode()
    except UnicodeEncodeError:
        return f"{json.dumps(record)}\n".encode()


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    if path == "-":
        yield sys.stdin.buffer
        return
    try:
        handle = Path(path).open("rb")  # noqa: SIM115 - closed by the with below
    except OSError as error:
        raise BadInput(f"打不开：{in_words(error)}", file=path) from error
    with handle:
        yield handle


@contextmanager
def _whole_or_nothing(path: str) -> Iterator[BinaryIO]:
    """Write to a temporary file and put it in place (or on standard output) only when everything went well."""
    if path != "-":
        check_result_file(Path(path))
    folder = Path(path).absolute().parent if path != "-" else Path(tempfile.gettempdir())
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".detect-", dir=folder)
    except OSError as error:
        raise BadInput(f"不能在此处写结果：{in_words(error)}", file=path) from error
    try:
        with os.fdopen(descriptor, "wb") as target:
            yield target
        if path == "-":
            with Path(temporary).open("rb") as done:
                shutil.copyfileobj(done, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        else:
            mask = os.umask(0)
            os.umask(mask)
            Path(temporary).chmod(0o666 & ~mask)
            Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)
