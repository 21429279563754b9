"""Tables for a terminal: Chinese has no spaces to break at, a cell too narrow goes on in the next line."""

from collections.abc import Collection

from rich.table import Column, Table


def folding(*heads: str, title: str = "", whole: Collection[str] = ()) -> Table:
    """Return an empty table whose cells fold; the columns named in `whole` (numbers to copy, dates) are never broken."""
    return Table(*(Column(head, overflow="fold", no_wrap=head in whole) for head in heads), title=title or None)
