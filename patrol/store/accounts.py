"""Who may use the console: users, their sessions and tokens. Secrets come in as digests; this module hashes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from patrol.errors import BadInput
from patrol.store.connection import immediate
from patrol.store.store import Store

MOST_FAILURES = 5
LOCK_MINUTES = 15
IDLE_MINUTES = 120
LONGEST_HOURS = 12
_SEEN_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One person of the console. `role` is inspector, reviewer, admin or viewer; `district` limits what they see (empty: all)."""

    id: int
    login: str
    name: str
    role: str
    district: str = ""
    password: str = ""
    totp: str = ""
    active: bool = True
    must_change: bool = False
    failures: int = 0
    locked_until: datetime | None = None
    last_login: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One signed-in browser; `csrf` must come back with every form."""

    token: str
    user: User
    csrf: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One key of the JSON API; it can do what its role may, never more than its user."""

    id: int
    name: str
    role: str
    login: str
    created_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None


class AccountBook:
    """The people of a workspace, read and written through its store."""

    def __init__(self, store: Store) -> None:
        self._db = store.database

    def count(self) -> int:
        """Return how many users there are; none means that the console has not been set up."""
        return int(str(self._one("SELECT count(*) AS n FROM users", [])["n"]))

    def users(self) -> list[User]:
        """Return all users by login."""
        return [_user(row) for row in self._rows("SELECT * FROM users ORDER BY active DESC, login", [])]

    def user(self, login: str) -> User | None:
        """Return a user by login (case does not matter)."""
        return next((_user(row) for row in self._rows("SELECT * FROM users WHERE login = ?", [login])), None)

    def add(self, user: User, now: datetime, *, first: bool = False) -> None:
        """Keep a new user; BadInput when the login is taken, or when `first` is asked for and somebody is there already."""
        with immediate(self._db):
            if first and self.count():
                raise BadInput("管理员已经建立；请直接登录")
            if self.user(user.login):
                raise BadInput(f"登录名“{user.login}”已有人使用；请换一个", field="登录名")
            if any(known.name == user.name for known in self.users()):
                raise BadInput(f"已有同名人员“{user.name}”；请加上科室或编号以便区分", field="姓名")
            self._db.execute(
                """INSERT INTO users (login, name, role, district, password, must_change, created_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?)""",
                [user.login, user.name, user.role, user.district, user.password, user.must_change, _text(now)],
            )

    def change(self, login: str, **values: str | int | None) -> None:
        """Change fields of a user; losing the last active administrator is refused (BadInput)."""
        allowed = {"name", "role", "district", "password", "totp", "active", "must_change", "failures", "locked_until"}
        names = [name for name in values if name in allowed]
        with immediate(self._db):
            assignments = ", ".join(f"{name} = ?" for name in names)
            self._db.execute(
                f"UPDATE users SET {assignments} WHERE login = ?",  # noqa: S608
                [*(values[name] for name in names), login],
            )
            row = self._one("SELECT count(*) AS n FROM users WHERE role = 'admin' AND active = 1", [])
            if not int(str(row["n"])):
                raise BadInput("至少要保留一名在用的管理员")
            if {"password", "active", "role"} & set(names):
                self._db.execute("DELETE FROM console_sessions WHERE user = (SELECT id FROM users WHERE login = ?)", [login])

    def note_failure(self, login: str, now: datetime) -> None:
        """Count a wrong password; the fifth in a row locks the account for a quarter of an hour."""
        until = _text(now + timedelta(minutes=LOCK_MINUTES))
        with immediate(self._db):
            self._db.execute(
                """UPDATE users SET failures = failures + 1,
                   locked_until = CASE WHEN failures + 1 >= ? THEN ? ELSE locked_until END WHERE login = ?""",
                [MOST_FAILURES, until, login],
            )

    def open_session(self, login: str, *, token: str, csrf: str, address: str, agent: str, now: datetime) -> None:
        """Begin a session and forget earlier failures; sessions that ran out are swept away."""
        with immediate(self._db):
            self._db.execute(
                "UPDATE users SET failures = 0, locked_until = NULL, last_login = ? WHERE login = ?", [_text(now), login]
            )
            self._db.execute(
                """INSERT INTO console_sessions (token, user, csrf, created_at, seen_at, address, agent)
                   SELECT ?, id, ?, ?, ?, ?, ? FROM users WHERE login = ?""",
                [token, csrf, _text(now), _text(now), address, agent[:200], login],
            )
            self._db.execute(
                "DELETE FROM console_sessions WHERE seen_at < ? OR created_at < ?",
                [_text(now - timedelta(minutes=IDLE_MINUTES)), _text(now - timedelta(hours=LONGEST_HOURS))],
            )

    def session(self, token: str, now: datetime) -> Session | None:
        """Return a live session by the digest of its cookie; None when unknown, idle or open too long."""
        row = self._first(
            """SELECT s.token AS session, s.csrf, s.created_at AS begun, s.seen_at, u.* FROM console_sessions s
               JOIN users u ON u.id = s.user WHERE s.token = ? AND u.active = 1""",
            [token],
        )
        if row is None:
            return None
        begun, seen = datetime.fromisoformat(str(row["begun"])), datetime.fromisoformat(str(row["seen_at"]))
        if now - seen > timedelta(minutes=IDLE_MINUTES) or now - begun > timedelta(hours=LONGEST_HOURS):
            return None
        if now - seen > timedelta(seconds=_SEEN_SECONDS):
            with immediate(self._db):
                self._db.execute("UPDATE console_sessions SET seen_at = ? WHERE token = ?", [_text(now), token])
        return Session(token=str(row["session"]), user=_user(row), csrf=str(row["csrf"]), created_at=begun)

    def close_session(self, token: str) -> None:
        """End a session."""
        with immediate(self._db):
            self._db.execute("DELETE FROM console_sessions WHERE token = ?", [token])

    def close_sessions(self, login: str, *, but: str = "") -> None:
        """End all sessions of a user, or all but one."""
        with immediate(self._db):
            self._db.execute(
                "DELETE FROM console_sessions WHERE user = (SELECT id FROM users WHERE login = ?) AND token <> ?", [login, but]
            )

    def add_token(self, login: str, *, token: str, name: str, role: str, now: datetime) -> None:
        """Keep the digest of a new API key."""
        with immediate(self._db):
            self._db.execute(
                "INSERT INTO api_tokens (token, user, name, role, created_at) SELECT ?, id, ?, ?, ? FROM users WHERE login = ?",
                [token, name, role, _text(now), login],
            )

    def token_user(self, token: str, now: datetime) -> tuple[User, str] | None:
        """Return whose key this is, and its role; None when it is unknown or revoked."""
        row = self._first(
            """SELECT t.id AS token_id, t.role AS token_role, t.used_at, u.* FROM api_tokens t JOIN users u ON u.id = t.user
               WHERE t.token = ? AND t.revoked_at IS NULL AND u.active = 1""",
            [token],
        )
        if row is None:
            return None
        used = row["used_at"]
        if not used or now - datetime.fromisoformat(str(used)) > timedelta(seconds=_SEEN_SECONDS):
            with immediate(self._db):
                self._db.execute("UPDATE api_tokens SET used_at = ? WHERE id = ?", [_text(now), int(str(row["token_id"]))])
        return _user(row), str(row["token_role"])

    def tokens(self) -> list[Token]:
        """Return all API keys, newest first (without the keys themselves: only their digests are kept)."""
        rows = self._rows("SELECT t.*, u.login FROM api_tokens t JOIN users u ON u.id = t.user ORDER BY t.id DESC", [])
        return [
            Token(
                id=int(str(row["id"])),
                name=str(row["name"]),
                role=str(row["role"]),
                login=str(row["login"]),
                created_at=datetime.fromisoformat(str(row["created_at"])),
                used_at=_moment(row["used_at"]),
                revoked_at=_moment(row["revoked_at"]),
            )
            for row in rows
        ]

    def revoke_token(self, number: int, now: datetime) -> None:
        """Withdraw an API key."""
        with immediate(self._db):
            self._db.execute("UPDATE api_tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", [_text(now), number])

    def _rows(self, sql: str, values: list[object]) -> list[dict[str, object]]:
        return list(self._db.query(sql, values))

    def _first(self, sql: str, values: list[object]) -> dict[str, object] | None:
        return next(iter(self._rows(sql, values)), None)

    def _one(self, sql: str, values: list[object]) -> dict[str, object]:
        return self._rows(sql, values)[0]


def _user(row: Mapping[str, object]) -> User:
    return User(
        id=int(str(row["id"])),
        login=str(row["login"]),
        name=str(row["name"]),
        role=str(row["role"]),
        district=str(row["district"]),
        password=str(row["password"]),
        totp=str(row["totp"]),
        active=bool(row["active"]),
        must_change=bool(row["must_change"]),
        failures=int(str(row["failures"])),
        locked_until=_moment(row["locked_until"]),
        last_login=_moment(row["last_login"]),
    )


def _moment(value: object) -> datetime | None:
    return datetime.fromisoformat(str(value)) if value else None


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
