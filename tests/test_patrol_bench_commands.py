"""`patrol bench` reaches every measurement and hands its options on."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from patrol.bench.commands import app


def test_every_bench_module_has_its_command() -> None:
    others = {"__init__", "commands", "labels", "scores", "scorecard"}
    modules = {path.stem for path in (Path(__file__).parent.parent / "patrol" / "bench").glob("*.py")} - others
    assert {command.name for command in app.registered_commands} == modules
    assert all(find_spec(f"patrol.bench.{name}") for name in modules)


def test_options_reach_the_measurement_which_refuses_a_wrong_one() -> None:
    command = [sys.executable, "-m", "patrol.cli", "bench", "detect", "--postss", "9"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--posts" in done.stderr
