"""What a verification says."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that is not as it was sealed: where, and why."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}：{self.reason}"


@dataclass(slots=True)
class Findings:
    """What a check has found so far."""

    failures: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: int = 0
    size: int = 0

    def fail(self, place: str, reason: str) -> None:
        """Add one failure."""
        self.failures.append(Failure(place, reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """The result of a verification; `kind` is vault, item or package, `size` the bytes read."""

    path: str
    kind: str
    items: int
    files: int
    size: int
    seconds: float
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything is as it was sealed."""
        return not self.failures

    @property
    def summary(self) -> str:
        """One Chinese sentence for officers."""
        what = {"vault": "证据库", "item": "证据条目", "package": "证据包"}[self.kind]
        scope = f"{self.items} 份证据、{self.files} 个文件、{self.size / 1e6:.1f} MB"
        if self.ok:
            return f"{what}完好：{scope}，全部与入库时一致"
        return f"{what}有 {len(self.failures)} 处不符（共查 {scope}）：{self.failures[0]}"
