"""Write-once evidence: capture, seal, timestamp, ledger, verify, export."""

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
from patrol.vault.vault import Vault

__all__ = [
    "BrowserFacts",
    "EvidenceState",
    "ItemStatus",
    "LeadFacts",
    "Manifest",
    "Person",
    "Rendering",
    "Sealed",
    "SourceFile",
    "Vault",
]
