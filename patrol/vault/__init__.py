"""Write-once evidence: capture, seal, timestamp, ledger, verify, export."""

from patrol.vault.browser import capture_pages, seal_pages
from patrol.vault.model import (
    BrowserFacts,
    EvidenceState,
    ItemStatus,
    LeadFacts,
    Manifest,
    Person,
    Rendering,
    Sealed,
    SourceFile,
)
from patrol.vault.orders import Limits, Order
from patrol.vault.report import Failure, VerifyReport
from patrol.vault.vault import Vault
from patrol.vault.verify import verify

__all__ = [
    "BrowserFacts",
    "EvidenceState",
    "Failure",
    "ItemStatus",
    "LeadFacts",
    "Limits",
    "Manifest",
    "Order",
    "Person",
    "Rendering",
    "Sealed",
    "SourceFile",
    "Vault",
    "VerifyReport",
    "capture_pages",
    "seal_pages",
    "verify",
]
