"""Detection of disguised subject-tutoring ads: elements, evasions, clauses. Pure: text in, Detection out."""

from detectors.detector import Detector, detect

__all__ = ["Detector", "detect"]
