"""A form whose session had ended: its fields are sealed into the login page and offered again afterwards. Nothing is lost."""

import json
from dataclasses import dataclass

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import Request

_MOST = 200_000
_HOURS_8 = 8 * 3600


@dataclass(frozen=True, slots=True)
class Resumed:
    """What was sent: where to, and the fields."""

    path: str
    fields: tuple[tuple[str, str], ...]


async def resume_of(request: Request, secret: str) -> str:
    """Return a request's text fields as a sealed word; empty when there are none, or they are too many."""
    if int(request.headers.get("content-length", "0") or 0) > _MOST:
        return ""
    if not request.headers.get("content-type", "").startswith(("multipart/form-data", "application/x-www-form-urlencoded")):
        return ""
    form = await request.form()
    fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str) and name not in {"csrf", "password"}]
    if request.url.path in {"/login", "/setup"}:
        return ""
    text = json.dumps([request.url.path + (f"?{request.url.query}" if request.url.query else ""), fields], ensure_ascii=False)
    return str(_sealer(secret).dumps(text))


def read_resume(word: str, secret: str) -> Resumed | None:
    """Return what was sealed; None when it is not ours or older than eight hours."""
    if not word:
        return None
    try:
        path, fields = json.loads(_sealer(secret).loads(word, max_age=_HOURS_8))
    except BadSignature:
        return None
    return Resumed(str(path), tuple((str(name), str(value)) for name, value in fields))


def _sealer(secret: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret, salt="resume")
