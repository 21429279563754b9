"""规则: what is looked for and on which clause; try a word on the last posts before it is added to the bureau's own file."""

import json
import re
from pathlib import Path

import yaml
from starlette.responses import Response

from detectors.errors import RuleError
from detectors.lexicon import load_lexicon
from detectors.rules import load_rules
from detectors.versions import rules_version
from patrol.allowing import rule_files
from patrol.commands.rules import rules_of
from patrol.console.call import Call
from patrol.errors import BadInput, Refused

FILE = "rules.yml"
LABELS = {
    "tutor.core": "有偿/招揽：补课、辅导一类的说法",
    "offer.enrol": "有偿/招揽：招生、报名、有空位",
    "offer.price": "有偿/招揽：价格、收费",
    "offer.contact": "有偿/招揽：怎样联系",
    "subject.coded": "学科：学科的暗语（不写明哪一科）",
    "subject.maths": "学科：数学",
    "subject.chinese": "学科：语文",
    "subject.english": "学科：英语",
    "subject.physics": "学科：物理",
    "subject.chemistry": "学科：化学",
    "audience.child": "对象：中小学生的称呼",
    "audience.grade": "对象：年级",
    "provider.teacher": "提供者：教师",
    "provider.agency": "提供者：机构",
    "unlicensed.hide": "违规点：躲避检查",
    "promise.result": "违规点：保证性承诺",
    "time.vacation": "违规点：寒暑假",
    "ctx.adult": "不计入：面向成年人",
    "ctx.goods": "不计入：商品",
    "mask.word": "不计入：普通词（遮住，不参与识别）",
}
_WORD = re.compile(r"\S{1,20}")
_MOST_WORDS = 40
_TRIED_POSTS = 10_000


def rules_page(call: Call) -> Response:
    """Show all rules with clause and examples, the bureau's own words, and the form to try new ones."""
    own, files = _own(call), rule_files(call.desk.workspace)
    rules = rules_of(own if own.is_file() else None)
    allowed = [(rule, call.books.allowing.held_posts(rule.id) if rule.held else []) for rule in call.books.allowing.rules()]
    tasks = call.books.work.tasks(("trial",), 5)
    return call.page(
        "rules.html",
        rules=rules,
        words=_words(own),
        labels=LABELS,
        own=own.name,
        tasks=[(task, call.desk.tasks.runs(task)) for task in tasks],
        allowed=allowed,
        version=rules_version(files),
    )


def _own(call: Call) -> Path:
    return call.desk.workspace / FILE


def _words(file: Path) -> dict[str, list[str]]:
    """Return the bureau's own words by label."""
    if not file.is_file():
        return {}
    content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    return {str(group["label"]): str(group["words"]).split() for group in content.get("groups") or ()}


def try_words(call: Call) -> Response:
    """Write the words into a trial file and see, in a child process, what they would change on the last posts."""
    label, words = call.text("label"), call.need("words", "词语", most=800).split()
    if label not in LABELS:
        raise BadInput("请选择词类", field="词类")
    wrong = next((word for word in words if not _WORD.fullmatch(word)), None)
    if wrong or len(words) > _MOST_WORDS:
        raise BadInput(f"每个词最多20个字，最多{_MOST_WORDS}个词，用空格隔开", field="词语")
    own = _words(_own(call))
    own[label] = list(dict.fromkeys((*own.get(label, []), *words)))
    # not among the bureau's own files: what is only tried must not count in a sweep
    trial = call.desk.workspace / "trials" / f"{call.now:%Y%m%d%H%M%S%f}.yml"
    trial.parent.mkdir(parents=True, exist_ok=True)
    trial.write_text(_file_text(_own(call), own, call.who.name), encoding="utf-8")
    _check(trial)
    before = rule_files(call.desk.workspace)
    after = [trial, *(file for file in before if file != _own(call))]
    arguments = ["--posts", str(_TRIED_POSTS), *(part for file in after for part in ("--rules", str(file)))]
    arguments += [part for file in before for part in ("--before", str(file))]
    if call.campaign is not None:
        arguments += ["--campaign", call.campaign.path]
    title = f"试算：{LABELS[label]} + {'、'.join(words)}"
    number = call.desk.tasks.start("trial", title, arguments, name=call.who.name, module="patrol.console.trying")
    call.audit("try_words", label, " ".join(words))
    return call.go(f"/rules/trials/{number}")


def _file_text(own: Path, words: dict[str, list[str]], officer: str) -> str:
    content = (yaml.safe_load(own.read_text(encoding="utf-8")) or {}) if own.is_file() else {}
    content["source"] = content.get("source") or f"本单位增补（{officer}）"
    content["groups"] = [{"label": label, "words": " ".join(listed)} for label, listed in words.items() if listed]
    if not content["groups"]:
        del content["groups"]
    return str(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))


def _check(file: Path) -> None:
    try:
        load_lexicon((file,))
        load_rules((file,))
    except RuleError as error:
        file.unlink(missing_ok=True)
        raise BadInput(str(error), field="词语") from error


def trial_page(call: Call) -> Response:
    """Show what the words would change."""
    task = call.books.work.task(call.number("number"))
    if task is None or task.kind != "trial":
        raise Refused(404, "没有这次试算")
    result = json.loads(task.result) if task.code == 0 and task.result else None
    template = "_trial.html" if call.fragment else "trial.html"
    return call.page(template, task=task, running=call.desk.tasks.runs(task), result=result)


def keep_words(call: Call) -> Response:
    """Put the tried words into the bureau's own file."""
    task = call.books.work.task(call.number("number"))
    if task is None or task.kind != "trial" or task.code != 0:
        raise BadInput("请先试算，看过结果再保存")
    trial = Path(task.command[task.command.index("--rules") + 1])
    if not trial.is_file():
        raise BadInput("这次试算的词表已经保存或失效；请重新试算")
    _check(trial)
    own = _own(call)
    if own.is_file():
        own.replace(own.with_name(f"rules-{call.now:%Y%m%d%H%M%S}.yml"))
    trial.replace(own)
    call.audit("keep_words", FILE, task.title)
    return call.go("/rules", said="已保存到本单位词表")


def drop_word(call: Call) -> Response:
    """Take a word out of the bureau's own file."""
    label, word = call.text("label"), call.text("word")
    own = _words(_own(call))
    own[label] = [one for one in own.get(label, []) if one != word]
    _own(call).write_text(_file_text(_own(call), own, call.who.name), encoding="utf-8")
    call.audit("drop_word", label, word)
    return call.go("/rules", said=f"已去掉“{word}”")
