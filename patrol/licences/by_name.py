"""Then the name: the institution that is meant, slips of the pen, pinyin, and names that come suspiciously near."""

from patrol.licences.by_code import Seen
from patrol.licences.deciding import Ruling, decide_full_name, decide_mention
from patrol.licences.foreign import decide_pinyin
from patrol.licences.mentions import Mention, other_institutions
from patrol.licences.near import nearly_listed
from patrol.licences.slips import decide_slip
from patrol.licences.table import Table
from patrol.model import Verdict

ORDER = (Verdict.LICENSED, Verdict.REVIEW, Verdict.UNLISTED, Verdict.NO_NAME)


def decide_name(table: Table, seen: Seen) -> Ruling:
    """Return the ruling on the names in a text that carries no telling code."""
    whole = table.by_name.get(seen.scan.folded.between(0, len(seen.scan.text)))
    if whole:
        return decide_full_name(table, whole, seen.places)
    ruling = _among_mentions(table, seen) if seen.mentions else None
    if ruling is not None and ruling.verdict is Verdict.LICENSED:
        return ruling
    slip = decide_slip(table, seen.scan, seen.places)
    if slip:
        return slip
    if ruling is not None:
        return ruling
    return decide_pinyin(table, seen.scan, seen.places) or nearly_listed(table, seen.scan, seen.places)


def _among_mentions(table: Table, seen: Seen) -> Ruling:
    scan, listed = seen.scan, seen.mentions
    meant = [one for one in listed if one.meant]
    meant = [one for one in meant if one.sure] or meant
    if not meant:
        brand = listed[0].brand
        why = f"文中只是提到“{table.brands[brand]}”，并非其招生；名单未匹配，待核"
        return Ruling(Verdict.UNLISTED, None, tuple(table.rows_of[brand][:3]), why)
    rulings = [(decide_mention(table, scan, one, seen.places), one) for one in meant]
    rulings.sort(key=lambda pair: (-pair[1].quality, ORDER.index(pair[0].verdict)))
    best, chosen = rulings[0]
    if best.verdict is not Verdict.LICENSED:
        return best
    return _only_one_meant(table, seen, rulings, best, chosen)


def _only_one_meant(table: Table, seen: Seen, rulings: list[tuple[Ruling, Mention]], best: Ruling, chosen: Mention) -> Ruling:
    """Send to a person what names more than one institution without saying which is meant."""
    rows = {ruling.position: None for ruling, one in rulings if ruling.position is not None and one.quality == chosen.quality}
    if len({table.entries[row].uscc or row for row in rows}) > 1:
        return Ruling(Verdict.REVIEW, best.position, tuple(rows), "文中有名单内不止一家机构，无法确定指哪一家，待核")
    others = [one for one in other_institutions(seen.scan, seen.mentions) if one.meant]
    if others:
        other = seen.scan.text[others[0].start : others[0].end]
        why = f"{best.why}；但文中还有另一家机构“{other}”，待核指的是哪一家"
        return Ruling(Verdict.REVIEW, best.position, best.others, why)
    return best
