"""放行: what an officer who finds a lead 不属实 wants later screening to let pass; shown and taken back under 规则."""

from starlette.responses import Response

from detectors.fold import fold
from detectors.lexicon import load_lexicon
from patrol.allowing import account_key, keys_of
from patrol.console.call import Call
from patrol.errors import BadInput
from patrol.model import Judgement, Screening
from patrol.store.console_allowing import AllowKind

_SHORTEST, _LONGEST, _MOST = 4, 30, 10


def wished(call: Call, number: str, judgement: Judgement) -> list[tuple[AllowKind, str]]:
    """Return the rules that a decision's form asks for, checked against the lead; BadInput says what cannot be let pass."""
    wish, words = call.text("allow"), call.text("allow_words", most=400).split()
    if not wish or judgement is not Judgement.DISMISSED:
        return []
    screening = call.books.store.lead(number).screening
    if screening is None:
        raise BadInput("这条线索没有筛查记录，不能建立放行规则")
    if wish == "phrase":
        return [(AllowKind.PHRASE, word) for word in _phrases(words, screening)]
    if wish not in set(keys_of(screening)):
        raise BadInput("请从列表中选择要放行的账号或联系方式", field="以后筛查")
    kind = AllowKind.ACCOUNT if wish == account_key(screening.post) else AllowKind.CONTACT
    return [(kind, wish)]


def _phrases(words: list[str], screening: Screening) -> list[str]:
    text = "\n".join((screening.post.title, screening.post.text, *screening.post.image_texts))
    if not words or len(words) > _MOST:
        raise BadInput(f"请照抄要放行的原话，最多{_MOST}段，用空格隔开", field="放行的原话")
    known = load_lexicon().by_text
    for word in words:
        if not _SHORTEST <= len(word) <= _LONGEST:
            raise BadInput(f"“{word[:30]}”应为{_SHORTEST}到{_LONGEST}个字", field="放行的原话")
        if word not in text:
            raise BadInput(f"“{word}”不在这条线索的原文里；请照抄原文", field="放行的原话")
        if fold(word).tight.text in known:
            raise BadInput(f"“{word}”本身就是识别用的词，单独放行会漏掉别的线索；请写长一些的原话", field="放行的原话")
    return list(dict.fromkeys(words))


def keep(call: Call, number: str, rules: list[tuple[AllowKind, str]], reason: str) -> None:
    """Keep what was wished; it holds once the lead is officially 不属实."""
    for kind, value in rules:
        call.books.allowing.add(kind, value, reason=reason, lead=number, officer=call.who.name, now=call.now)
        call.audit("allow", number, f"{kind.chinese}：{value}")


def undo(call: Call) -> Response:
    """Take a rule back; what it let pass is judged anew when it is seen again."""
    rule = call.books.allowing.undo(call.number("number"), officer=call.who.name, now=call.now)
    call.audit("allow", rule.lead, f"撤销放行规则{rule.id}：{rule.value}")
    return call.go("/rules", said=f"已撤销放行规则{rule.id}；以后筛查照常列入")
