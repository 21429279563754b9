"""接口: the JSON API in one table; the machine-readable description is at /api/v1/openapi.json."""

from collections.abc import Iterable

from starlette.responses import Response

from patrol.console.call import Call
from patrol.console.gate import Door


def api_page(call: Call) -> Response:
    """Show every call of the API with what it does and who may."""
    doors: Iterable[Door] = call.request.app.state.api_doors
    return call.page("api.html", rows=[_row(door) for door in doors])


def _row(door: Door) -> tuple[str, str, str, str]:
    about = (door.endpoint.__doc__ or "").strip().splitlines()[0]
    return door.method, door.path, about, "、".join(role.chinese for role in sorted(door.roles or ()))
