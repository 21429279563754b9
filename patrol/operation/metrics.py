"""The workspace's numbers for Prometheus: as text for an end point, or as a file for the node exporter's text collector."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from patrol.operation.standing import status_of
from patrol.settings import Settings

Values = Iterable[tuple[tuple[str, ...], float]]
_STATES = {"ok": 0, "warn": 1, "bad": 2}
_CHECKS = {
    "调度服务": "clock",
    "来源": "sources",
    "线索": "leads",
    "取证": "captures",
    "任务": "jobs",
    "磁盘": "disk",
    "备份": "backup",
    "提醒": "notices",
    "日历": "calendar",
}


def metrics_text(given: Settings, now: datetime | None = None) -> str:
    """Return all metrics in the Prometheus text format; labels hold ids of ours, never people, pages or addresses."""
    now = now or datetime.now(UTC)
    status, registry = status_of(given, now), CollectorRegistry()
    numbers = status.numbers
    checks = (((_CHECKS[check.name],), float(_STATES[check.state])) for check in status.checks)
    _gauge(registry, "patrol_check", "0 well, 1 look at it, 2 act now", ("check",), checks)
    _gauge(registry, "patrol_leads", "leads by standing judgement", ("judgement",), _labelled(numbers.leads))
    _gauge(registry, "patrol_captures", "browser captures by state", ("state",), _labelled(numbers.captures))
    _gauge(registry, "patrol_open_issues", "open issues", ("source",), _labelled(numbers.open_issues))
    _gauge(registry, "patrol_occurrences", "planned work by outcome", ("state",), _labelled(numbers.occurrences))
    pages = (((source, state), float(n)) for source, states in numbers.pages.items() for state, n in states.items())
    _gauge(registry, "patrol_last_run_pages", "pages of each source's latest run", ("source", "state"), pages)
    ended = (((source,), at.timestamp()) for source, at in numbers.last_runs.items())
    _gauge(registry, "patrol_last_run_end_seconds", "when each source's latest run ended", ("source",), ended)
    return generate_latest(registry).decode()


def _labelled(counts: Mapping[str, int]) -> Values:
    return (((name,), float(count)) for name, count in counts.items())


def _gauge(registry: CollectorRegistry, name: str, about: str, labels: tuple[str, ...], values: Values) -> None:
    gauge = Gauge(name, about, labels, registry=registry)
    for label, value in values:
        gauge.labels(*label).set(value)


def write_metrics(given: Settings, to: Path) -> None:
    """Write the metrics to a file whole: a reader never sees half of one."""
    part = to.with_name(f".{to.name}.part")
    part.write_text(metrics_text(given), encoding="utf-8")
    part.replace(to)
