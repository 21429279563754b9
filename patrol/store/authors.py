"""What one account published, as the store knows it."""

from patrol.store.store import Store


class AuthorBook:
    """Posts by account."""

    def __init__(self, store: Store) -> None:
        self._db = store.database

    def addresses(self, platform: str, author_id: str, limit: int = 20) -> list[str]:
        """Return the addresses of an account's posts, the latest seen first."""
        rows = self._db.query(
            "SELECT url FROM posts WHERE platform = ? AND author_id = ? ORDER BY last_seen DESC LIMIT ?",
            [platform, author_id, limit],
        )
        return [str(row["url"]) for row in rows]
