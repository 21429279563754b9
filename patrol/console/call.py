"""One request as a page sees it: who asks, with what, at which desk; and how a page answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from patrol.campaigns import china_today
from patrol.console.desk import Books, Desk
from patrol.console.people import Role
from patrol.console.rendering import render
from patrol.errors import BadInput, Refused
from patrol.model import Campaign
from patrol.store.accounts import User

CAMPAIGN_COOKIE = "patrol_campaign"


@dataclass(kw_only=True)
class Call:
    """A request that the gate let through. `user` is None only at doors that are open to everybody."""

    request: Request
    desk: Desk
    user: User | None
    role: Role | None
    csrf: str = ""
    session: str = ""
    form: FormData | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def books(self) -> Books:
        """This thread's books."""
        return self.desk.books

    @property
    def who(self) -> User:
        """The signed-in user (the gate saw to it)."""
        if self.user is None:
            raise BadInput("请先登录")
        return self.user

    @property
    def address(self) -> str:
        """Where the request comes from."""
        return self.request.client.host if self.request.client else ""

    @property
    def fragment(self) -> bool:
        """Whether htmx asks for a piece of a page."""
        return self.request.headers.get("hx-request") == "true"

    @property
    def senior(self) -> bool:
        """Whether the user may do second reviews."""
        return self.role in {Role.REVIEWER, Role.ADMIN}

    # what was sent

    def query(self, name: str, default: str = "") -> str:
        """Return a value of the address."""
        return self.request.query_params.get(name, default).strip()

    def path(self, name: str) -> str:
        """Return a part of the path."""
        return str(self.request.path_params[name])

    def number(self, name: str) -> int:
        """Return a part of the path that is a number; anything else does not exist."""
        value = self.path(name)
        if not value.isascii() or not value.isdigit():
            raise Refused(404, "没有这一项")
        return int(value[:18])

    def text(self, name: str, *, most: int = 2000) -> str:
        """Return a form field, trimmed; BadInput when it is longer than `most`."""
        value = self.form.get(name, "") if self.form else ""
        text = value.strip() if isinstance(value, str) else ""
        if len(text) > most:
            raise BadInput(f"太长：最多{most}个字符，实际{len(text)}个", field=name)
        return text

    def texts(self, name: str) -> list[str]:
        """Return all values of a form field."""
        return [value for value in (self.form.getlist(name) if self.form else []) if isinstance(value, str)]

    def need(self, name: str, label: str, *, most: int = 2000) -> str:
        """Return a form field that must be there."""
        value = self.text(name, most=most)
        if not value:
            raise BadInput("请填写", field=label)
        return value

    def day(self, name: str, label: str) -> date | None:
        """Return a date of the form; None when it is left empty."""
        value = self.text(name)
        try:
            return date.fromisoformat(value) if value else None
        except ValueError as error:
            raise BadInput(f"“{value[:20]}”不是有效的日期，应写作 2027-02-01", field=label) from error

    def files(self, name: str) -> list[UploadFile]:
        """Return uploaded files that have a name."""
        values = self.form.getlist(name) if self.form else []
        return [value for value in values if isinstance(value, UploadFile) and value.filename]

    # the campaign that is looked at

    @cached_property
    def campaign_id(self) -> str:
        """Return the campaign that the user looks at: the chosen one, else the one the console opens with."""
        known = [identity for identity, _ in self.desk.campaigns()]
        chosen = self.query("campaign") or self.request.cookies.get(CAMPAIGN_COOKIE, "")
        return chosen if chosen in known else next(iter(known), "")

    @cached_property
    def campaign(self) -> Campaign | None:
        """Return that campaign as its file says it, when the console knows the file."""
        return self.desk.campaign(self.campaign_id) if self.campaign_id else None

    def look_at(self, identity: str) -> None:
        """Show this answer under another campaign than the chosen one (a lead's own); an empty name changes nothing."""
        if identity:
            self.campaign_id = identity
            self.__dict__.pop("campaign", None)

    def need_campaign(self) -> Campaign:
        """Return the campaign, or refuse with what to do."""
        if self.campaign is None:
            raise BadInput("本页需要专项行动文件；请管理员在“专项行动”页登记，或用 patrol serve --campaign 文件 启动")
        return self.campaign

    # answers

    def audit(self, action: str, object_: str = "", detail: str = "") -> None:
        """Write what the user does into the audit log."""
        user = self.user
        self.books.audit.write(
            action,
            login=user.login if user else "",
            name=user.name if user else "",
            object_=object_,
            detail=detail,
            address=self.address,
            now=self.now,
        )

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """Answer with a template."""
        return HTMLResponse(render(template, {**self._frame(), **values}), status_code=status)

    def html(self, template: str, **values: Any) -> str:
        """Return a piece of a page."""
        return render(template, {**self._frame(), **values})

    def go(self, path: str, *, said: str = "") -> Response:
        """Send the browser on; `said` is shown there once."""
        target = f"{path}{'&' if '?' in path else '?'}{urlencode({'said': said})}" if said else path
        if self.fragment:
            return Response(status_code=204, headers={"HX-Redirect": target})
        return RedirectResponse(target, status_code=303)

    def _frame(self) -> Mapping[str, object]:
        request = self.request
        return {
            "call": self,
            "user": self.user,
            "role": self.role,
            "csrf": self.csrf,
            "path": request.url.path,
            "said": self.query("said")[:300],
            "today": china_today(self.now),
            "theme": request.cookies.get("patrol_theme", ""),
            "desk": self.desk,
        }
