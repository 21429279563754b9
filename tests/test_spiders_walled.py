"""In a network namespace of its own: a hostile town tries every way inside; nothing internal is ever contacted.

The namespace has no route out and canaries on internal addresses, so a guard that fails can reach nothing and is still seen.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.walled_town import INTERNAL, PUBLIC, TARGETS

ROOT = Path(__file__).parents[1]
SETUP = """
set -e
ip link set lo up
for address in {addresses}; do ip addr add $address/32 dev lo; done
mount --bind {resolv} /etc/resolv.conf
exec {python} -m tests.walled_town {folder}
"""


def _can_wall() -> bool:
    if os.geteuid() != 0 or not all(shutil.which(tool) for tool in ("unshare", "ip", "mount")):
        return False
    return (
        subprocess.run(["unshare", "-n", "-m", "ip", "link", "set", "lo", "up"], capture_output=True, check=False).returncode == 0
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if not _can_wall():
        pytest.skip("needs root, unshare and iproute2")
    folder = tmp_path_factory.mktemp("walled")
    resolv = folder / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    script = SETUP.format(addresses=" ".join((PUBLIC, *INTERNAL)), resolv=resolv, python=sys.executable, folder=folder)
    done = subprocess.run(["unshare", "-n", "-m", "sh", "-c", script], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    data: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return data


def test_without_the_guard_the_canaries_would_sing(told: dict[str, Any]) -> None:
    assert set(told["control"]) == set(INTERNAL)


@pytest.mark.parametrize("way", ["walk", "browse"])
def test_nothing_internal_is_contacted(told: dict[str, Any], way: str) -> None:
    assert told[way]["outcome"] == "finished"
    assert set(told[way]["arrivals"]) == {PUBLIC}


def test_every_way_inside_is_recorded_as_refused(told: dict[str, Any]) -> None:
    states = told["walk"]["states"]
    assert {states[f"/go/{number}"] for number in range(len(TARGETS))} == {"failed.unsafe_address"}
    assert {states[target] for target in TARGETS} == {"failed.unsafe_address"}
    assert states["/plain"] == "ok"


def test_the_browser_is_refused_the_same_way(told: dict[str, Any]) -> None:
    states = told["browse"]["states"]
    assert {states[f"/go/{number}"] for number in range(len(TARGETS))} == {"failed.unsafe_address"}
    assert states["/try"] == "ok"
