"""The wheel carries everything the product needs, and works outside the checkout."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the unpacked wheel of this checkout, nothing else of it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    target = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def run(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # -P keeps the checkout out; the folder of the wheel stands first on the path
    code = f"import sys, runpy; sys.path.insert(0, {str(installed)!r}); sys.argv = {list(arguments)!r}; "
    module = arguments[0]
    code += f"runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
    return subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=installed, capture_output=True, text=True, timeout=120, check=False
    )


def test_every_data_file_is_in_the_wheel(installed: Path) -> None:
    tracked = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "patrol", "spiders", "detectors", "schedules", "fixtures"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    missing = [name for name in tracked if not (installed / name).is_file() and (ROOT / name).is_file()]
    assert missing == []


def test_command_answers_outside_the_checkout(installed: Path) -> None:
    done = run(installed, "patrol", "rules", "list")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_mock_city_opens_outside_the_checkout(installed: Path) -> None:
    done = run(installed, "fixtures.city", "--count")
    assert done.returncode == 0, done.stderr
    assert min(json.loads(done.stdout)["platform"].values()) >= 30
