"""Fit the weights again: python -m detectors.training. Writes rules/weights.yml and rules/wording.tsv."""

import sys

import yaml

from detectors.fold_tables import RULES
from detectors.training.fit import fit, prepare
from detectors.training.made import made_of
from detectors.training.posts import read_examples


def main() -> None:
    """Write both weight files."""
    examples = read_examples()
    told = f"由 python -m detectors.training 从 detectors/training 的 {len(examples)} 条自编语料拟合，不要手改。"
    heads = fit([prepare(example) for example in (*examples, *made_of(examples))])
    elements = {head: dict(weights) for head, weights in heads.elements.items()}
    (RULES / "weights.yml").write_text(
        f"# {told}\n" + yaml.safe_dump(elements, allow_unicode=True, sort_keys=True), encoding="utf-8"
    )
    lines = [f"{gram.replace(chr(10), '␤')}\t{subject}\t{other}" for gram, (subject, other) in heads.grams.items()]
    (RULES / "wording.tsv").write_text(f"#\t{told}\n" + "\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(examples)} posts, {sum(map(len, elements.values()))} weights, {len(lines)} n-grams\n")


if __name__ == "__main__":
    main()
