"""Parts that many tests share: a fresh workspace, a campaign file, settings of their own."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from patrol.campaigns import load_campaign
from patrol.model import Campaign
from patrol.settings import Settings, load
from patrol.store import Store

CAMPAIGN_TEXT = """
[campaign]
id = "test-winter"
title = "云川市2027年寒假线上巡查专项行动"
region = "云川市"
start = 2027-01-15
end = 2027-02-28
summary_due = 2027-02-25

[report]
unit = "云川市教育局"
leader = "李某"
phone = "19900000001"

[[batches]]
number = 1
due = 2027-01-30

[[batches]]
number = 2
due = 2027-02-15

[[vacations]]
stage = "primary"
name = "寒假"
start = 2027-01-18
end = 2027-02-24
source = "云川市2026—2027学年校历"
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty workspace folder."""
    return tmp_path / "workspace"


@pytest.fixture
def settings(workspace: Path) -> Settings:
    """Settings that know nothing of the environment, with loopback allowed as in the demo."""
    return load({}, workspace=str(workspace), allow_loopback=True, pace_factor=0.0, min_free_mb=1)


@pytest.fixture
def campaign_file(tmp_path: Path) -> Path:
    """A campaign file of two batches."""
    path = tmp_path / "campaign.toml"
    path.write_text(CAMPAIGN_TEXT, encoding="utf-8")
    return path


@pytest.fixture
def campaign(campaign_file: Path) -> Campaign:
    """The campaign of that file."""
    return load_campaign(campaign_file)


@pytest.fixture
def store(workspace: Path, campaign: Campaign) -> Store:
    """A fresh store that knows the campaign."""
    fresh = Store.open(workspace)
    fresh.save_campaign(campaign, "", datetime(2027, 1, 20, tzinfo=UTC))
    return fresh
