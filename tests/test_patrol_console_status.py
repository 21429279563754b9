"""运行状况: what a monitor may know, what an officer sees, and that notices really go out."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from patrol.campaigns import china_today
from patrol.console.people import Role, digest_of
from patrol.handling import Measure
from patrol.operation.deadlines import remind_of_deadlines
from patrol.operation.notices import deliver
from patrol.settings import Settings, load
from patrol.store.clock import ClockBook
from tests.patrol_console_cases import BASE, NOON, Office, open_office


@pytest.fixture
def office(settings: Settings, campaign_file: Path) -> Iterator[Office]:
    """A console with people and two leads."""
    yield from open_office(settings, campaign_file, leads=2)


class Taker(BaseHTTPRequestHandler):
    """Keeps what is posted."""

    got: list[dict[str, object]] = []  # noqa: RUF012  shared by design

    def do_POST(self) -> None:
        """Take a message."""
        self.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def taker() -> Iterator[str]:
    """A server that takes notices."""
    Taker.got.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/secret-word"
    server.shutdown()


def test_a_monitor_without_login_learns_only_whether_all_is_well(office: Office) -> None:
    answer = office.client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok")
    office.desk.settings = replace(
        office.desk.settings, values={**office.desk.settings.values, "notice_webhook": "/no/such/file"}
    )
    office.desk.forget("status")
    answer = office.client.get("/healthz")
    assert (answer.status_code, answer.text) == (503, "not ok")


def test_metrics_and_status_need_a_token(office: Office) -> None:
    assert office.client.get("/api/v1/metrics").status_code == 401
    office.desk.books.accounts.add_token("kan", token=digest_of("pt_x"), name="监控", role="viewer", now=NOON)
    headers = {"Authorization": "Bearer pt_x"}
    metrics = office.client.get("/api/v1/metrics", headers=headers)
    assert 'patrol_leads{judgement="unreviewed"} 2.0' in metrics.text
    assert metrics.headers["content-type"].startswith("text/plain")
    assert "checks" in office.client.get("/api/v1/status", headers=headers).json()


def test_what_is_on_is_shown_and_a_trial_goes_out_but_no_secret_is_shown(office: Office, taker: str) -> None:
    admin = office.sign_in(Role.ADMIN)
    page = admin.get("/status").text
    assert page.count("未开") == 3
    assert admin.post("/status/notice").status_code == 400
    office.desk.settings = replace(office.desk.settings, values={**office.desk.settings.values, "notice_webhook": taker})
    assert admin.post("/status/notice").headers["location"].startswith("/status?said=webhook")
    assert "试发" in str(Taker.got[0]["lines"])
    page = admin.get("/status").text
    assert "已开" in page
    assert "secret-word" not in page
    assert "全部设置" not in office.sign_in(Role.VIEWER).get("/status").text


def test_a_deadline_is_told_once_a_day_and_goes_out_when_a_channel_is_set(office: Office, taker: str) -> None:
    now, store, campaign = datetime.now(UTC), office.desk.books.store, office.campaign
    assert remind_of_deadlines(store, campaign, office.desk.workspace, now) == ""
    late = china_today() - timedelta(days=1)
    measure = Measure(lead=office.numbers[0], kind="rectify", at=late, due=late)
    office.desk.books.handling.record_measure(measure, officer="复核员乙", recorded_at=now)
    for _ in range(2):
        assert "其中1项已过期" in remind_of_deadlines(store, campaign, office.desk.workspace, now)
    assert list(deliver(ClockBook(store), load({}, notice_quiet=""), now)) == []
    settings = load({}, notice_quiet="", notice_webhook=taker)
    assert list(deliver(ClockBook(store), settings, now)) == ["webhook 1 sent"]
    assert list(deliver(ClockBook(store), settings, now)) == []
    assert office.numbers[0] in str(Taker.got[0]["lines"])
    assert BASE not in str(Taker.got)
