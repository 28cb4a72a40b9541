"""What the page shows of a clip, ready to be sent: all of it was written by us.

A reviewer's address of a medium is signed for that reviewer. What is sent lies in one folder under
a name made of 32 hex digits and one of four endings, so no request can name a path.
"""

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from pipeline.layout import WorkFolder

MediaKind = Literal["clip", "peak", "tracks", "sound"]  # sound: where there is no film
KINDS: Final[tuple[MediaKind, ...]] = get_args(MediaKind)
SUFFIX: Final[dict[MediaKind, str]] = {
    "clip": ".mp4",
    "peak": ".jpg",
    "tracks": ".json",
    "sound": ".ogg",
}
TYPES: Final[dict[MediaKind, str]] = {
    "clip": "video/mp4",
    "peak": "image/jpeg",
    "tracks": "application/json",
    "sound": "audio/ogg",
}
_CLIP_ID: Final = re.compile("[0-9a-f]{32}")
_SIGNATURE: Final = 16  # bytes of HMAC-SHA256


def review_folder(work: WorkFolder) -> Path:
    return work.root / "review"


@dataclass(frozen=True)
class MediaFolder:
    root: Path

    @classmethod
    def of(cls, work: WorkFolder) -> "MediaFolder":
        return cls(review_folder(work) / "media")

    def path(self, clip_id: str, kind: MediaKind) -> Path:
        """ValueError for what is no clip_id."""
        if not _CLIP_ID.fullmatch(clip_id):
            raise ValueError(f"{clip_id!r} is no clip_id: 32 hex digits are")
        return self.root / f"{clip_id}{SUFFIX[kind]}"

    def kinds_of(self, clip_id: str) -> tuple[MediaKind, ...]:
        """What is ready of a clip; nothing where it was not prepared."""
        return tuple(kind for kind in KINDS if self.path(clip_id, kind).is_file())


@dataclass(frozen=True)
class MediaSigner:
    """Addresses of media that hold for one reviewer alone."""

    secret: bytes

    def sign(self, person_id: str, clip_id: str, kind: MediaKind) -> str:
        body = bytes([KINDS.index(kind)]) + bytes.fromhex(clip_id)
        return _text(body + self._mark(person_id, body))

    def read(self, person_id: str, token: str) -> tuple[str, MediaKind] | None:
        """(clip_id, kind) of an address that we signed for this reviewer, else None."""
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            return None
        body, mark = raw[:17], raw[17:]
        if len(body) < 17 or not hmac.compare_digest(mark, self._mark(person_id, body)):
            return None
        return body[1:].hex(), KINDS[body[0]]

    def _mark(self, person_id: str, body: bytes) -> bytes:
        told = b"media\0" + person_id.encode() + b"\0" + body
        return hmac.new(self.secret, told, hashlib.sha256).digest()[:_SIGNATURE]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
