"""Encryption of sealed files at rest: AES-256-GCM, one key per file derived from the bureau's key, the same bytes each time.

Each file has a key of its own (from the main key and the file's SHA-256), so the fixed nonce is never used twice with one key,
equal files stay equal, and a damaged or foreign file does not open.
"""

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from patrol.errors import BadInput, EvidenceBroken
from patrol.settings import Settings
from patrol.vault import files
from patrol.vault.model import Founding

MAGIC = b"PATROL-SEALED-1\n"
_LINE = "patrol-key-1:"
_NONCE = bytes(12)
_SHORTEST_PASSPHRASE = 12


@dataclass(frozen=True, slots=True)
class SealingKey:
    """The bureau's key; its `fingerprint` may be shown, the key never."""

    secret: bytes

    @property
    def fingerprint(self) -> str:
        """The name by which a vault knows its key."""
        return hashlib.sha256(self._derive("fingerprint")).hexdigest()[:32]

    def seal(self, data: bytes, sha256: str) -> bytes:
        """Return the sealed form of bytes whose SHA-256 is given."""
        return MAGIC + AESGCM(self._derive(sha256)).encrypt(_NONCE, data, sha256.encode())

    def open(self, sealed: bytes, sha256: str) -> bytes:
        """Return the bytes of a sealed file. Raises EvidenceBroken when it was changed."""
        try:
            return AESGCM(self._derive(sha256)).decrypt(_NONCE, sealed.removeprefix(MAGIC), sha256.encode())
        except InvalidTag as error:
            raise EvidenceBroken(f"加密的证据文件被改动：objects/{sha256[:2]}/{sha256}.sealed；请用备份恢复") from error

    def _derive(self, info: str) -> bytes:
        return HKDF(SHA256(), 32, salt=b"patrol evidence", info=info.encode()).derive(self.secret)


def load_key(path: Path, salt: str) -> SealingKey:
    """Read a key file: a key made by `new_key`, or any text as a passphrase (stretched with the vault's own salt).

    Raises BadInput when the file is missing, empty, or a passphrase is too short.
    """
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput("读不到证据密钥文件；请检查路径和权限", file=path, field="evidence_key") from error
    if text.startswith(_LINE):
        try:
            secret = base64.b64decode(text.removeprefix(_LINE), validate=True)
        except binascii.Error as error:
            raise BadInput("密钥文件内容不完整", file=path, field="evidence_key") from error
        if len(secret) != 32:
            raise BadInput("密钥文件内容不完整", file=path, field="evidence_key")
        return SealingKey(secret)
    if len(text) < _SHORTEST_PASSPHRASE:
        raise BadInput(f"口令太短，至少 {_SHORTEST_PASSPHRASE} 个字符", file=path, field="evidence_key")
    return SealingKey(Scrypt(salt=salt.encode(), length=32, n=1 << 15, r=8, p=1).derive(text.encode()))


def key_of(settings: Settings) -> SealingKey | None:
    """Return the key that the settings name for the workspace's vault, or None."""
    named, founding = settings.text("evidence_key"), settings.workspace / "vault" / "vault.json"
    if not named or not founding.is_file():
        return None
    return load_key(Path(named).expanduser(), Founding.model_validate_json(founding.read_bytes()).id)


def new_key(path: Path) -> SealingKey:
    """Make a key file that only its owner can read. Raises BadInput when the file exists."""
    secret = secrets.token_bytes(32)
    files.make_folder(path.parent)
    if not files.write_once(path, (_LINE + base64.b64encode(secret).decode() + "\n").encode(), mode=0o400):
        raise BadInput("文件已存在，不覆盖已有的密钥", file=path)
    return SealingKey(secret)
