"""Notices reach people through real servers on loopback, hold back in quiet hours, and no channel tells twice."""

import json
import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from patrol.errors import BadInput
from patrol.operation.notices import Hours, channels, deliver
from patrol.settings import Settings, load
from patrol.store import Store
from patrol.store.clock import ClockBook

NOON = datetime(2027, 1, 20, 4, 0, tzinfo=UTC)


class Post(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Receiver)
        server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        body = json.dumps(server.answer).encode()
        self.send_response(server.status)
        if server.status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Receiver(ThreadingHTTPServer):
    """Takes JSON posts and keeps them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Post)
        self.got: list[dict[str, object]] = []
        self.answer: dict[str, object] = {"errcode": 0}
        self.status = 200

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook?key=secret-key"


class Letters(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, MailServer)
        self._say("220 mail.example")
        while line := self.rfile.readline().decode().strip():
            verb = line.split(":")[0].split()[0].upper()
            if verb == "DATA":
                self._say("354 go on")
                body = b"".join(iter(self.rfile.readline, b".\r\n"))
                server.letters.append(body.decode())
                self._say("250 taken")
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                server.commands.append(line)
                self._say("250 mail.example")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class MailServer(socketserver.ThreadingTCPServer):
    """A mail server of a few commands."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Letters)
        self.letters: list[str] = []
        self.commands: list[str] = []


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def book(tmp_path: Path) -> Iterator[ClockBook]:
    store = Store.open(tmp_path)
    yield ClockBook(store)
    store.close()


def wecom(receiver: Receiver, **more: str) -> Settings:
    return load({}, notice_wecom=receiver.address, **{"notice_quiet": "", **more})


def test_nothing_is_sent_until_a_channel_is_set(book: ClockBook) -> None:
    book.notice("2027-01-20", "c", "受阻", NOON)
    assert channels(load({})) == []
    assert list(deliver(book, load({}), NOON)) == []


def test_a_notice_goes_out_once_and_is_masked(book: ClockBook, receiver: Receiver) -> None:
    book.notice("2027-01-20", "c", "百姓网受阻，联系 19900001234", NOON)
    assert len(list(deliver(book, wecom(receiver), NOON))) == 1
    assert list(deliver(book, wecom(receiver), NOON + timedelta(hours=1))) == []
    (message,) = receiver.got
    assert message["msgtype"] == "text"
    assert message["text"] == {"content": "线上巡查提醒（1条）\n百姓网受阻，联系 〔手机号〕"}


def test_a_long_digest_fits_wecom_and_says_how_many_are_left(book: ClockBook, receiver: Receiver) -> None:
    for number in range(60):
        book.notice("2027-01-20", f"c{number}", f"第{number}个来源：20页中有10页受阻，这些页不能算作未发现", NOON)
    list(deliver(book, wecom(receiver), NOON))
    content = receiver.got[0]["text"]
    assert isinstance(content, dict)
    assert len(content["content"].encode()) <= 2048
    assert "请登录系统查看" in content["content"]


@pytest.mark.parametrize(("status", "answer"), [(500, {"errcode": 0}), (200, {"errcode": 93000}), (302, {"errcode": 0})])
def test_what_was_not_taken_is_tried_again_later(
    book: ClockBook, receiver: Receiver, status: int, answer: dict[str, object]
) -> None:
    receiver.status, receiver.answer = status, answer
    book.notice("2027-01-20", "c", "受阻", NOON)
    (line,) = deliver(book, wecom(receiver), NOON)
    assert "failed" in line
    assert "secret-key" not in line
    assert list(deliver(book, wecom(receiver), NOON + timedelta(minutes=1))) == []
    receiver.status, receiver.answer = 200, {"errcode": 0}
    assert "sent" in next(deliver(book, wecom(receiver), NOON + timedelta(minutes=11)))
    assert book.delivery_errors(NOON - timedelta(days=1)) == []


def test_one_channel_down_holds_up_no_other(book: ClockBook, receiver: Receiver) -> None:
    both = load({}, notice_wecom="http://127.0.0.1:9/none", notice_webhook=receiver.address, notice_quiet="")
    book.notice("2027-01-20", "c", "受阻", NOON)
    list(deliver(book, both, NOON))
    list(deliver(book, both, NOON + timedelta(minutes=20)))
    assert [message["lines"] for message in receiver.got] == [["受阻"]]
    assert [channel for channel, _ in book.delivery_errors(NOON)] == ["企业微信"]


def test_mail_goes_to_all_receivers(book: ClockBook) -> None:
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        given = load(
            {},
            notice_mail_to="a@bureau.example，b@bureau.example",
            smtp_host="127.0.0.1",
            smtp_port=server.server_address[1],
            smtp_security="none",
            smtp_from="patrol@bureau.example",
            notice_quiet="",
        )
        book.notice("2027-01-20", "c", "受阻", NOON)
        (line,) = deliver(book, given, NOON)
        server.shutdown()
    assert "sent" in line
    assert [one for one in server.commands if one.upper().startswith("RCPT")] == [
        "rcpt TO:<a@bureau.example>",
        "rcpt TO:<b@bureau.example>",
    ]
    assert len(server.letters) == 1


def test_quiet_hours_hold_notices_back_over_midnight(book: ClockBook, receiver: Receiver) -> None:
    given = wecom(receiver, notice_quiet="22:00-07:30")
    late = datetime(2027, 1, 20, 15, 0, tzinfo=UTC)
    book.notice("2027-01-20", "c", "受阻", late)
    assert list(deliver(book, given, late)) == []
    assert list(deliver(book, given, late + timedelta(hours=8))) == []
    assert len(list(deliver(book, given, late + timedelta(hours=8, minutes=30)))) == 1


def test_digest_goes_out_once_a_day_with_what_came_before_its_hour(book: ClockBook, receiver: Receiver) -> None:
    given = wecom(receiver, notice_digest="08:30")
    book.notice("2027-01-20", "c", "昨天的", NOON)
    assert list(deliver(book, given, NOON + timedelta(minutes=5))) == []
    morning = datetime(2027, 1, 21, 0, 30, tzinfo=UTC)
    book.notice("2027-01-21", "c", "汇总之后的", morning + timedelta(seconds=1))
    assert len(list(deliver(book, given, morning + timedelta(minutes=1)))) == 1
    assert "昨天的" in str(receiver.got)
    assert "汇总之后的" not in str(receiver.got)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"notice_quiet": "22:00"}, "notice_quiet"),
        ({"notice_digest": "八点"}, "notice_digest"),
        ({"notice_mail_to": "a@b.example"}, "smtp_host"),
        ({"notice_mail_to": "nobody", "smtp_host": "h"}, "收件地址"),
        ({"notice_mail_to": "a@b.example", "smtp_host": "h", "smtp_security": "tls9"}, "smtp_security"),
        ({"notice_wecom": "no-such-file"}, "notice_wecom"),
        ({"notice_webhook": "ftp://x"}, "notice_webhook"),
    ],
)
def test_settings_that_cannot_work_are_named(values: dict[str, str], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        (Hours.of(load({}, **values)), channels(load({}, **values)))


def test_an_address_that_is_a_secret_may_lie_in_a_file(tmp_path: Path, book: ClockBook, receiver: Receiver) -> None:
    (tmp_path / "robot").write_text(receiver.address + "\n", encoding="utf-8")
    book.notice("2027-01-20", "c", "受阻", NOON)
    given = load({}, notice_wecom=str(tmp_path / "robot"), notice_quiet="")
    assert "sent" in next(deliver(book, given, NOON))
