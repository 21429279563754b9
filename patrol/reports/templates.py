"""Read a form's template: the YAML file beside its module that says title, header line, columns and notes."""

from pathlib import Path
from typing import Literal

from patrol.reports.cells import chinese_date
from patrol.reports.records import Column, ReportInput
from patrol.validation import FileRecord, build, read_yaml

Align = Literal["left", "center", "right"]


class ColumnTemplate(FileRecord):
    """One column as the template file gives it; `official` only where a published original shows the heading."""

    key: str
    heading: str
    width: float
    align: Align = "left"
    official: bool = False
    synonyms: tuple[str, ...] = ()
    source: str = ""


class FormTemplate(FileRecord):
    """One form's template. `fields` are pairs of heading and campaign field (unit, leader, phone) or a blank."""

    id: str
    name: str
    summary: str
    basis: str
    title: str
    fields: tuple[tuple[str, str], ...] = ()
    columns: tuple[ColumnTemplate, ...] = ()
    notes: tuple[str, ...] = ()
    paper: Literal["A4", "A3"] = "A4"
    whole_campaign: bool = False
    kinds: tuple[Literal["xlsx", "docx"], ...] = ("xlsx", "docx")


class ParagraphTemplate(FileRecord):
    """One paragraph of a paper: it stands when all of `when` hold; `rank` 0 always, higher ones until the length is right."""

    text: str
    when: tuple[str, ...] = ()
    rank: int = 0


class SectionTemplate(FileRecord):
    """One numbered part of a paper."""

    heading: str
    paragraphs: tuple[ParagraphTemplate, ...]


class PaperTemplate(FormTemplate):
    """A form in running text, with the length it must keep to, in characters."""

    opening: tuple[ParagraphTemplate, ...]
    sections: tuple[SectionTemplate, ...]
    shortest: int
    longest: int


def load_template(module_file: str) -> FormTemplate:
    """Read the template that lies beside a form's module; BadInput names its faulty key."""
    path = Path(module_file).with_suffix(".yml")
    return build(FormTemplate, read_yaml(path), file=path)


def load_paper_template(module_file: str) -> PaperTemplate:
    """Read the template of a form in running text."""
    path = Path(module_file).with_suffix(".yml")
    return build(PaperTemplate, read_yaml(path), file=path)


def columns(template: FormTemplate) -> tuple[Column, ...]:
    """Return the columns of a template as records."""
    return tuple(Column(**column.model_dump()) for column in template.columns)


def title(template: FormTemplate, given: ReportInput) -> str:
    """Fill the title: {region}, {period}, {campaign}, {year}."""
    start, end = given.period
    return template.title.format(
        region=given.campaign.region,
        period=f"{chinese_date(start)}-{chinese_date(end)}",
        campaign=given.campaign.title,
        year=start.year,
    )


def header(template: FormTemplate, given: ReportInput) -> tuple[tuple[str, str], ...]:
    """Fill the header line (填报单位, 负责人, 联系电话 …) from the campaign; what it does not hold stays to be written."""
    facts = {
        "unit": given.campaign.unit,
        "leader": given.campaign.leader,
        "phone": given.campaign.phone,
        "made": chinese_date(given.made_at.date()),
        "contact": f"{given.campaign.leader} {given.campaign.phone}".strip(),
    }
    return tuple((heading, facts.get(source, "")) for heading, source in template.fields)
