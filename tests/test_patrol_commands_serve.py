"""`patrol serve` as a person starts it: console and clock in one, a second clock told off, both ended together."""

import json
import queue
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from filelock import FileLock

from patrol.commands.serve import place_of
from patrol.errors import BadInput
from patrol.operation.clock_child import ClockChild
from patrol.settings import has_desktop, load
from tests.patrol_console_cases import free_ports

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")
_SECONDS = 90


def test_serve_runs_console_and_clock_and_ends_both(workspace: Path) -> None:
    port = free_ports()
    command = [sys.executable, "-m", "patrol", "-w", str(workspace), "serve", "--no-open", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")
    assert process.stderr is not None
    try:
        assert "调度服务已启动" in process.stderr.readline()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
            assert answer.read() == b"ok"
        held = json.loads((workspace / "clock.json").read_text(encoding="utf-8"))
        assert held["pid"] != process.pid
    finally:
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=_SECONDS)
    assert "首次使用" in said
    assert "调度服务已停止" in errors
    assert not (workspace / "clock.json").exists()


def test_another_clock_is_told_of_and_taken_over_from_when_it_ends(workspace: Path) -> None:
    workspace.mkdir()
    lines: queue.Queue[str] = queue.Queue()
    other = FileLock(workspace / "clock.lock")
    other.acquire()
    child = ClockChild(workspace, lines.put, again=0.1)
    child.start()
    try:
        assert "已有调度服务在运行" in lines.get(timeout=_SECONDS)
        other.release()
        assert "调度服务已启动" in lines.get(timeout=_SECONDS)
    finally:
        child.stop()
    assert "调度服务已停止" in lines.get(timeout=_SECONDS)


def test_a_browser_is_opened_only_where_there_is_a_screen() -> None:
    assert has_desktop({"DISPLAY": ":0"})
    assert has_desktop({}) == (sys.platform == "darwin")


def test_the_network_needs_encryption() -> None:
    with pytest.raises(BadInput, match="TLS"):
        place_of(load({}), host="0.0.0.0")


@pytest.mark.parametrize("port", [-1, 65535, 99999])
def test_a_port_that_there_is_not_is_refused(port: int) -> None:
    with pytest.raises(BadInput, match="端口应在 1 至 65534 之间"):
        place_of(load({}), port=port)


def test_a_taken_port_is_one_line_and_nothing_is_begun(workspace: Path) -> None:
    port = free_ports()
    with socket.create_server(("127.0.0.1", port + 1)):
        command = [sys.executable, "-m", "patrol", "-w", str(workspace), "serve", "--no-open", "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=_SECONDS, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert f"端口 {port + 1} 不能用（已被占用）" in done.stderr
    assert not workspace.exists()
