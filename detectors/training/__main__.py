"""Fit the weights again: python -m detectors.training [--check]. Writes rules/weights.yml."""

import sys

import yaml

from detectors.fold_tables import RULES
from detectors.training.fit import fit
from detectors.training.posts import read_examples


def main() -> None:
    """Write the weights file."""
    examples = read_examples()
    weights = fit(examples)
    head = f"# 由 python -m detectors.training 从 detectors/training 的 {len(examples)} 条自编语料拟合，不要手改。\n"
    (RULES / "weights.yml").write_text(head + yaml.safe_dump(weights, allow_unicode=True, sort_keys=True), encoding="utf-8")
    sys.stdout.write(f"{len(examples)} posts, {sum(map(len, weights.values()))} weights\n")


if __name__ == "__main__":
    main()
