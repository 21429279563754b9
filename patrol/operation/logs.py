"""Structured logs without personal data: one JSON line an event, in files that rotate, numbers of people masked.

What is logged is who did what to which record, by number; texts, names and addresses of pages stay in store and vault. Whatever
a library may write is masked the same way before it reaches the file.
"""

import logging
import re
from logging.handlers import RotatingFileHandler
from pathlib import Path

import structlog
from structlog.types import EventDict, Processor

FILE_BYTES = 5_000_000
FILES_KEPT = 5
FILE_NAME = "patrol.log"
_HIDDEN_KEYS = frozenset(
    {"text", "title", "author", "name", "phone", "contact", "contacts", "excerpt", "password", "body", "officer", "address"}
)
_PERSONAL = (
    (re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)"), "〔证件号〕"),
    (re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)"), "〔手机号〕"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"), "〔邮箱〕"),
    (re.compile(r"(https?://[^\s?#]+)[?#]\S+"), r"\1?…"),
)


def masked(text: str) -> str:
    """Return a text with identity numbers, phone numbers, mail addresses and what follows ? in addresses taken out."""
    for pattern, shown in _PERSONAL:
        text = pattern.sub(shown, text)
    return text


def without_people(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Mask every value of an event; fields that hold people's words are dropped whole."""
    for key, value in event.items():
        if key in _HIDDEN_KEYS:
            event[key] = "〔略〕"
        elif isinstance(value, str):
            event[key] = masked(value)
    return event


def open_log(workspace: Path, level: str) -> structlog.stdlib.BoundLogger:
    """Send this process's logs to `logs/patrol.log` of a workspace and return the product's logger."""
    folder = workspace / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(folder / FILE_NAME, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8")
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                without_people,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    for old in [one for one in root.handlers if isinstance(one, RotatingFileHandler)]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    product = logging.getLogger("patrol")
    # the clock's own story is always told; the level chosen governs what more is
    product.setLevel(min(logging.INFO, logging.getLevelNamesMapping().get(level.upper(), logging.INFO)))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    logger: structlog.stdlib.BoundLogger = structlog.get_logger("patrol")
    return logger
