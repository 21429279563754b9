"""Where the words of a picture stand, and which of them prove something: as points for a drawing over the picture."""

from collections.abc import Iterator, Sequence

from detectors import Detector
from detectors.images import ImageReading, boxes_of, read_image
from detectors.model import Document
from patrol.validation import FileRecord

Points = tuple[tuple[int, int], ...]
_SHORTEST, _LONGEST = 2, 16
_PASSAGE = "招揽原文"


class Marked(FileRecord):
    """A stretch of recognised words with its corners in pixels; `meaning` is empty for a line that proves nothing."""

    points: Points
    words: str
    element: str = ""
    meaning: str = ""


class PictureMarks(FileRecord):
    """What was read of one picture: its size, every line, the places of the findings, and what could not be read."""

    width: int
    height: int
    lines: tuple[Marked, ...] = ()
    findings: tuple[Marked, ...] = ()
    notes: tuple[str, ...] = ()


def marks_in(data: bytes, detector: Detector, quotes: Sequence[str] = ()) -> PictureMarks:
    """Read a picture and hold its words against the rules, and against words that are known to prove something."""
    reading = read_image(data)
    lines = [Marked(points=line.box, words=line.text) for line in reading.lines]
    lines += [Marked(points=code.box, words=f"二维码：{code.payload}") for code in reading.codes]
    return PictureMarks(
        width=reading.width,
        height=reading.height,
        lines=tuple(lines),
        findings=tuple(_findings(reading, detector, quotes)),
        notes=reading.notes,
    )


def _findings(reading: ImageReading, detector: Detector, quotes: Sequence[str]) -> Iterator[Marked]:
    detection, text = detector.detect(Document(text=reading.text)), reading.text
    places: dict[tuple[int, int], tuple[str, str]] = {}
    for finding in (*detection.findings, *detection.hints):
        # the stretch that makes the offer as a whole would cover all the words that prove something
        if finding.meaning != _PASSAGE and finding.end - finding.start <= _LONGEST:
            places.setdefault((finding.start, finding.end), (finding.element.value, finding.meaning))
    for quote in dict.fromkeys(quotes):
        if _SHORTEST <= len(quote) <= _LONGEST and (at := text.find(quote)) >= 0:
            places.setdefault((at, at + len(quote)), ("", ""))
    for (start, end), (element, meaning) in sorted(places.items()):
        for box in boxes_of(reading, start, end):
            yield Marked(points=box, words=text[start:end], element=element, meaning=meaning)
