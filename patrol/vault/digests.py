"""SHA-256 and SM3 of the same bytes in one pass; SM3 from OpenSSL, else from the cryptography library."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives import hashes

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Digests:
    """Both digests (lower-case hex) and the size in bytes of one file."""

    sha256: str
    sm3: str
    size: int


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


class _LibrarySm3:
    """SM3 by `cryptography`, for a Python whose OpenSSL was built without it."""

    def __init__(self) -> None:
        self._hash = hashes.Hash(hashes.SM3())

    def update(self, data: bytes) -> None:
        self._hash.update(data)

    def hexdigest(self) -> str:
        return self._hash.copy().finalize().hex()


def _new_sm3() -> _Hash:
    if "sm3" in hashlib.algorithms_available:
        return hashlib.new("sm3")
    return _LibrarySm3()


def of_chunks(chunks: Iterable[bytes]) -> Digests:
    """Return the digests of the joined chunks."""
    sha256, sm3, size = hashlib.sha256(), _new_sm3(), 0
    for chunk in chunks:
        sha256.update(chunk)
        sm3.update(chunk)
        size += len(chunk)
    return Digests(sha256.hexdigest(), sm3.hexdigest(), size)


def of_bytes(data: bytes) -> Digests:
    """Return the digests of bytes at hand."""
    return of_chunks((data,))


def read_chunks(path: Path) -> Iterable[bytes]:
    """Yield a file in pieces of one mebibyte."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def of_file(path: Path) -> Digests:
    """Return the digests of a file without holding it in memory."""
    return of_chunks(read_chunks(path))
