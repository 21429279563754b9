"""The matcher: one list made ready, and the answer to one name with what is known about where it was seen."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from patrol.licences.answers import Answer, Memory, Opinion, identity_of
from patrol.licences.by_code import Seen, decide_code
from patrol.licences.by_name import ORDER, decide_name
from patrol.licences.checking import impersonation, lapsed, permit_conflict
from patrol.licences.deciding import Ruling
from patrol.licences.entries import Context, Entry, ListFile, ListKind
from patrol.licences.evidence import codes_of, places_of
from patrol.licences.explaining import candidate
from patrol.licences.mentions import listed_mentions
from patrol.licences.scan import Scanner
from patrol.licences.table import Table
from patrol.model import Match, Verdict

_NOTHING = Context()
_LICENSING = frozenset({ListKind.WHITE, ListKind.GREY, ListKind.WARNING})
_MOST = 5


class Index:
    """A list ready for questions. Built once (seconds for 100,000 rows), then read-only and safe to share.

    Rows of a blacklist, of cancelled ones or of the schools' 课后服务 list license nobody; they only add warnings. `on` is the
    day on which licences must be valid (None: dates are not looked at); `answers` are officers' standing decisions.
    """

    def __init__(
        self, rows: Iterable[Entry] | ListFile, *, version: str = "", on: date | None = None, answers: Iterable[Answer] = ()
    ) -> None:
        entries = rows.entries if isinstance(rows, ListFile) else tuple(rows)
        self.version = version or (rows.sha256[:12] if isinstance(rows, ListFile) else "")
        self.entries: Sequence[Entry] = [entry for entry in entries if entry.list_kind in _LICENSING]
        self.table = Table(self.entries)
        self._scanner = Scanner(self.table.brands)
        self._on = on
        self._memory = Memory(answers)
        self._by_identity = {identity_of(entry): at for at, entry in enumerate(self.entries)} if self._memory else {}
        self._noted_kinds = [entry.list_kind for entry in entries if entry.list_kind not in _LICENSING]
        noted = [entry for entry in entries if entry.list_kind not in _LICENSING]
        own_rows = (replace(entry, row=at, list_kind=ListKind.WHITE) for at, entry in enumerate(noted))
        self._noted = Index(own_rows) if noted else None

    def match(self, query: str, context: Context = _NOTHING) -> Match:
        """Say whether a name (or the sentence it stands in) means a row of the list: codes first, then the name."""
        seen = self._see(query, context)
        ruling = decide_code(self.table, seen) or decide_name(self.table, seen)
        if self._memory:
            ruling = self._remember(query, context, ruling)
        if ruling.verdict is Verdict.LICENSED and ruling.position is not None:
            ruling = self._hold_against(ruling, ruling.position, seen, context)
        if self._noted:
            ruling = self._note_other_lists(ruling, self._noted.match(query, context))
        return self._answer(query, ruling, seen)

    def _see(self, query: str, context: Context) -> Seen:
        codes = codes_of(query, context)
        scan = self._scanner.scan(codes.text)
        return Seen(codes, scan, places_of(context), listed_mentions(scan) if scan.hits else [])

    def _remember(self, query: str, context: Context, ruling: Ruling) -> Ruling:
        """Let officers' answers stand above the rules, at once."""
        for answer in self._memory.about(query, context):
            position = self._by_identity.get(answer.institution)
            if position is None:
                continue
            who = f"{answer.officer}于{answer.at.date().isoformat()}认定"
            name = self.entries[position].name
            if answer.opinion is Opinion.SAME:
                return Ruling(Verdict.LICENSED, position, (position,), f"{who}“{answer.name}”与名单内“{name}”是同一机构")
            if answer.opinion is Opinion.UNSURE and ruling.position in (None, position):
                return Ruling(Verdict.REVIEW, position, (position,), f"{who}“{answer.name}”是否为“{name}”不能确定，待核")
            if answer.opinion is Opinion.DIFFERENT and ruling.position == position:
                return Ruling(Verdict.UNLISTED, None, (position,), f"{who}“{answer.name}”不是名单内“{name}”；名单未匹配，待核")
        return ruling

    def _hold_against(self, ruling: Ruling, position: int, seen: Seen, context: Context) -> Ruling:
        entry = self.entries[position]
        problem = lapsed(entry, self._on) or permit_conflict(entry, seen.codes.permits)
        suspicious = impersonation(entry, context)
        if problem:
            why = f"{ruling.why}；但{problem}，待核"
            return Ruling(Verdict.REVIEW, position, ruling.others, why, (*ruling.warnings, problem, *suspicious))
        return replace(ruling, warnings=(*ruling.warnings, *suspicious)) if suspicious else ruling

    def _note_other_lists(self, ruling: Ruling, found: Match) -> Ruling:
        """Warn of a name that stands on another list; one that is licensed and yet cancelled or blacklisted goes to a person."""
        if found.verdict is not Verdict.LICENSED or found.row is None:
            return ruling
        kind = self._noted_kinds[found.row]
        warning = f"名称与{kind.chinese}上的“{found.candidates[0].name}”一致"
        ruling = replace(ruling, warnings=(*ruling.warnings, warning))
        if ruling.verdict is Verdict.LICENSED and kind is not ListKind.AFTER_SCHOOL:
            return replace(ruling, verdict=Verdict.REVIEW, why=f"{ruling.why}；但{warning}，待核")
        return ruling

    def _answer(self, query: str, ruling: Ruling, seen: Seen) -> Match:
        positions = list(dict.fromkeys((*(() if ruling.position is None else (ruling.position,)), *ruling.others)))
        warnings = ruling.warnings
        if seen.codes.invalid and ruling.verdict is not Verdict.LICENSED:
            warnings = (*warnings, f"代码{seen.codes.invalid[0]}校验位不符，未作依据")
        return Match(
            query=query,
            verdict=ruling.verdict,
            row=self.entries[ruling.position].row if ruling.position is not None else None,
            candidates=tuple(candidate(self.table, at, seen) for at in positions[:_MOST]),
            why=ruling.why,
            list_version=self.version,
            warnings=warnings,
        )


def best_match(index: Index, names: Sequence[str], context: Context = _NOTHING) -> Match:
    """Return the clearest answer for a post that carries several candidate names: licensed before review before unlisted.

    A post that names two different licensed institutions goes to a person.
    """
    answers = [index.match(name, context) for name in names if name.strip()]
    if not answers:
        return Match(query="", verdict=Verdict.NO_NAME, why="页面未出现机构名称，无法比对", list_version=index.version)
    best = min(answers, key=lambda answer: ORDER.index(answer.verdict))
    rows = {answer.row for answer in answers if answer.verdict is Verdict.LICENSED}
    if len(rows) > 1:
        candidates = tuple(dict.fromkeys(one for answer in answers for one in answer.candidates[:1]))
        return replace(
            best, verdict=Verdict.REVIEW, candidates=candidates, why="页面出现名单内不止一家机构，无法确定指哪一家，待核"
        )
    return best
