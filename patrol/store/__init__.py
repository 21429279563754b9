"""What is kept: the only speaker of SQL. `Store.open(workspace)` is the way in."""

from patrol.store.pages import Book
from patrol.store.store import Store

__all__ = ["Book", "Store"]
