"""Who may do what: roles, passwords (argon2), one-time codes (RFC 6238). Nothing is kept here."""

import base64
import hashlib
import hmac
import secrets
import struct
from datetime import datetime
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from patrol.errors import BadInput

SHORTEST_PASSWORD = 10
_LONGEST_PASSWORD = 200
_STEP_SECONDS = 30
_HASHER = PasswordHasher()
# a wrong login name must take as long as a wrong password
_NOBODY = _HASHER.hash(secrets.token_hex(16))


class Role(StrEnum):
    """What a person is here for; each door of the console names the roles that may pass it."""

    INSPECTOR = "inspector"
    REVIEWER = "reviewer"
    ADMIN = "admin"
    VIEWER = "viewer"

    @property
    def chinese(self) -> str:
        """The word on screen."""
        return {"inspector": "巡查员", "reviewer": "复核员", "admin": "管理员", "viewer": "只读"}[self.value]

    @property
    def about(self) -> str:
        """What the role may do, in one line."""
        return {
            "inspector": "巡查、初审线索、登记人工线索",
            "reviewer": "初审、复核、报表、移送",
            "admin": "全部，含人员、专项行动和规则",
            "viewer": "只看，不能决定和导出",
        }[self.value]


EVERYONE = frozenset(Role)
OFFICERS = frozenset({Role.INSPECTOR, Role.REVIEWER, Role.ADMIN})
REVIEWERS = frozenset({Role.REVIEWER, Role.ADMIN})
ADMINS = frozenset({Role.ADMIN})
_RANK = {Role.VIEWER: 0, Role.INSPECTOR: 1, Role.REVIEWER: 2, Role.ADMIN: 3}


def lower_role(one: Role, other: Role) -> Role:
    """Return the lesser of two roles."""
    return min(one, other, key=_RANK.__getitem__)


def hash_password(password: str, login: str = "") -> str:
    """Return the argon2id hash of a password; BadInput when it is too short, too long, or the login name itself."""
    if len(password) < SHORTEST_PASSWORD:
        raise BadInput(f"密码至少{SHORTEST_PASSWORD}个字符", field="密码")
    if len(password) > _LONGEST_PASSWORD:
        raise BadInput(f"密码最多{_LONGEST_PASSWORD}个字符", field="密码")
    if len(set(password)) < 5 or (login and login.lower() in password.lower()):
        raise BadInput("密码太容易猜到：不要重复同一个字符，也不要包含登录名", field="密码")
    return _HASHER.hash(password)


def password_fits(hashed: str, password: str) -> bool:
    """Whether a password belongs to a hash; takes its time with an empty hash too."""
    try:
        return _HASHER.verify(hashed or _NOBODY, password[:_LONGEST_PASSWORD]) and bool(hashed)
    except (VerificationError, InvalidHashError):
        return False


def digest_of(secret: str) -> str:
    """Return what is kept of a session cookie or an API key: they are random, so a plain digest does."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_totp() -> str:
    """Return a fresh secret for one-time codes, as authenticator apps take it."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def totp_fits(secret: str, code: str, now: datetime) -> bool:
    """Whether a one-time code holds now, or one step (30 s) before or after."""
    code = code.strip().replace(" ", "")
    step = int(now.timestamp()) // _STEP_SECONDS
    return any(hmac.compare_digest(_totp(secret, at), code) for at in (step, step - 1, step + 1))


def _totp(secret: str, step: int) -> str:
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"
