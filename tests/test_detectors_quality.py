"""The detector on written posts that took no part in fitting: floors that a change may not fall through."""

import json
from pathlib import Path

import pytest

from detectors import Detector
from detectors.model import Document

POSTS = [
    json.loads(line) for line in (Path(__file__).parent / "data" / "detection_dev.jsonl").read_text(encoding="utf-8").splitlines()
]
FOUND = {post["id"]: Detector().detect(Document(text=post["text"], title=post.get("title", ""))) for post in POSTS}


def f1(axis: str) -> float:
    pairs = [(post[axis], getattr(FOUND[post["id"]], axis)) for post in POSTS]
    hits = sum(truth and said for truth, said in pairs)
    return 2 * hits / (sum(truth for truth, _ in pairs) + sum(said for _, said in pairs))


@pytest.mark.parametrize(("axis", "floor"), [("violation", 0.88), ("ad_violation", 0.88)])
def test_axis_stays_above_its_floor(axis: str, floor: float) -> None:
    assert f1(axis) >= floor


def test_false_alarms_on_hard_clean_posts_stay_rare() -> None:
    clean = [post for post in POSTS if not post["ad_violation"]]
    alarms = [post["id"] for post in clean if FOUND[post["id"]].ad_violation]
    assert len(alarms) <= len(clean) // 14


def test_no_training_post_stands_in_the_dev_set() -> None:
    folder = Path(__file__).parent.parent / "detectors" / "training"
    written = {line.rsplit("¦", 1)[-1] for path in folder.glob("*.txt") for line in path.read_text(encoding="utf-8").splitlines()}
    assert not [post["id"] for post in POSTS if post["text"].replace("\n", " // ") in written]
