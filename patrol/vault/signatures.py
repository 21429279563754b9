"""The bureau's own signature (Ed25519) over digest lists: who rewrites a whole package lacks the key.

Checked by common tools too (`openssl pkeyutl -verify -rawin -pubin …`, see HOW-TO-VERIFY.txt). No maintained library here signs
with SM2 in a form that openssl of a plain machine checks, so SM2 is not offered.
"""

from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from patrol.errors import BadInput, in_words
from patrol.settings import Settings
from patrol.vault import files

SIGNATURE, PUBLIC_KEY = "SHA256SUMS.sig", "bureau-public-key.pem"


@dataclass(frozen=True, slots=True)
class Signer:
    """The bureau's private key, opened."""

    key: Ed25519PrivateKey

    def sign(self, data: bytes) -> bytes:
        """Return the signature of bytes (64 bytes)."""
        return self.key.sign(data)

    @property
    def public_pem(self) -> bytes:
        """The public key, to be handed out."""
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def load_signer(path: Path) -> Signer:
    """Read an Ed25519 private key in PEM form. Raises BadInput."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        why = in_words(error) if isinstance(error, OSError) else "内容不是 PEM 格式的私钥，或设了口令"
        raise BadInput(f"读不到签名私钥：{why}", file=path, field="signing_key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadInput("签名私钥应为 Ed25519；可用 patrol evidence signing-key 生成", file=path, field="signing_key")
    return Signer(key)


def signer_of(settings: Settings) -> Signer | None:
    """Return the signer that the settings name, or None."""
    named = settings.text("signing_key")
    return load_signer(Path(named).expanduser()) if named else None


def new_signer(path: Path) -> Signer:
    """Make a private key that only its owner can read, and its public key beside it (`.pub.pem`). Never overwrites."""
    key = Ed25519PrivateKey.generate()
    files.make_folder(path.parent)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    if not files.write_once(path, private, mode=0o400):
        raise BadInput("文件已存在，不覆盖已有的私钥", file=path)
    signer = Signer(key)
    files.write_once(path.with_suffix(".pub.pem"), signer.public_pem)
    return signer


def signed_by(public_pem: bytes, data: bytes, signature: bytes) -> bool:
    """Tell whether a signature over bytes is that of a public key; a key or signature that cannot be read is none."""
    try:
        key = load_pem_public_key(public_pem)
        if not isinstance(key, Ed25519PublicKey):
            return False
        if key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) != public_pem:
            return False
        key.verify(signature, data)
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True
