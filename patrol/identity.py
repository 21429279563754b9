"""How we introduce ourselves to websites, the same for sweeps and captures."""

from patrol.settings import Settings

PRODUCT = "XianshangPatrol/1.0"
_ENGINE = "AppleWebKit/537.36 (KHTML, like Gecko)"
_CHROME = "140"
_DEVICES = {
    "desktop": f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_ENGINE} Chrome/{{version}}.0.0.0 Safari/537.36",
    "phone": f"Mozilla/5.0 (Linux; Android 13; Mobile) {_ENGINE} Chrome/{{version}}.0.0.0 Mobile Safari/537.36",
}


def introduction(settings: Settings) -> str:
    """Return our name and the bureau's contact, as it stands at the end of every User-Agent."""
    contact = settings.text("contact")
    return f"{PRODUCT} (education-authority patrol{f'; {contact}' if contact else ''})"


def device_words(device: str, version: str = _CHROME) -> str:
    """Return a device's usual words, needed because sites serve a phone another page than a desktop; `version` is Chrome's."""
    return _DEVICES[device].format(version=version.partition(".")[0])


def user_agent(settings: Settings, device: str = "desktop") -> str:
    """Return how we introduce ourselves: the bureau's own words, or the device's usual ones with our name and contact added."""
    return settings.text("user_agent") or f"{device_words(device)} {introduction(settings)}"
