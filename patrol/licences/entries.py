"""The frozen records of a licence list: one row, what stands around a name, and what a file gave."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class ListKind(StrEnum):
    """Which list a row is on. Only `white` is a licence: the 课后服务 list of schools' partners is not (DOMAIN §7.1)."""

    WHITE = "white"
    GREY = "grey"
    BLACK = "black"
    WARNING = "warning"
    CANCELLED = "cancelled"
    AFTER_SCHOOL = "after_school"

    @property
    def chinese(self) -> str:
        """The word officers use."""
        return {
            "white": "白名单",
            "grey": "灰名单",
            "black": "黑名单",
            "warning": "预警名单",
            "cancelled": "注销名单",
            "after_school": "校内课后服务名单",
        }[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One institution as one list row gives it. `row` is its 序号 (unique within the list); dates are inclusive.

    `kind` is 培训类型 as written; `scope` what may be taught; `addresses` holds further teaching points of the licence.
    """

    row: int
    name: str
    uscc: str = ""
    permit: str = ""
    kind: str = ""
    address: str = ""
    authority: str = ""
    scope: str = ""
    status: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    aliases: tuple[str, ...] = ()
    former_names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    icp: str = ""
    person: str = ""
    list_kind: ListKind = ListKind.WHITE
    place: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What is known about where a name was seen, as written there; every part may be empty."""

    region: str = ""
    uscc: str = ""
    permit: str = ""
    icp: str = ""
    phone: str = ""
    address: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One row (or column) that could not be read, for the import report. `line` counts from 1; `sheet` names sheet or table."""

    file: str
    sheet: str
    line: int
    reason: str
    fatal: bool = True

    @property
    def chinese(self) -> str:
        """One line for the report."""
        where = " ".join(part for part in (self.file, self.sheet, f"第{self.line}行" if self.line else "") if part)
        return f"{where}：{self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFile:
    """A list as it was read: rows, what was guessed about its columns, and what could not be read.

    `mapping` says for each sheet which column header was taken for which field, `unused` which headers were taken for none;
    `sha256` is of the file's exact bytes.
    """

    path: str
    sha256: str
    entries: tuple[Entry, ...]
    troubles: tuple[Trouble, ...] = ()
    mapping: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    unused: tuple[str, ...] = field(default=())
