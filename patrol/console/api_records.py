"""What the JSON API takes and gives. The Chinese lines stand in the OpenAPI description."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from patrol.model import Judgement


class Record(BaseModel):
    """A frozen answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LeadRow(Record):
    """一条线索的摘要。`stage`：new、second、third、parked、confirmed、dismissed。"""

    number: str
    platform: str
    title: str
    author: str
    excerpt: str
    url: str
    grade: str
    score: float
    categories: tuple[str, ...]
    verdict: str
    stage: str
    found_at: datetime
    provider: str
    evidence: str
    version: int


class LeadPage(Record):
    """一页线索；`next` 为空表示没有更多。"""

    leads: list[LeadRow]
    next: str = ""


class DecisionRow(Record):
    """一次决定。"""

    judgement: str
    officer: str
    role: str
    reason: str
    at: datetime
    undone: bool


class FindingRow(Record):
    """一处命中；`start`、`end` 是原文里的字符位置。"""

    rule: str
    clause: str
    element: str
    start: int
    end: int
    quote: str
    trick: str


class LeadDetail(LeadRow):
    """一条线索的全部。"""

    text: str
    why: str
    match_why: str
    findings: list[FindingRow]
    decisions: list[DecisionRow]


class DecisionWish(BaseModel):
    """一个决定：`judgement` 为 confirmed、dismissed、unsure 或 handed_over；`version` 是看到的版本，期间有人决定则返回 409。"""

    model_config = ConfigDict(extra="forbid")
    judgement: Judgement
    version: int = Field(ge=0)
    reason: str = Field(default="", max_length=500)


class DecisionMade(Record):
    """决定之后线索所处的阶段。"""

    number: str
    stage: str
    version: int


class CoverageRow(Record):
    """一个来源的覆盖：计划 = 看到 + 各种没看到 + 未取。"""

    source: str
    planned: int
    covered: int
    waiting: int
    posts: int
    leads: int
    gaps: dict[str, int]


class ClueWish(BaseModel):
    """要抓取和筛查的网址。"""

    model_config = ConfigDict(extra="forbid")
    urls: list[str] = Field(min_length=1, max_length=200)


class TaskRow(Record):
    """在后台进行的任务。"""

    task: int
    state: str
    result: str = ""


class ReportWish(BaseModel):
    """要生成的表单；`batch` 为 0 是整个专项行动。"""

    model_config = ConfigDict(extra="forbid")
    form: str
    batch: int = Field(default=0, ge=0)


class Files(Record):
    """生成的文件（在工作区 reports 文件夹下）。"""

    files: list[str]
    notes: list[str] = []


class Imported(Record):
    """导入的名单版本。"""

    label: str
    rows: int
    unreadable: int
