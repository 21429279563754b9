"""`patrol rules list|show|check`: what is looked for, on which clause, and whether each rule's own examples hold."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from detectors import Detector
from detectors.errors import RuleError
from detectors.model import Document
from detectors.rules import Rule, load_rules
from patrol.commands.tables import folding
from patrol.errors import BadInput, in_words

app = typer.Typer(help="规则：列出、查看、检查（规则写在 detectors/rules 和本单位的增补文件里）", no_args_is_help=True)
_AXES = {"violation": "学科类", "ad": "培训广告"}
_SEVERITIES = {"high": "高", "medium": "中", "low": "低"}
RulesFile = Annotated[Path | None, typer.Option("--rules", help="本单位增补的词表和规则文件")]


def rules_of(extra: Path | None) -> tuple[Rule, ...]:
    """Return packaged and added rules; raises BadInput when the added file is wrong."""
    try:
        return load_rules((extra,) if extra else ())
    except RuleError as error:
        raise BadInput(str(error), file=extra) from error
    except OSError as error:
        raise BadInput(f"打不开：{in_words(error)}", file=extra) from error


def broken_examples(rules: tuple[Rule, ...], extra: Path | None = None) -> list[str]:
    """Return one Chinese line for each example that does not do what its rule says."""
    detector = Detector(extra_rules=(extra,) if extra else ())
    said = [
        (rule, text, kind, rule.code in _fired(detector, rule, text))
        for rule in rules
        for kind, texts in (("match", rule.match), ("pass", rule.passing))
        for text in texts
    ]
    words = {"match": "match 例子没有命中", "pass": "pass 例子不该命中"}
    return [f"{rule.file} {rule.code}：{words[kind]}：{text}" for rule, text, kind, hit in said if hit != (kind == "match")]


def _fired(detector: Detector, rule: Rule, text: str) -> set[str]:
    return {finding.rule for finding in detector.detect(Document(text=text, published_at=rule.published)).findings}


@app.command("list")
def list_command(rules: RulesFile = None) -> None:
    """列出全部规则。"""
    table = folding("编号", "名称", "程度", "依据", "施行", title="检测规则", whole=("编号", "施行"))
    for rule in rules_of(rules):
        until = f"\n至 {rule.effective_to}" if rule.effective_to else ""
        table.add_row(
            rule.code,
            rule.title,
            _SEVERITIES[rule.severity],
            rule.clause,
            f"{rule.effective_from}{until}",
        )
    Console().print(table)


@app.command("show")
def show_command(code: Annotated[str, typer.Argument(help="规则编号，如 T-HOLIDAY")], rules: RulesFile = None) -> None:
    """查看一条规则：条款原文、出处、例子。"""
    rule = next((rule for rule in rules_of(rules) if rule.code == code.upper()), None)
    if rule is None:
        raise BadInput(f"没有编号为“{code}”的规则，可用 patrol rules list 查看全部编号")
    rows = {
        "编号": rule.code,
        "名称": rule.title,
        "依据": rule.clause,
        "条款": rule.text,
        "出处": rule.source,
        "施行": f"{rule.effective_from}{' 至 ' + str(rule.effective_to) if rule.effective_to else ' 起'}",
        "程度": _SEVERITIES[rule.severity],
        "轴": _AXES[rule.axis],
        "类别": rule.category,
        "对应清单": "、".join(rule.lists),
        "命中词类": "、".join(rule.any),
        "命中例": "；".join(rule.match),
        "不命中例": "；".join(rule.passing),
        "文件": rule.file,
    }
    table = folding("条目", "内容")
    table.show_header = False
    for name, value in rows.items():
        table.add_row(name, value)
    Console().print(table)


@app.command("check")
def check_command(rules: RulesFile = None) -> None:
    """检查规则文件，并逐条运行其中的例子。"""
    known = rules_of(rules)
    wrong = broken_examples(known, rules)
    if wrong:
        raise BadInput(f"{len(wrong)} 个例子不符：{'；'.join(wrong)}", file=rules)
    Console().print(f"{len(known)} 条规则，{sum(len(rule.match) + len(rule.passing) for rule in known)} 个例子，全部相符")
