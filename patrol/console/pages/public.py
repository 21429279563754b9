"""What is open to everybody: static files, reports of what the browser's policy stopped."""

import mimetypes

from starlette.responses import FileResponse, Response

from patrol.console import limits
from patrol.console.call import Call
from patrol.console.rendering import STATIC
from patrol.errors import Refused

_FILES = frozenset(path.name for path in STATIC.iterdir() if path.is_file())


def static(call: Call) -> Response:
    """Send one of our own files; nothing else has a name here."""
    name = call.path("name")
    if name not in _FILES:
        raise Refused(404, "没有这个文件")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return FileResponse(STATIC / name, media_type=kind, headers={"Cache-Control": "public, max-age=31536000, immutable"})


def csp_report(call: Call) -> Response:
    """Keep what the browser's policy stopped: a sign of hostile content, or of a fault of ours."""
    if not call.desk.limits.take(f"csp:{call.address}", limits.REPORT):
        agent = call.request.headers.get("user-agent", "")
        call.audit("csp", call.request.headers.get("referer", "")[:200], f"浏览器拦下了不该运行的内容；{agent[:200]}")
    return Response(status_code=204)
