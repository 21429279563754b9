"""Run inside a network namespace without a way out: a hostile town on a public-looking address, canaries on internal ones.

Prints one JSON object: how each page ended, and every internal address that was connected to. `python -m tests.walled_town DIR`.
"""

import json
import socket
import struct
import sys
import threading
import urllib.request
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from patrol.crawl import run_spider
from tests.crawling import states_of, town_job

PUBLIC = "8.8.4.4"
INTERNAL = ("10.0.0.1", "192.168.7.7", "172.16.0.9", "169.254.169.254", "100.100.100.200")
NAMES = {
    "town.example": [PUBLIC],
    "inside.example": ["10.0.0.1"],
    "meta.example": ["169.254.169.254"],
    "turn.example": [PUBLIC, "10.0.0.1"],
}
TARGETS = (
    "http://127.0.0.1/",
    "http://[::1]/",
    "http://0.0.0.0/",
    "http://10.0.0.1/",
    "http://192.168.7.7/",
    "http://172.16.0.9/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.100.100.200/",
    "http://2852039166/",
    "http://0x0a000001/",
    "http://0251.0376.0251.0376/",
    "http://[::ffff:10.0.0.1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://2130706433/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://localhost/",
    "http://inside.example/",
    "http://meta.example/",
)
TURNS = "http://turn.example/inner"


class Door(BaseHTTPRequestHandler):
    """Play the town on the public address; count whoever comes in by any other."""

    protocol_version = "HTTP/1.1"
    server: "Gate"

    def do_GET(self) -> None:
        arrived = self.connection.getsockname()[0].removeprefix("::ffff:")
        with self.server.lock:
            self.server.arrivals[arrived] += 1
        number = self.path.rpartition("/")[2]
        if self.path.startswith("/go/"):
            self.send_response(302)
            self.send_header("Location", TARGETS[int(number)])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = self.body().encode()
        self.send_response(404 if self.path == "/robots.txt" else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def body(self) -> str:
        if not self.path.startswith("/try"):
            return "<h1>页</h1><p>正文</p>"
        urls = json.dumps([*TARGETS, TURNS])
        return f"""<h1>试</h1><script>for (const u of {urls}) {{ fetch(u, {{mode: 'no-cors'}}).catch(e => 0);
          new Image().src = u; const f = document.createElement('iframe'); f.src = u; document.body.append(f);
          try {{ new WebSocket(u.replace('http', 'ws')); }} catch (e) {{}} navigator.sendBeacon(u);
          const l = document.createElement('link'); l.rel = 'preconnect'; l.href = u; document.head.append(l); }}
          try {{ const p = new RTCPeerConnection({{iceServers: [{{urls: 'stun:10.0.0.1:80'}}]}}); p.createDataChannel('x');
          p.createOffer().then(o => p.setLocalDescription(o)); }} catch (e) {{}}</script>"""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Gate(ThreadingHTTPServer):
    """Listen on every address of the namespace, IPv4 and IPv6."""

    address_family = socket.AF_INET6
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("::", 80), Door)
        self.arrivals: Counter[str] = Counter()
        self.lock = threading.Lock()


def answer_names() -> None:
    """Be the namespace's name server: each name's answers in turn, the last one for ever, none to be kept."""
    left = {name: list(addresses) for name, addresses in NAMES.items()}
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    while True:
        question, asker = server.recvfrom(512)
        labels, place = [], 12
        while question[place]:
            labels.append(question[place + 1 : place + 1 + question[place]].decode())
            place += 1 + question[place]
        kind = struct.unpack("!H", question[place + 1 : place + 3])[0]
        turns = left.get(".".join(labels).lower(), []) if kind == 1 else []
        address = (turns.pop(0) if len(turns) > 1 else turns[0]) if turns else ""
        record = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04" + socket.inet_aton(address) if address else b""
        head = question[:2] + b"\x81\x80\x00\x01" + (b"\x00\x01" if address else b"\x00\x00") + b"\x00\x00\x00\x00"
        server.sendto(head + question[12 : place + 5] + record, asker)


def main(folder: Path) -> None:
    gate = Gate()
    threading.Thread(target=gate.serve_forever, daemon=True).start()
    threading.Thread(target=answer_names, daemon=True).start()
    for address in INTERNAL:
        urllib.request.urlopen(f"http://{address}/", timeout=5).read()
    seen_without_guard = dict(gate.arrivals)
    gate.arrivals.clear()
    base = "http://town.example"
    start = [*(f"{base}/go/{number}" for number in range(len(TARGETS))), *TARGETS, f"{base}/plain"]
    shared = "budget: {pages: 200, depth: 0}\npace: {delay: [0, 0], concurrency: 4}\n"
    knobs = {"allow_loopback": False, "pace_factor": 1.0, "page_seconds": 10}
    walk = run_spider(town_job(folder / "walk", base, start=start, platform=shared, **knobs))
    walked = dict(gate.arrivals)
    gate.arrivals.clear()
    browser = "render: browser\nbrowser: {timeout: 8}\n"
    pages = [*(f"{base}/go/{number}" for number in range(len(TARGETS))), f"{base}/try", TURNS]
    browse = run_spider(town_job(folder / "browse", base, start=pages, platform=shared + browser, **knobs))
    told = {
        "control": seen_without_guard,
        "walk": {"outcome": walk.outcome, "arrivals": walked, "states": states_of(folder / "walk", base)},
        "browse": {"outcome": browse.outcome, "arrivals": dict(gate.arrivals), "states": states_of(folder / "browse", base)},
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
