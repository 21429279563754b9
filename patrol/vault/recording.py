"""A short recording of how a page was opened and scrolled, put together from the browser's own screencast frames."""

import asyncio
import base64
import io
from itertools import pairwise

from PIL import Image
from playwright.async_api import CDPSession

from patrol.vault.work import attempt

_QUALITY = 50
_SHORTEST, _LONGEST, _LAST = 40, 2_000, 1_000


class Recording:
    """Frames as the browser paints them, at most `most`; without any, or with `most` 0, there is no recording."""

    def __init__(self, session: CDPSession, most: int) -> None:
        self._session, self._most = session, most
        self._frames: list[tuple[float, bytes]] = []
        self._acks: set[asyncio.Task[object]] = set()

    async def start(self) -> None:
        """Begin to record."""
        if self._most:
            self._session.on("Page.screencastFrame", self._seen)
            await attempt(self._session.send("Page.startScreencast", {"format": "jpeg", "quality": _QUALITY}))

    def _seen(self, frame: dict[str, object]) -> None:
        if len(self._frames) < self._most:
            told = frame["metadata"]
            at = float(told["timestamp"]) if isinstance(told, dict) else 0.0
            self._frames.append((at, base64.b64decode(str(frame["data"]))))
        task = asyncio.ensure_future(attempt(self._session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})))
        self._acks.add(task)
        task.add_done_callback(self._acks.discard)

    async def end(self) -> bytes:
        """Stop, and return an animated WebP that plays as long as it took (pauses cut to two seconds); empty without frames."""
        if not self._most:
            return b""
        await attempt(self._session.send("Page.stopScreencast"))
        return await asyncio.to_thread(_animated, self._frames) if self._frames else b""


def _animated(frames: list[tuple[float, bytes]]) -> bytes:
    pictures = [Image.open(io.BytesIO(data)).convert("RGB") for _, data in frames]
    size = pictures[0].size
    times = [min(_LONGEST, max(_SHORTEST, round((later - at) * 1000))) for (at, _), (later, _) in pairwise(frames)]
    target = io.BytesIO()
    pictures[0].save(
        target,
        "WEBP",
        save_all=True,
        append_images=[one if one.size == size else one.resize(size) for one in pictures[1:]],
        duration=[*times, _LAST],
        quality=_QUALITY,
        method=0,
    )
    return target.getvalue()
