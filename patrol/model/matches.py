"""What the whitelist says of a name."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What the whitelist says of a name. `unlisted` is worded 名单未匹配，待核, never 无证."""

    LICENSED = "licensed"
    REVIEW = "review"
    UNLISTED = "unlisted"
    NO_NAME = "no_name"
    NO_LIST = "no_list"

    @property
    def chinese(self) -> str:
        """The words for reports."""
        return {
            "licensed": "名单内",
            "review": "疑似名单内，待核",
            "unlisted": "名单未匹配，待核",
            "no_name": "页面未见机构名称，待核",
            "no_list": "未导入名单，待核",
        }[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One list row that a name may mean; `detail` names each part and whether it agreed."""

    row: int
    name: str
    score: float
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The whitelist's answer to one name, with the list version that gave it and one Chinese sentence of why."""

    query: str
    verdict: Verdict
    row: int | None = None
    candidates: tuple[Candidate, ...] = ()
    why: str = ""
    list_version: str = ""
    warnings: tuple[str, ...] = ()
