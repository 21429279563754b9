"""The spider for everything that plain HTTP can read."""

from spiders.walking import Walker


class Walk(Walker):
    """Walk a source over plain HTTP."""

    name = "walk"
    mode = "http"
