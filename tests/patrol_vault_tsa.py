"""A time-stamp authority on loopback: openssl behind a small HTTP server, with keys made for the test."""

import http.server
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_CONFIG = """
[req]
distinguished_name = dn
prompt = no
[dn]
CN = {name}
O = Test TSA
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_chain = no
{more}
"""


@dataclass(frozen=True, slots=True)
class Authority:
    """A root and a signing key; `reply` answers one request as openssl does."""

    folder: Path
    root: Path

    def reply(self, request: bytes) -> bytes:
        query, answer = self.folder / "query.tsq", self.folder / "answer.tsr"
        query.write_bytes(request)
        openssl("ts", "-reply", "-config", "tsa.cnf", "-section", "here", "-queryfile", query, "-out", answer, folder=self.folder)
        return answer.read_bytes()


def openssl(*arguments: str | Path, folder: Path) -> str:
    done = subprocess.run(["openssl", *map(str, arguments)], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def make_authority(folder: Path, name: str = "Test Root", *, chatty: bool = False) -> Authority:
    """Make a root and a TSA certificate; a `chatty` one sends its root along, which strict readers refuse."""
    folder.mkdir()
    more = f"certs = {folder}/ca.pem" if chatty else ""
    (folder / "tsa.cnf").write_text(_CONFIG.format(name=name, folder=folder, more=more))
    (folder / "serial").write_text("01\n")
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "tsa.cnf")
    openssl("req", "-x509", *new_key, "-extensions", "ca", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", folder=folder)
    openssl("req", *new_key, "-subj", "/CN=Test TSA", "-keyout", "tsa.key", "-out", "tsa.csr", folder=folder)
    issue = ("-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "2", "-days", "30", "-extfile", "tsa.cnf", "-extensions", "leaf")
    openssl("x509", "-req", "-in", "tsa.csr", *issue, "-out", "tsa.pem", folder=folder)
    return Authority(folder, folder / "ca.pem")


@contextmanager
def serving(authority: Authority) -> Iterator[str]:
    """Serve an authority on loopback; give its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = authority.reply(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            return

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
