"""The matcher: one list made ready, and the answer to one name with what is known about where it was seen."""

from collections.abc import Iterable, Sequence

from patrol.licences.codes import CodesSeen
from patrol.licences.deciding import Ruling, decide_mention, full_text
from patrol.licences.divisions import Agreement
from patrol.licences.entries import Context, Entry, ListFile
from patrol.licences.evidence import Places, codes_of, places_of
from patrol.licences.foreign import decide_pinyin
from patrol.licences.mentions import Mention, listed_mentions, other_institutions
from patrol.licences.scan import Scan, Scanner
from patrol.licences.slips import decide_slip
from patrol.licences.table import Table
from patrol.model import Candidate, Match, Verdict

_NOTHING = Context()
_ORDER = (Verdict.LICENSED, Verdict.REVIEW, Verdict.UNLISTED, Verdict.NO_NAME)


class Index:
    """A list ready for questions. Built once (seconds for 100,000 rows), then read-only and safe to share."""

    def __init__(self, rows: Iterable[Entry] | ListFile, *, version: str = "") -> None:
        entries = rows.entries if isinstance(rows, ListFile) else tuple(rows)
        self.version = version or (rows.sha256[:12] if isinstance(rows, ListFile) else "")
        self.entries: Sequence[Entry] = entries
        self.table = Table(entries)
        self._scanner = Scanner(self.table.brands)

    def match(self, query: str, context: Context = _NOTHING) -> Match:
        """Say whether a name (or the sentence it stands in) means a row of the list: codes first, then the name."""
        codes = codes_of(query, context)
        scan = self._scanner.scan(codes.text)
        places = places_of(context)
        ruling = self._by_code(codes, scan, places) or self._by_name(scan, places)
        return self._answer(query, ruling, codes)

    def _by_code(self, codes: CodesSeen, scan: Scan, places: Places) -> Ruling | None:
        table = self.table
        listed = [row for code in (*codes.uscc, *codes.invalid) for row in table.by_code.get(code, ())]
        permitted = [row for permit in codes.permits for row in table.by_permit.get(permit, ())]
        rows = listed or permitted
        named = self._named_in_full(scan)
        if not rows:
            return self._foreign_code(codes, named) if codes.uscc else None
        row = next((one for one in rows if one in named), rows[0])
        entry = table.entries[row]
        label = "信用代码" if listed else "办学许可证号"
        mentions = listed_mentions(scan)
        stated = places.with_name(mentions[0].places if mentions else ())
        level, _ = stated.against(table.homes[row])
        if level < Agreement.UNKNOWN:
            why = f"{label}属名单内“{entry.name}”，但{stated.words()}与其登记地不符，疑似借用代码，待核"
            return Ruling(Verdict.REVIEW, row, (row,), why)
        if named and row not in named:
            why = f"{label}属名单内“{entry.name}”，名称却是名单内另一机构“{table.entries[named[0]].name}”，两者矛盾，待核"
            return Ruling(Verdict.REVIEW, row, (row, named[0]), why)
        if listed and permitted and not set(listed) & set(permitted):
            return Ruling(Verdict.REVIEW, row, (row, permitted[0]), "信用代码与办学许可证号分属名单内两家机构，待核")
        changed = (
            "" if row in named or any(row in table.rows_of[one.brand] for one in mentions) else "（名称与名单不同，可能已更名）"
        )
        return Ruling(Verdict.LICENSED, row, (row,), f"{label}与名单第{entry.row}号“{entry.name}”一致{changed}")

    def _named_in_full(self, scan: Scan) -> list[int]:
        rows = list(self.table.by_name.get(scan.folded.between(0, len(scan.text)), ()))
        for mention in listed_mentions(scan):
            rows += self.table.by_name.get(full_text(scan, mention), ())
        return rows

    def _foreign_code(self, codes: CodesSeen, named: list[int]) -> Ruling:
        if named:
            entry = self.table.entries[named[0]]
            why = f"名称与名单内“{entry.name}”完全相同，信用代码{codes.uscc[0]}却不在名单内，疑似冒用名称，待核"
            return Ruling(Verdict.REVIEW, named[0], (named[0],), why)
        return Ruling(Verdict.UNLISTED, None, (), f"信用代码{codes.uscc[0]}有效但不在名单内，是另一主体；名单未匹配，待核")

    def _by_name(self, scan: Scan, places: Places) -> Ruling:
        listed = listed_mentions(scan)
        meant = [one for one in listed if one.meant]
        ruling = self._among(scan, listed, meant, places) if listed else None
        if ruling is None or ruling.verdict is not Verdict.LICENSED:
            slip = decide_slip(self.table, scan, places)
            if slip:
                return slip
        if ruling is None or (ruling.verdict is Verdict.UNLISTED and not ruling.others):
            spelled = decide_pinyin(self.table, scan, places)
            if spelled:
                return spelled
        return ruling or Ruling(Verdict.UNLISTED, why="名单内没有相同字号的机构；名单未匹配，待核")

    def _among(self, scan: Scan, listed: list[Mention], meant: list[Mention], places: Places) -> Ruling:
        if not meant:
            name = self.table.brands[listed[0].brand]
            return Ruling(
                Verdict.UNLISTED,
                None,
                tuple(self.table.rows_of[listed[0].brand][:3]),
                f"文中只是提到“{name}”，并非其招生；名单未匹配，待核",
            )
        others = [one for one in other_institutions(scan, listed) if one.meant]
        rulings = [(decide_mention(self.table, scan, one, places), one) for one in meant]
        rulings.sort(key=lambda pair: (-pair[1].quality, _ORDER.index(pair[0].verdict)))
        best, mention = rulings[0]
        if best.verdict is not Verdict.LICENSED:
            return best
        rows = {ruling.position for ruling, one in rulings if ruling.position is not None and one.quality == mention.quality}
        if len(rows) > 1:
            return Ruling(
                Verdict.REVIEW,
                best.position,
                tuple(row for row in rows if row is not None),
                "文中有名单内不止一家机构，无法确定指哪一家，待核",
            )
        if others:
            other = scan.text[others[0].start : others[0].end]
            return Ruling(
                Verdict.REVIEW, best.position, best.others, f"{best.why}；但文中还有另一家机构“{other}”，待核指的是哪一家"
            )
        return best

    def _answer(self, query: str, ruling: Ruling, codes: CodesSeen) -> Match:
        entries = self.table.entries
        warnings = list(ruling.warnings)
        if codes.invalid and ruling.verdict is not Verdict.LICENSED:
            warnings.append(f"代码{codes.invalid[0]}校验不符，未作依据")
        candidates = tuple(
            Candidate(row=entries[at].row, name=entries[at].name, score=1.0 if at == ruling.position else 0.5, detail="")
            for at in dict.fromkeys((*(() if ruling.position is None else (ruling.position,)), *ruling.others[:5]))
        )
        row = entries[ruling.position].row if ruling.position is not None else None
        return Match(
            query=query, verdict=ruling.verdict, row=row, candidates=candidates, why=ruling.why,
            list_version=self.version, warnings=tuple(warnings),
        )  # fmt: skip


def best_match(index: Index, names: Sequence[str], context: Context = _NOTHING) -> Match:
    """Return the clearest answer for a post that carries several candidate names: licensed before review before unlisted."""
    answers = [index.match(name, context) for name in names]
    return min(answers, key=lambda answer: _ORDER.index(answer.verdict))
