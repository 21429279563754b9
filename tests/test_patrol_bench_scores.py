"""The labelled posts keep their own rule, and the scores count what they say they count."""

import json
from collections import Counter
from pathlib import Path

import pytest

from detectors.model import Detection, Element, Finding
from fixtures.detection import compose, ordinary
from patrol.bench.labels import CATEGORIES, TRICKS, Answer, LabelledPost, read_answers, read_posts
from patrol.bench.scorecard import SCORECARD, read_scorecard, scored, shown, written
from patrol.bench.scores import score, table
from patrol.errors import BadInput

FOLDER = Path(compose.__file__).parent
HELD_OUT, ORDINARY = FOLDER / "heldout.jsonl", FOLDER / "ordinary.jsonl"


def post(post_id: str, *, violation: bool = True, note: str = "made up", **fields: object) -> LabelledPost:
    labels: dict[str, object] = {
        "text": "初二物理小班，周六上午，一次80",
        "ad_violation": violation,
        "categories": ("subject_ad", "holiday_class") if violation else (),
        "tricks": ("none",),
        "must_quote": ("初二物理小班", "周六上午") if violation else (),
    }
    return LabelledPost.model_validate({"id": post_id, "violation": violation, "note": note, **labels, **fields})


def answer(post_id: str, flagged: bool, *quotes: tuple[int, int, str], categories: tuple[str, ...] = ()) -> Answer:
    spans = [{"start": start, "end": end, "quote": quote} for start, end, quote in quotes]
    return Answer.model_validate(
        {"id": post_id, "violation": flagged, "ad_violation": flagged, "categories": categories, "findings": spans}
    )


def write(path: Path, *records: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


def test_held_out_posts_keep_the_labelling_rule() -> None:
    posts = read_posts(HELD_OUT)
    violating = [one for one in posts if one.violation]
    assert len(posts) >= 700
    assert len(violating) >= 330
    assert sum(one.ad_violation and not one.violation for one in posts) >= 80
    assert sum(not one.ad_violation for one in posts) >= 230


def test_held_out_posts_cover_every_category_trick_and_platform() -> None:
    violating = [one for one in read_posts(HELD_OUT) if one.violation]
    categories = Counter(name for one in violating for name in one.categories)
    tricks = Counter(name for one in violating for name in one.tricks)
    assert {name for name in CATEGORIES if categories[name] < 15} == set()
    assert {name for name in TRICKS if tricks[name] < 15} == set()
    assert len({one.platform for one in violating}) == 12


def test_no_text_is_held_out_twice() -> None:
    counts = Counter(one.text for one in read_posts(HELD_OUT))
    assert [text for text, count in counts.items() if count > 1] == []


def test_ordinary_texts_are_many_and_all_clean() -> None:
    posts = read_posts(ORDINARY)
    assert len(posts) >= 1500
    assert not any(one.violation or one.ad_violation for one in posts)
    assert len({one.text for one in posts}) == len(posts)


def test_composing_again_gives_the_committed_posts() -> None:
    composed = {str(one["id"]): one for one in compose.compose()}
    committed = [json.loads(line) for line in HELD_OUT.read_text(encoding="utf-8").splitlines()]
    assert [one for one in committed if one["id"] >= "ho-1001"] == list(composed.values())


def test_drawing_ordinary_texts_again_gives_the_committed_ones() -> None:
    committed = [json.loads(line) for line in ORDINARY.read_text(encoding="utf-8").splitlines()]
    assert list(ordinary.ordinary_posts()) == committed


def test_every_composed_trick_changed_the_text() -> None:
    plain = {base.note.replace("base:", "composed:"): base.marked for base in compose.read_bases(FOLDER / "bases.txt")}
    assert all(one["text"] != compose.MARKED.sub(r"\1", plain[str(one["note"])]) for one in compose.compose())


def test_axis_counts_hits_false_alarms_and_misses() -> None:
    posts = [post("a"), post("b"), post("c", violation=False, note="school notice: exam")]
    answers = {"a": answer("a", True), "b": answer("b", False), "c": answer("c", True)}
    axis = score(posts, answers).axes[0]
    assert (axis.hits, axis.missed, axis.extra, axis.passed) == (1, 1, 1, 0)
    assert (axis.precision, axis.recall, axis.f1) == (0.5, 0.5, 0.5)


def test_recall_by_trick_names_the_missed_posts() -> None:
    posts = [post("a", tricks=("pinyin", "denial")), post("b", tricks=("pinyin",))]
    parts = {one.name: one for one in score(posts, {"a": answer("a", True), "b": answer("b", False)}).tricks}
    assert (parts["pinyin"].recall, parts["pinyin"].missed) == (0.5, ("b",))
    assert parts["denial"].recall == 1.0


def test_a_category_counts_only_when_it_is_named() -> None:
    scores = score([post("a")], {"a": answer("a", True, categories=("subject_ad", "matchmaking"))})
    parts = {one.name: one for one in scores.categories}
    assert (parts["subject_ad"].named, parts["holiday_class"].named, parts["holiday_class"].caught) == (1, 0, 1)
    assert (parts["matchmaking"].due, parts["matchmaking"].given) == (0, 1)


def test_false_alarms_are_grouped_by_the_kind_in_the_note() -> None:
    posts = [post(name, violation=False, note=f"school notice: {name}") for name in "ab"]
    alarms = score(posts, {"a": answer("a", True), "b": answer("b", False)}).false_alarms
    assert (alarms[0].kind, alarms[0].total, alarms[0].posts) == ("school notice", 2, ("a",))


def test_a_quote_counts_by_the_characters_inside_findings() -> None:
    quotes = score([post("a")], {"a": answer("a", True, (0, 6, "初二物理小班"), (7, 9, "周六"))}).quotes
    assert (quotes.whole, quotes.half, quotes.total, quotes.lit, quotes.misplaced) == (1, 2, 2, 8, 0)


def test_a_misplaced_finding_lights_up_nothing() -> None:
    quotes = score([post("a")], {"a": answer("a", True, (1, 7, "初二物理小班"))}).quotes
    assert (quotes.whole, quotes.lit, quotes.misplaced) == (0, 0, 1)


def test_a_detection_becomes_an_answer() -> None:
    found = Finding(rule="r", clause="", element=Element.SUBJECT, start=2, end=4, quote="物理", weight=0.5)
    said = Answer.of("a", Detection(violation=True, score=0.9, ad_violation=True, categories=("subject_ad",), findings=(found,)))
    assert said == answer("a", True, (2, 4, "物理"), categories=("subject_ad",))


def test_a_post_without_answer_is_refused() -> None:
    with pytest.raises(BadInput, match="没有检测结果，第一个是 a"):
        score([post("a")], {})


def test_a_quote_outside_the_text_is_refused_with_its_line(tmp_path: Path) -> None:
    bad = post("a").model_dump(mode="json") | {"must_quote": ["不在这里"]}
    path = write(tmp_path / "posts.jsonl", post("b").model_dump(mode="json"), bad)
    with pytest.raises(BadInput) as refused:
        read_posts(path)
    assert (refused.value.line, refused.value.field) == (2, "must_quote")


def test_a_clean_post_with_a_category_is_refused(tmp_path: Path) -> None:
    bad = post("a", violation=False).model_dump(mode="json") | {"categories": ["price_violation"]}
    with pytest.raises(BadInput, match="无违规的帖子"):
        read_posts(write(tmp_path / "posts.jsonl", bad))


def test_a_duplicate_answer_is_refused(tmp_path: Path) -> None:
    line = answer("a", True).model_dump(mode="json")
    with pytest.raises(BadInput, match="重复"):
        read_answers(write(tmp_path / "answers.jsonl", line, line))


def test_answers_may_carry_fields_that_are_not_scored(tmp_path: Path) -> None:
    line = answer("a", True, (0, 2, "初二")).model_dump(mode="json") | {"why": "疑似", "contacts": []}
    assert read_answers(write(tmp_path / "answers.jsonl", line))["a"].findings[0].quote == "初二"


def test_the_table_shows_axes_and_false_alarms() -> None:
    shown = table(
        score([post("a"), post("b", violation=False, note="news: x")], {"a": answer("a", True), "b": answer("b", True)})
    )
    assert "| 疑似学科类违规 | 0.500 | 1.000 | 0.667 | 1 | 1 | 0 |" in shown
    assert "- 疑似学科类违规 · news 1/1：b" in shown


def test_the_table_of_clean_posts_shows_false_alarms_alone() -> None:
    shown = table(score([post("b", violation=False, note="plain: x")], {"b": answer("b", False)}))
    assert "手法" not in shown
    assert shown.endswith("误报：无")


def test_committed_scores_are_what_the_code_gives() -> None:
    assert written(scored()) == SCORECARD.read_text(encoding="utf-8"), "运行 python -m patrol.bench.scorecard"


@pytest.mark.parametrize("name", ["blind", "heldout"])
def test_committed_scores_keep_their_floors(name: str) -> None:
    card = read_scorecard().sets[name]
    for one in card.axes.values():
        assert 2 * one["hits"] / (2 * one["hits"] + one["extra"] + one["missed"]) >= 0.95
    assert {name for name, one in card.tricks.items() if one["found"] / one["total"] < 0.8} == set()


def test_ordinary_texts_hardly_ever_alarm() -> None:
    card = read_scorecard()
    assert max(card.ordinary_alarms.values()) <= card.ordinary / 1000


def test_the_manual_shows_rates_of_the_committed_counts() -> None:
    card = read_scorecard()
    pinyin = [one.tricks["pinyin"] for one in card.sets.values()]
    rates = (f"{one['found'] / one['total']:.3f}（{one['found']}/{one['total']}）" for one in pinyin)
    assert f"| `pinyin` | {' | '.join(rates)} |" in shown(card)


def test_a_scorecard_with_a_foreign_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scores.yml"
    path.write_text(SCORECARD.read_text(encoding="utf-8") + "guess: 1\n", encoding="utf-8")
    with pytest.raises(BadInput, match="不是成绩文件"):
        read_scorecard(path)
