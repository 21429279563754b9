"""Read and check RFC 3161 replies.

`rfc3161-client` is strict about encodings; where it refuses a reply, `openssl ts -verify` is asked for its opinion.
"""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from rfc3161_client import (
    TimeStampResponse,
    TimeStampTokenInfo,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from patrol.errors import BadInput, EvidenceBroken, in_words
from patrol.settings import Settings

GRANTED = 0
_UNREADABLE = (ValueError, KeyError, x509.InvalidVersion, UnsupportedAlgorithm)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a reply says: when (aware, UTC), under which policy, and who vouches (`trusted` only with a pinned root)."""

    at: datetime
    policy: str
    authority: str
    trusted: bool
    checked_by: str


def load_roots(path: Path) -> tuple[x509.Certificate, ...]:
    """Return the pinned root certificates in a PEM file. Raises BadInput."""
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as error:
        why = in_words(error) if isinstance(error, OSError) else "内容不是 PEM 格式的证书"
        raise BadInput(f"读不到时间戳根证书：{why}", file=path, field="tsa_roots") from error


def pinned_roots(settings: Settings) -> tuple[x509.Certificate, ...]:
    """Return the roots that the settings pin; empty when they name none."""
    named = settings.text("tsa_roots")
    return load_roots(Path(named).expanduser()) if named else ()


def check_reply(manifest: bytes, reply: bytes, roots: Sequence[x509.Certificate] = ()) -> Stamp:
    """Return what a reply says about a manifest. Raises EvidenceBroken when it is another's, forged, or not granted."""
    try:
        parsed = decode_timestamp_response(reply)
        status, info = parsed.status, parsed.tst_info if parsed.status == GRANTED else None
        message = info.message_imprint.message if info else b""
        stamp = _stamp(parsed, info, trusted=bool(roots)) if info else None
    except _UNREADABLE as error:
        return _second_opinion(manifest, reply, roots, str(error))
    if stamp is None:
        raise EvidenceBroken(f"时间戳机构没有签发（状态 {status}）")
    if message != hashlib.sha256(manifest).digest():
        raise EvidenceBroken("时间戳是为另一份内容签发的（摘要不符）")
    if roots:
        _check_chain(manifest, reply, parsed, roots)
    return stamp


def _stamp(parsed: TimeStampResponse, info: TimeStampTokenInfo, *, trusted: bool) -> Stamp:
    return Stamp(
        at=info.gen_time.replace(tzinfo=info.gen_time.tzinfo or UTC).astimezone(UTC),
        policy=info.policy.dotted_string,
        authority=_signer(parsed),
        trusted=trusted,
        checked_by="rfc3161-client",
    )


def _check_chain(manifest: bytes, reply: bytes, parsed: TimeStampResponse, roots: Sequence[x509.Certificate]) -> None:
    verifier = VerifierBuilder(roots=list(roots)).build()
    try:
        verifier.verify(parsed, hashlib.sha256(manifest).digest())
    except (VerificationError, *_UNREADABLE) as error:
        if not _openssl_agrees(manifest, reply, roots):
            raise EvidenceBroken(f"时间戳的签名或证书链不可信（{error}）") from error


def _signer(parsed: TimeStampResponse) -> str:
    infos = list(parsed.signed_data.signer_infos)
    for encoded in parsed.signed_data.certificates:
        certificate = x509.load_der_x509_certificate(encoded)
        if infos and certificate.serial_number == infos[0].serial_number and certificate.issuer == infos[0].issuer:
            return certificate.subject.rfc4514_string()
    return ""


def _second_opinion(manifest: bytes, reply: bytes, roots: Sequence[x509.Certificate], refusal: str) -> Stamp:
    """Ask openssl about a reply that the strict reader cannot decode; without pinned roots nothing can be said."""
    if not roots or not _openssl_agrees(manifest, reply, roots):
        raise EvidenceBroken(f"时间戳无法读取或不是为这份内容签发的（{refusal}）")
    text = _openssl(["ts", "-reply", "-in", "{reply}", "-text"], manifest, reply, roots)
    lines = dict(line.strip().split(": ", 1) for line in text.splitlines() if ": " in line)
    at = datetime.strptime(lines["Time stamp"], "%b %d %H:%M:%S %Y %Z").replace(tzinfo=UTC)
    return Stamp(at=at, policy=lines.get("Policy OID", ""), authority=lines.get("TSA", ""), trusted=True, checked_by="openssl")


def _openssl_agrees(manifest: bytes, reply: bytes, roots: Sequence[x509.Certificate]) -> bool:
    arguments = ["ts", "-verify", "-data", "{data}", "-in", "{reply}", "-CAfile", "{roots}"]
    return "Verification: OK" in _openssl(arguments, manifest, reply, roots)


def _openssl(arguments: Sequence[str], manifest: bytes, reply: bytes, roots: Sequence[x509.Certificate]) -> str:
    program = shutil.which("openssl")
    if program is None:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        places = {name: Path(folder) / name for name in ("data", "reply", "roots")}
        places["data"].write_bytes(manifest)
        places["reply"].write_bytes(reply)
        places["roots"].write_bytes(b"".join(root.public_bytes(Encoding.PEM) for root in roots))
        command = [program, *(argument.format(**places) for argument in arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    return done.stdout + done.stderr
