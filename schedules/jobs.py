"""Jobs as their YAML says them: what is done, on which days, at which hours, and how late is too late."""

from datetime import time
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, TypeAdapter, ValidationError, field_validator, model_validator

from patrol.errors import BadInput
from patrol.validation import FileRecord, build, read_yaml

SHIPPED = Path(__file__).parent / "jobs.yml"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Action = Literal["sweep", "watch", "recheck", "report", "remind", "backup", "retention", "self_check"]
Days = Literal["every", "rest", "vacation", "school", "standing"]
Period = Literal["campaign", "key", "standing", "always"]
_HOURS = TypeAdapter(time)


class Job(FileRecord):
    """One job. Either `days` within a `period`, or `before` a due date of the campaign. Hours are Beijing time.

    `late_minutes`: how long after its hour a missed occurrence is still made up for; `minutes`: when a running one is stopped.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str = Field(min_length=1)
    action: Action
    at: tuple[time, ...] = Field(min_length=1)
    days: Days = "every"
    period: Period = "always"
    weekdays: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = ()
    before: Literal["", "batch", "summary"] = ""
    days_before: int = Field(default=1, ge=0, le=30)
    sources: tuple[str, ...] = ()
    late_minutes: int = Field(ge=1)
    minutes: int = Field(ge=1, le=24 * 60)

    @field_validator("at", mode="before")
    @classmethod
    def _hours(cls, value: object) -> object:
        if isinstance(value, list | tuple):
            return tuple(_hour(item) for item in value)
        return value

    @model_validator(mode="after")
    def _hours_differ(self) -> Self:
        if len(set(self.at)) != len(self.at):
            raise ValueError("at 里有两个相同的钟点")
        return self


def _hour(text: object) -> time:
    # YAML reads 19:30 without quotes as a number of base 60
    if not isinstance(text, str | time):
        raise ValueError('钟点应写作 "19:30"（加引号）')
    try:
        return _HOURS.validate_python(text)
    except ValidationError as error:
        raise ValueError('钟点应写作 "19:30"（加引号）') from error


class _JobFile(FileRecord):
    jobs: tuple[Job, ...] = Field(min_length=1)


def load_jobs(path: Path = SHIPPED) -> tuple[Job, ...]:
    """Return the jobs of a file in its order; BadInput on an unknown key, a bad hour or an id used twice."""
    jobs = build(_JobFile, {"jobs": read_yaml(path)}, file=path).jobs
    seen: set[str] = set()
    for job in jobs:
        if job.id in seen:
            raise BadInput(f"任务“{job.id}”写了两次", file=path, field="id")
        seen.add(job.id)
    return jobs


def jobs_of(workspace: Path) -> tuple[Job, ...]:
    """Return the workspace's own jobs (`jobs.yml` there) or, where there are none, the shipped ones."""
    own = workspace / "jobs.yml"
    return load_jobs(own if own.is_file() else SHIPPED)
