"""The register of forms is this folder: a module with `TEMPLATE` and `build`, and its `.yml` beside it, is a form."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Protocol, cast

from patrol.errors import BadInput
from patrol.reports.records import Report, ReportInput
from patrol.reports.templates import FormTemplate


class Form(Protocol):
    """What a form module offers."""

    TEMPLATE: FormTemplate

    def build(self, given: ReportInput) -> Report:
        """Make the form's tables from records alone."""


@cache
def forms() -> Mapping[str, Form]:
    """Return every form of the folder by its id, in the order of their file names."""
    found = {}
    for entry in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        module = cast("Form", importlib.import_module(f"{__name__}.{entry.name}"))
        found[module.TEMPLATE.id] = module
    return found


def form(name: str) -> Form:
    """Find a form by id or Chinese name; BadInput lists those there are."""
    known = forms()
    for one in known.values():
        if name in {one.TEMPLATE.id, one.TEMPLATE.name}:
            return one
    listed = "、".join(f"{one.TEMPLATE.id}（{one.TEMPLATE.name}）" for one in known.values())
    raise BadInput(f"没有表单“{name}”；可用的有：{listed}")
