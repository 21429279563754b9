"""One short name for everything that decides a result, so that a screening can say by what it was made."""

import hashlib
from pathlib import Path

from detectors.fold_tables import RULES
from detectors.patterns import PATTERNS


def rules_version(extra: tuple[Path, ...] = ()) -> str:
    """Return the short digest of everything that changes a result: words, clauses, folding tables, weights, patterns."""
    digest = hashlib.sha256()
    for path in (*sorted(path for path in RULES.rglob("*") if path.is_file()), *extra):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    for label, pattern in PATTERNS:
        digest.update(f"{label}\t{pattern.pattern}\n".encode())
    return digest.hexdigest()[:12]
