"""What officers decided to let pass, as screening goes by it: phrases that no longer count, accounts whose posts are no leads.

A rule holds only as long as the lead it came from stands officially as 不属实, and until it is taken back; both make a post be
judged anew when it is seen again. Nothing is hidden: what a rule held back is kept as screened, with the rule named.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from patrol.model import Post, Screening
from patrol.store import Store
from patrol.store.console_allowing import MARK, AllowBook, AllowKind, AllowRule

WORDS = "allowed.yml"
_FOLDER = "rules"


@dataclass(frozen=True, slots=True)
class Allowed:
    """The rules about accounts and contacts by their key (`author:platform:id`, `phone:…`)."""

    by_key: Mapping[str, AllowRule] = field(default_factory=dict)

    def let_pass(self, screening: Screening) -> Screening:
        """Return a screening that is no lead, with the rule named, where a rule covers its account or a contact. Pure."""
        if not self.by_key or not screening.is_lead:
            return screening
        rule = next((self.by_key[key] for key in keys_of(screening) if key in self.by_key), None)
        if rule is None:
            return screening
        detection = screening.detection
        note = f"按放行规则{rule.id}（{rule.kind.chinese}，{rule.officer}：{rule.reason}）不列为线索"
        # a version of its own: when the rule is taken back, the same post is judged anew
        version = f"{detection.rules_version}{MARK}{rule.id}"
        changed = replace(detection, notes=(*detection.notes, note), rules_version=version)
        return replace(screening, grade="none", detection=changed)


def keys_of(screening: Screening) -> Iterator[str]:
    """Yield what a rule can name a post by."""
    if key := account_key(screening.post):
        yield key
    yield from (f"{contact.kind}:{contact.value}" for contact in screening.detection.contacts)


def account_key(post: Post) -> str:
    """Return the key of a post's account; empty when the page does not say who it is."""
    return f"author:{post.platform}:{post.author_id}" if post.author_id else ""


def load_allowed(workspace: Path) -> Allowed:
    """Read the rules in force; the phrases go into the workspace's own word files, which the detector reads."""
    store = Store.open(workspace)
    try:
        rules = AllowBook(store).in_force()
    finally:
        store.close()
    _write_words(workspace / _FOLDER / WORDS, [rule.value for rule in rules if rule.kind is AllowKind.PHRASE])
    return Allowed({rule.value: rule for rule in rules if rule.kind is not AllowKind.PHRASE})


def rule_files(workspace: Path) -> tuple[Path, ...]:
    """Return the bureau's own word and rule files, in the order they count."""
    return tuple(path for path in (workspace / "rules.yml", *sorted((workspace / _FOLDER).glob("*.yml"))) if path.is_file())


def words_text(phrases: Iterable[str]) -> str:
    """Return the word file that takes phrases out of recognition."""
    groups = [{"label": "mask.word", "words": " ".join(sorted(set(phrases)))}]
    return str(yaml.safe_dump({"source": "控制台放行的原话（自动生成，请在“规则”页改）", "groups": groups}, allow_unicode=True))


def _write_words(path: Path, phrases: Iterable[str]) -> None:
    wanted = sorted(set(phrases))
    if not wanted:
        path.unlink(missing_ok=True)
        return
    text = words_text(wanted)
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
