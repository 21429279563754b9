"""Kills and full disks: what was acknowledged is whole, what was not is never called complete, and a repeat mends it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from patrol.errors import EvidenceError
from patrol.vault import EvidenceState, Vault, verify

_RUNNER = """
import json, os, resource, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from tests.patrol_vault_cases import lead, page, rendering
from patrol.errors import StorageFull
from patrol.vault import Vault

base, spool = Path(sys.argv[1]), Path(sys.argv[2])
todo = [(n, page(spool, n, b"<p>one page</p>" + n.encode()), rendering(spool / n.lower(), n)) for n in ("ZJ-1", "ZJ-2")]
calls = 0

def deadly_calls(deadly):
    def counted(name):
        real = getattr(os, name)
        def call(*given, **named):
            global calls
            calls += 1
            if calls == deadly:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*given, **named)
        setattr(os, name, call)
    for name in ("fsync", "link", "unlink", "replace", "write", "mkdir", "ftruncate", "chmod"):
        counted(name)

def seal(root, say):
    vault = Vault(root)
    for number, exchange, shown in todo:
        vault.seal_exchange(number, *exchange, lead=lead())
        vault.seal_rendering(number, shown)
        say(number)

def run(root, deadly=0, limit=None):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        deadly_calls(deadly)
        out = os.fdopen(write, "w", buffering=1)
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        try:
            seal(root, lambda number: print(number, file=out))
            print("steps", calls, file=out)
        except StorageFull as error:
            print("full", str(error), file=out)
        os._exit(0)
    os.close(write)
    said = [line.split(" ", 1) for line in os.fdopen(read).read().splitlines()]
    _, status = os.waitpid(child, 0)
    return {{"said": said, "killed": os.WIFSIGNALED(status)}}

for job in json.loads(sys.argv[3]):
    print(json.dumps(run(base / job["name"], job.get("deadly", 0), job.get("limit"))), flush=True)
"""


def run(base: Path, jobs: list[dict[str, object]]) -> list[dict[str, object]]:
    """Seal two items per job in a fork that kills itself at its `deadly`-th file system call, or runs into `limit` bytes."""
    spool = base / "spool"
    spool.mkdir(exist_ok=True)
    code = _RUNNER.format(tests=str(Path(__file__).parent))
    command = [sys.executable, "-c", code, str(base), str(spool), json.dumps(jobs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def acknowledged(result: dict[str, object]) -> list[str]:
    return [words[0] for words in result["said"] if words[0].startswith("ZJ-")]  # type: ignore[attr-defined]


def test_kill_at_every_step_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    (whole,) = run(tmp_path, [{"name": "whole"}])
    steps = int(whole["said"][-1][1])  # type: ignore[index]
    assert steps > 60
    names = [{"name": f"v{deadly}", "deadly": deadly} for deadly in range(1, steps + 1)]
    for job, result in zip(names, run(tmp_path, names), strict=True):
        root = tmp_path / str(job["name"])
        assert result["killed"], job
        if (root / "ledger.jsonl").exists():
            before = verify(root)
            assert before.ok, (job, before.failures)
        vault = Vault(root)
        assert [vault.status(n).state for n in acknowledged(result)] == [EvidenceState.COMPLETE] * len(acknowledged(result))
        assert verify(root).ok, job
    repeated = run(tmp_path, [{"name": job["name"]} for job in names])
    assert all(acknowledged(result) == ["ZJ-1", "ZJ-2"] for result in repeated)
    for job in names:
        root = tmp_path / str(job["name"])
        report = verify(root)
        assert report.ok, (job, report.failures)
        assert [len(Vault(root).manifests(n)) for n in ("ZJ-1", "ZJ-2")] == [2, 2], job


def test_full_disk_is_one_clear_error_and_leaves_a_whole_vault(tmp_path: Path) -> None:
    limits = [0, 10, 60, 100, 300, 600, 1000, 1500, 2100]
    jobs: list[dict[str, object]] = [{"name": f"v{limit}", "limit": limit} for limit in limits]
    for job in jobs:
        Vault(tmp_path / str(job["name"]))
    for job, result in zip(jobs, run(tmp_path, jobs), strict=True):
        root = tmp_path / str(job["name"])
        kind, text = result["said"][-1]  # type: ignore[index]
        assert kind == "full"
        assert text.startswith("磁盘空间不足")
        report = verify(root)
        assert report.ok, (job, report.failures)
        assert list(root.rglob(".tmp-*")) == []
        for number in acknowledged(result):
            assert Vault(root).status(number).state is EvidenceState.COMPLETE
    run(tmp_path, [{"name": job["name"]} for job in jobs])
    for job in jobs:
        report = verify(tmp_path / str(job["name"]))
        assert report.ok
        assert report.items == 2


def test_read_only_vault_is_one_clear_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(EvidenceError, match="无法写入"):
        Vault(blocked / "vault")


def test_row_whose_head_cannot_be_written_does_not_stand(tmp_path: Path) -> None:
    (whole,) = run(tmp_path, [{"name": "v"}])
    assert acknowledged(whole) == ["ZJ-1", "ZJ-2"]
    vault = Vault(tmp_path / "v")
    rows, head = len(list(vault.ledger.rows())), vault.ledger.head_path
    kept = head.read_bytes()
    head.unlink()
    (head / "in the way").mkdir(parents=True)
    with pytest.raises(EvidenceError):
        vault.record("view", number="ZJ-1")
    (head / "in the way").rmdir()
    head.rmdir()
    head.write_bytes(kept)
    assert len(list(vault.ledger.rows())) == rows
    assert verify(vault.root).ok
