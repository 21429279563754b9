"""The write-once vault: seal what was fetched, seal what the browser showed, say what is there, note every access."""

import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from patrol.errors import BadInput, EvidenceBroken, EvidenceError
from patrol.model import Capture, Headers
from patrol.settings import Settings
from patrol.vault import files
from patrol.vault.clock import clock_check
from patrol.vault.environment import environment
from patrol.vault.export import write_evidence
from patrol.vault.folder import Sources, Wish
from patrol.vault.items import NUMBER, STAMP_SUFFIX, Items, receipt
from patrol.vault.journal import AUTOMATIC, Journal
from patrol.vault.ledger import Ledger
from patrol.vault.model import (
    Environment,
    EvidenceState,
    FileEntry,
    Founding,
    ItemStatus,
    LeadFacts,
    LedgerRow,
    Manifest,
    Moment,
    Person,
    Rendering,
    Sealed,
    SourceFile,
    people_of,
    tidy,
)
from patrol.vault.objects import ObjectStore
from patrol.vault.sealing_keys import load_key
from patrol.vault.signatures import signer_of

_LEFTOVER_SECONDS = 86_400
_SHORT, _LONG = 300, 20_000
_TEXT_FIELDS = ("platform", "title", "author", "author_id", "published_shown", "excerpt", "purpose", "match")


class Vault:
    """One bureau's evidence under one folder. Safe to open from several processes at once.

    `min_free_mb` is the room below which nothing is begun (StorageFull); `people` are the officers written into manifests.
    """

    def __init__(
        self, root: Path, *, settings: Settings | None = None, min_free_mb: float = 0, people: tuple[Person, ...] = ()
    ) -> None:
        self.root = Path(root)
        self.objects = ObjectStore(self.root / "objects")
        self.ledger = Ledger(self.root)
        self.items = Items(self.root / "items")
        self._journal = Journal(self.root, self.items, self.objects, self.ledger)
        self.people = people
        self._min_free_mb = settings.number("min_free_mb") if settings else min_free_mb
        self._environment: Environment | None = None
        self._settings = settings
        self._open()

    @classmethod
    def of(cls, settings: Settings, *, officers: Sequence[tuple[str, str]] = ()) -> "Vault":
        """Open the vault of the workspace in the settings; `officers` (name, licence) go into what is sealed, see `people_of`."""
        return cls(settings.workspace / "vault", settings=settings, people=people_of(officers))

    def seal_exchange(self, number: str, capture: Capture, body_path: Path, *, lead: LeadFacts) -> Sealed:
        """Seal the very bytes of one fetched page with how they came.

        A repeat for the same number and digest returns the first receipt and adds nothing. Raises EvidenceBroken when the body
        is not what `capture.sha256` says, StorageFull when there is no room.
        """
        self._begin(number)
        for manifest, sealed in self.items.sealed(number):
            if manifest.capture is not None and manifest.capture.sha256 == capture.sha256:
                return sealed
        body = SourceFile(role="response_body", name="response-body.bin", media_type=capture.content_type, path=body_path)
        entry = self._keep(body)
        if entry.sha256 != capture.sha256:
            raise EvidenceBroken(f"网页正文与抓取时的摘要不符（{number}，{capture.url[:200]}）；缓存文件已被改动，请重新巡查该页")
        headers = () if capture.mode == "import" else capture.response_headers
        draft = self._draft(number, "exchange", capture.fetched_at, capture.fetched_at, headers)
        filled = draft.model_copy(update={"files": (entry,), "capture": capture, "lead": _tidy_lead(lead)})
        return self._seal(filled, (body,), key=capture.sha256)

    def seal_rendering(self, number: str, rendering: Rendering) -> Sealed:
        """Seal what the browser showed; a rendering without its files is sealed too, as partial or failed.

        A repeat with the same files for the same device adds nothing. Raises StorageFull when there is no room.
        """
        self._begin(number)
        entries = tuple(self._keep(file) for file in rendering.files)
        for manifest, sealed in self.items.sealed(number):
            if manifest.browser and entries and manifest.browser.device == rendering.facts.device and manifest.files == entries:
                return sealed
        main = next((one for one in rendering.facts.responses if one.kind == "document" and one.response_headers), None)
        seen = datetime.fromisoformat(main.at) if main else rendering.started_at
        draft = self._draft(number, "rendering", seen, rendering.finished_at, main.response_headers if main else ())
        draft = draft.model_copy(update={"started": Moment.of(rendering.started_at)})
        facts = rendering.facts.model_copy(update={"title": tidy(rendering.facts.title)})
        filled = draft.model_copy(
            update={"files": entries, "browser": facts, "state": rendering.state, "missing": rendering.missing}
        )
        return self._seal(filled, rendering.files, key="")

    def status(self, number: str) -> ItemStatus:
        """Return what an item holds: the last exchange, and for each device the best rendering so far."""
        return self.items.status(number)

    def manifests(self, number: str) -> tuple[Manifest, ...]:
        """Return an item's manifests in the order of sealing. Raises EvidenceError when there is no such item."""
        return self.items.manifests(number)

    def numbers(self) -> tuple[str, ...]:
        """Return every evidence number, sorted."""
        return self.items.numbers()

    def record(
        self, action: str, *, number: str = "", actor: str = AUTOMATIC, reason: str = "", detail: Mapping[str, str] | None = None
    ) -> None:
        """Write an access (view, mask, export, delete, restore …) into the custody ledger."""
        with self.ledger.locked():
            self.ledger.append(action, number=number, actor=tidy(actor, 100), reason=tidy(reason, 500), detail=detail)

    def export(
        self,
        number: str,
        to: Path,
        *,
        masked: bool = True,
        actor: str = AUTOMATIC,
        reason: str = "",
        names: tuple[str, ...] = (),
    ) -> Path:
        """Write one item as a folder that opens offline; originals only with a reason. The access goes to the ledger."""
        sources = self.sources
        wish = Wish(
            numbers=(number,),
            masked=masked,
            actor=tidy(actor, 100),
            reason=tidy(reason, 500),
            names=names,
            signed=sources.signer is not None,
        )
        folder, digest = write_evidence(to, wish, sources)
        detail = {"masked": "yes" if masked else "no", "sha256sums_sha256": digest}
        self.record("export", number=number, actor=actor, reason=reason, detail=detail)
        return folder

    def sweep_leftovers(self) -> None:
        """Remove what killed processes left behind a day ago or earlier: capture folders and unfinished files."""
        old = time.time() - _LEFTOVER_SECONDS
        for path in [*(self.root / "incoming").glob("*"), *self.objects.root.glob("??/.tmp-*")]:
            with suppress(OSError):
                if path.stat().st_mtime < old:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    @property
    def sources(self) -> Sources:
        """What packages are made from."""
        signer = signer_of(self._settings) if self._settings else None
        return Sources(self.items, self.objects, self.ledger, signer)

    def scratch(self) -> Path:
        """Return a fresh folder inside the vault's file system for what is not sealed yet; its maker removes it."""
        folder = self.root / "incoming" / uuid4().hex
        files.make_folder(folder)
        return folder

    def _open(self) -> None:
        for folder in (self.root, self.objects.root, self.items.root, self._journal.staging):
            files.make_folder(folder)
        with self.ledger.locked():
            if not (self.root / "vault.json").exists() and self.ledger.point().row == 0:
                self._journal.found()
            self._journal.finish_interrupted()
            self._fit_key()

    def _fit_key(self) -> None:
        """Load the key and hold it against the one this vault knows; the first key is noted in the ledger."""
        named = self._settings.text("evidence_key") if self._settings else ""
        if not named:
            return
        founding = Founding.model_validate_json((self.root / "vault.json").read_bytes())
        key = load_key(Path(named).expanduser(), founding.id)
        known = next((row.detail["fingerprint"] for row in self.ledger.rows() if row.action == "key"), None)
        if known is None:
            self.ledger.append("key", actor=AUTOMATIC, reason="启用证据加密", detail={"fingerprint": key.fingerprint})
        elif known != key.fingerprint:
            raise BadInput("密钥与本证据库启用加密时的密钥不是同一把；请换回原密钥", file=named, field="evidence_key")
        self.objects.key = key

    def _begin(self, number: str) -> None:
        if not NUMBER.fullmatch(number):
            raise EvidenceError(f"证据编号“{tidy(number, 64)}”无效：只可用字母、数字、连字符，最多64个字符")
        files.require_room(self.root, self._min_free_mb)

    def _keep(self, file: SourceFile) -> FileEntry:
        try:
            kept = self.objects.put_file(file.path)
        except FileNotFoundError as error:
            raise EvidenceError(f"待入库的文件不存在：{file.path.name}；请重新巡查该页") from error
        return FileEntry(
            role=file.role,
            name=file.name,
            media_type=file.media_type,
            size=kept.digests.size,
            sha256=kept.digests.sha256,
            sm3=kept.digests.sm3,
            sealed_sha256=kept.sealed_sha256,
        )

    def _draft(self, number: str, part: str, started: datetime, finished: datetime, headers: Headers) -> Manifest:
        if self._environment is None:
            self._environment = environment(self._settings)
        server = self._settings.text("ntp_server") if self._settings else ""
        checks = (*self._environment.checks, clock_check(server, started, headers))
        return Manifest(
            number=number,
            part=part,
            sequence=0,
            state=EvidenceState.COMPLETE,
            started=Moment.of(started),
            finished=Moment.of(finished),
            sealed=Moment.of(datetime.now(UTC)),
            environment=self._environment.model_copy(update={"checks": checks}),
            people=self.people,
            ledger=self.ledger.point(),
        )

    def _seal(self, draft: Manifest, sources: Sequence[SourceFile], *, key: str) -> Sealed:
        with self.ledger.locked():
            self._journal.finish_interrupted()
            before = list(self.items.sealed(draft.number))
            for manifest, sealed in before:
                if key and manifest.capture is not None and manifest.capture.sha256 == key:
                    return sealed
            for entry, source in zip(draft.files, sources, strict=True):
                if not self.objects.holds(entry.sha256):  # its last other owner was destroyed meanwhile
                    self._keep(source)
            now = datetime.now(UTC)
            manifest = draft.model_copy(
                update={
                    "sequence": len(before) + 1,
                    "previous": before[-1][1].sha256 if before else "",
                    "sealed": Moment.of(now),
                    "ledger": self.ledger.point(),
                }
            )
            return self._commit(manifest, now)

    def _commit(self, manifest: Manifest, now: datetime) -> Sealed:
        data = manifest.to_bytes()
        found = self._journal.place("capture", manifest.number, manifest.name, data, {"state": manifest.state.value}, now)
        return receipt(manifest, found)

    def destroy_item(self, number: str, *, officer: str, approver: str, reason: str) -> LedgerRow:
        """Write the certificate of destruction, then remove what it lists; see retention.py for who may. Shared files stay."""
        with self.ledger.locked():
            self._journal.finish_interrupted()
            return self._journal.destroy(number, officer=officer, approver=approver, reason=reason)

    def attach_stamp(self, number: str, manifest: str, reply: bytes, facts: Mapping[str, str]) -> bool:
        """Keep a time-stamp reply beside its manifest; False when one is there already."""
        with self.ledger.locked():
            self._journal.finish_interrupted()
            name = f"{manifest}{STAMP_SUFFIX}"
            if (self.items.root / number / name).exists():
                return False
            self._journal.place("timestamp", number, name, reply, {"manifest": manifest, **facts}, None)
            return True


def _tidy_lead(lead: LeadFacts) -> LeadFacts:
    return lead.model_copy(
        update={
            **{name: tidy(getattr(lead, name)) for name in _TEXT_FIELDS},
            "contacts": tuple(tidy(contact, _SHORT) for contact in lead.contacts),
            "operators": tuple((kind, tidy(value, _SHORT)) for kind, value in lead.operators),
            "glossary": tuple((tidy(word, _SHORT), tidy(meaning, _SHORT)) for word, meaning in lead.glossary),
            "image_texts": tuple(tidy(text, _LONG) for text in lead.image_texts),
        }
    )
