"""Measure the matcher against a plain scan: `python -m patrol.bench.match --rows 100000`.

Both answer the same questions about the same made-up list in the same run; processor time is counted, so that a busy machine
does not blur the ratio. The list maker stands above the product and is found by name.
"""

import json
import resource
import time
from importlib import import_module
from typing import Annotated

import typer
from rapidfuzz import fuzz, process

from patrol.licences import Context, Entry, Index

_MEGABYTE = 1024
_SCANNED = 20


def _rss() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MEGABYTE


def bench_command(
    rows: Annotated[int, typer.Option("--rows", help="名单行数")] = 100_000,
    queries: Annotated[int, typer.Option("--queries", help="查询条数")] = 3_000,
    scanned: Annotated[int, typer.Option("--scanned", help="逐行扫描的对照只做这么多条")] = _SCANNED,
    seed: Annotated[int, typer.Option("--seed", help="随机种子")] = 7,
) -> None:
    """名单比对的速度：建索引、每秒查询、与逐行扫描之比、内存。"""
    making = import_module("fixtures.matching.making")
    sighting = import_module("fixtures.matching.sightings")
    made = making.make_rows(rows, seed)
    asked = [(one.query, Context(**one.context)) for one in sighting.make_sightings(made, queries, seed + 1)]
    entries = [
        Entry(row=one.row, name=one.name, uscc=one.uscc, permit=one.permit, kind=one.kind, address=one.address) for one in made
    ]
    before = _rss()
    started = time.process_time()
    index = Index(entries)
    built = time.process_time() - started
    index.match("yuansheng Education")
    started = time.process_time()
    for query, context in asked:
        index.match(query, context)
    matching = (time.process_time() - started) / len(asked)
    names = [entry.name for entry in entries]
    started = time.process_time()
    for query, _ in asked[:scanned]:
        process.extractOne(query, names, scorer=fuzz.WRatio)
    scanning = (time.process_time() - started) / scanned
    typer.echo(
        json.dumps(
            {
                "rows": rows,
                "queries": len(asked),
                "index_seconds": round(built, 2),
                "queries_per_second": round(1 / matching),
                "scan_per_second": round(1 / scanning, 2),
                "ratio": round(scanning / matching),
                "memory_mb_before_index": round(before),
                "memory_mb": round(_rss()),
            }
        )
    )


if __name__ == "__main__":
    typer.run(bench_command)
