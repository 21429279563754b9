"""The words of the forms, read once from `wording.yml`; a code without a word is shown as such, never dropped."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from detectors.errors import RuleError
from detectors.model import Element
from detectors.rules import Rule, load_rules
from patrol.errors import BadInput
from patrol.model import Judgement, Lead, Verdict
from patrol.platforms import PaperKind
from patrol.reports.cells import clean
from patrol.reports.masking import mask_text
from patrol.reports.records import PlatformFace, ReportInput
from patrol.validation import FileRecord, build, read_yaml

_FILE = Path(__file__).with_name("wording.yml")
KeyCode = Literal["一", "二", "三", "四", "五", "六", "七", "待定"]
UNKNOWN_KEY: KeyCode = "待定"
UNMATCHED_NOTE = "“名单未匹配，待核”不等于没有办学许可证，须向审批机关核实。"
ITEMS = ("培训内容", "培训时间", "教师资质", "信息安全", "招生宣传", "收费行为", "服务协议")
"""The seven inspection items of 吉教联〔2019〕75号, in their order."""
_PRIORITY: tuple[KeyCode, ...] = ("七", "六", "二", "一", "五", "三", "四")
_ORIGINS = {"import": "人工巡查", "tipoff": "群众举报", "assigned": "上级交办", "transferred": "部门移送"}


class KeyContent(FileRecord):
    """One of the seven key contents (重点内容) of the provincial plan."""

    code: KeyCode
    title: str


class Category(FileRecord):
    """What a category code is called, which key contents it touches, and which bodies may be concerned.

    `items` are those of the seven inspection items (排查内容) it falls under. Used where the rules that fired do not say.
    """

    title: str
    keys: tuple[KeyCode, ...]
    bodies: tuple[str, ...]
    items: tuple[str, ...] = ()


class Stage(FileRecord):
    """A school stage and the words of a page that point to it."""

    title: str
    words: tuple[str, ...]


class Wording(FileRecord):
    """The whole of `wording.yml`."""

    key_contents: tuple[KeyContent, ...]
    categories: dict[str, Category]
    platform_kinds: dict[PaperKind, str]
    walk_kinds: dict[str, PaperKind]
    bodies: dict[str, str]
    measures: dict[str, str]
    measure_states: dict[str, str]
    stages: dict[str, Stage]
    evidence_states: dict[str, str]


@cache
def wording() -> Wording:
    """Return the words; BadInput names the faulty key of `wording.yml`."""
    return build(Wording, read_yaml(_FILE), file=_FILE)


def category_title(code: str) -> str:
    """Name a category code in Chinese."""
    known = wording().categories.get(code)
    return known.title if known else f"其他疑似情形（{clean(code, 40)}）"


@cache
def _rules() -> Mapping[str, Rule]:
    try:
        return {rule.code: rule for rule in load_rules()}
    except RuleError as error:
        raise BadInput(f"规则文件有误，无法对应报表的重点内容（{error}）") from error


def rules_of(lead: Lead) -> tuple[Rule, ...]:
    """Return the rules that a lead's findings name, in the order of the text; a rule no longer known is left out."""
    findings = lead.screening.detection.findings if lead.screening else ()
    return tuple(dict.fromkeys(rule for finding in findings if (rule := _rules().get(finding.rule)) is not None))


def _numbers(rules: Iterable[Rule], prefix: str) -> set[int]:
    named = (name.removeprefix(prefix) for rule in rules for name in rule.lists if name.startswith(prefix))
    return {int(number) for number in named if number.isdigit()}


def key_codes(lead: Lead) -> tuple[KeyCode, ...]:
    """Return the key contents a lead touches, the one it is counted under first; `待定` when no rule says.

    The rules that fired say which (`lists: GD-1 …`), else the categories. Whether it is （一） (no licence) or （二） (licensed)
    follows the list's answer: a name that the list does not hold stands under （一） until it is checked.
    """
    numbers = _numbers(rules_of(lead), "GD-")
    ordered: tuple[KeyCode, ...] = ("一", "二", "三", "四", "五", "六", "七")
    codes = {code for number, code in enumerate(ordered, 1) if number in numbers}
    if not codes:
        known = wording().categories
        codes = {code for category in lead.categories if category in known for code in known[category].keys}
    if codes & {"一", "二"}:
        codes = codes - {"一", "二"} | {"二" if lead.match.verdict is Verdict.LICENSED else "一"}
    # a teacher or a home tutor named beside a class is not yet a broker: （六） leads only where people are brought together
    order = _PRIORITY if "matchmaking" in lead.categories else (*_PRIORITY[:1], *_PRIORITY[2:4], *_PRIORITY[1:2], *_PRIORITY[4:])
    return tuple(code for code in order if code in codes) or (UNKNOWN_KEY,)


def inspection_items(lead: Lead) -> frozenset[str]:
    """Return which of the seven inspection items (吉教联〔2019〕75号) a lead touches, by rule, else by category."""
    numbers = _numbers(rules_of(lead), "JL-")
    if numbers:
        return frozenset(item for number, item in enumerate(ITEMS, 1) if number in numbers)
    known = wording().categories
    return frozenset(item for code in lead.categories if code in known for item in known[code].items)


def key_label(code: str) -> str:
    """Write a key content as the plan numbers it: （一）, or 待定."""
    return code if code == UNKNOWN_KEY else f"（{code}）"


def platform(given: ReportInput, name: str) -> PlatformFace:
    """Return how a platform is called on paper; an unknown one keeps its own name."""
    return given.platforms.get(name) or PlatformFace(name=name, title=clean(name, 40) or "未知平台")


def platform_kind(given: ReportInput, name: str) -> str:
    """Return the kind of a platform in the words of the plan: as its file says, else by how it is walked."""
    words, face = wording(), platform(given, name)
    return words.platform_kinds[face.paper_kind or words.walk_kinds.get(face.kind, "other")]


def object_name(lead: Lead) -> str:
    """Name who or what was patrolled: the name held against the list, else an institution, the account, the title."""
    institutions = lead.screening.detection.institutions if lead.screening else ()
    named = lead.match.query if lead.match.verdict in {Verdict.LICENSED, Verdict.REVIEW, Verdict.UNLISTED} else ""
    for candidate in (named, *institutions[:1], lead.author, lead.title):
        shown = clean(candidate, 60)
        if shown:
            return shown
    return "页面未见名称"


def origin(lead: Lead) -> str:
    """Say how the lead came in (自动巡查, 人工巡查, 群众举报 …)."""
    capture = lead.screening.post.capture if lead.screening else None
    return _ORIGINS.get(lead.source) or ("人工巡查" if capture and capture.mode == "import" else "自动巡查")


def clauses(lead: Lead) -> tuple[str, ...]:
    """Return the clauses that the findings touch, each once, the weightiest first."""
    found = lead.screening.detection.findings if lead.screening else ()
    weighty = sorted(found, key=lambda finding: -finding.weight)
    return tuple(dict.fromkeys(clean(clause, 80) for finding in weighty for clause in finding.clause.split("；") if clause))


def district(lead: Lead) -> str:
    """Return the district the page itself shows, or that it must be found out."""
    region = clean(lead.screening.post.region, 30) if lead.screening else ""
    return region or "属地待核"


def stage(lead: Lead) -> str:
    """Return the first school stage that the page's own words point to, or that it must be found out."""
    quotes = lead.screening.detection.quotes(Element.AUDIENCE) if lead.screening else ()
    for quote in quotes:
        for known in wording().stages.values():
            if any(word in quote for word in known.words):
                return known.title
    return "学段待核"


def licence_answer(lead: Lead) -> str:
    """Say what the list says of the name, always as a question to the authority unless the name is on the list."""
    match = lead.match
    if match.verdict is Verdict.LICENSED and match.row is not None:
        return f"名单内（第{match.row}行），许可事项待核"
    return match.verdict.chinese


def excerpt(lead: Lead, limit: int = 120) -> str:
    """Return the page's own words around the first hit, contacts masked, inner quotation marks made single."""
    text, start = lead.excerpt, 0
    if lead.screening is not None and lead.screening.detection.findings:
        text = lead.screening.post.text or lead.excerpt
        first = min(finding.start for finding in lead.screening.detection.findings)
        start = max(0, first - limit // 4) if first > limit // 2 else 0
    shown = clean(mask_text(text[start : start + 4 * limit], lead))
    shown = ("……" if start else "") + (shown if len(shown) <= limit else shown[:limit] + "……")
    return shown.replace("“", "‘").replace("”", "’")


def suspected(lead: Lead) -> tuple[str, ...]:
    """Name what a lead is suspected of: its categories, else the titles of the advertising rules that fired."""
    named = tuple(category_title(code) for code in lead.categories)
    advertising = (rule for rule in rules_of(lead) if rule.axis == "ad" and rule.element is not Element.AUDIENCE)
    return named or tuple(rule.title for rule in advertising)[:3]


def problem(lead: Lead) -> str:
    """State what was found in one cell: the suspected kinds, the clauses, then the page's own words in quotation marks."""
    kinds = "；".join(f"疑似{kind}" for kind in suspected(lead)) or "疑似违规，类别待核"
    touched = "；".join(clauses(lead)[:4])
    quoted = excerpt(lead, 80)
    parts = [kinds, f"涉嫌违反：{touched}" if touched else "", f"页面原文：“{quoted}”" if quoted else ""]
    return "。".join(part for part in parts if part) + "。"


def judged(lead: Lead) -> str:
    """Return the state of review for the remark column."""
    return "复核属实" if lead.judgement is Judgement.CONFIRMED else lead.judgement.chinese
