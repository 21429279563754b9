"""Settings come from the environment, the workspace file or the default, and say from where."""

from pathlib import Path

import pytest

from patrol.errors import BadInput
from patrol.settings import SETTINGS, load


def test_default_is_used_and_named() -> None:
    settings = load({})
    assert settings.origins["obey_robots"] == "default"
    assert settings.flag("obey_robots") is True


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('pace_factor = 3.0\ncontact = "a"\n', encoding="utf-8")
    settings = load({"PATROL_WORKSPACE": str(tmp_path), "PATROL_PACE_FACTOR": "2"})
    assert settings.number("pace_factor") == 2.0
    assert settings.origins["pace_factor"] == "PATROL_PACE_FACTOR"
    assert settings.text("contact") == "a"
    assert settings.origins["contact"].endswith("settings.toml")


def test_command_line_wins_over_all() -> None:
    assert load({"PATROL_ALLOW_LOOPBACK": "0"}, allow_loopback=True).flag("allow_loopback") is True


def test_unknown_name_is_refused_with_the_file(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("pacefactor = 3\n", encoding="utf-8")
    with pytest.raises(BadInput, match="pacefactor"):
        load({"PATROL_WORKSPACE": str(tmp_path)})


@pytest.mark.parametrize(("name", "value"), [("PATROL_OBEY_ROBOTS", "maybe"), ("PATROL_RUN_MINUTES", "ten")])
def test_wrong_type_is_refused(name: str, value: str) -> None:
    with pytest.raises(BadInput, match=value):
        load({name: value})


def test_every_setting_has_help_in_chinese() -> None:
    assert all(any("\u4e00" <= c <= "\u9fff" for c in setting.help) for setting in SETTINGS)
