"""Licence lists and the matcher: is this name one of the licensed institutions, and which row."""

from patrol.licences.entries import Context, Entry, ListFile, ListKind, Trouble
from patrol.licences.index import Index, best_match
from patrol.licences.loading import load_list, load_lists

__all__ = ["Context", "Entry", "Index", "ListFile", "ListKind", "Trouble", "best_match", "load_list", "load_lists"]
