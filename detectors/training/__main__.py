"""Fit the weights again: python -m detectors.training. Writes rules/weights.yml and rules/wording.tsv."""

import sys

import yaml

from detectors.fold_tables import RULES
from detectors.training.fit import fit
from detectors.training.grams import fit_wording
from detectors.training.posts import read_examples


def main() -> None:
    """Write both weight files."""
    examples = read_examples()
    told = f"由 python -m detectors.training 从 detectors/training 的 {len(examples)} 条自编语料拟合，不要手改。"
    weights = fit(examples)
    (RULES / "weights.yml").write_text(
        f"# {told}\n" + yaml.safe_dump(weights, allow_unicode=True, sort_keys=True), encoding="utf-8"
    )
    grams = fit_wording(examples)
    lines = [f"{gram.replace(chr(10), '␤')}\t{subject}\t{other}" for gram, (subject, other) in grams.items()]
    (RULES / "wording.tsv").write_text(f"#\t{told}\n" + "\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(examples)} posts, {sum(map(len, weights.values()))} weights, {len(grams)} n-grams\n")


if __name__ == "__main__":
    main()
