"""Media of a clip: by an address signed for one reviewer, with ranges, and nothing else."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import FileResponse

from review.errors import MissingError
from review.house import House, Somebody, TheHouse
from review.media_folder import KINDS, TYPES, MediaKind
from review.people import Person
from schemas.units import Row

router = APIRouter(tags=["media"])


class MediaLinks(Row):
    """None: was not prepared, or there is none of a still."""

    clip: str | None
    peak: str | None
    tracks: str | None
    sound: str | None  # of a clip whose film is elsewhere


def links_of(house: House, person: Person, clip_id: str) -> MediaLinks:
    ready = house.media.kinds_of(clip_id)
    return MediaLinks(**{kind: _link(house, person, clip_id, kind, ready) for kind in KINDS})


def _link(
    house: House, person: Person, clip_id: str, kind: MediaKind, ready: tuple[MediaKind, ...]
) -> str | None:
    if kind not in ready:
        return None
    return f"/media/{house.signer.sign(person.person_id, clip_id, kind)}"


@router.get("/media/{token}", response_class=FileResponse)
def medium(
    token: Annotated[str, Path(max_length=100)], person: Somebody, house: TheHouse
) -> FileResponse:
    """404 for an address that was signed for somebody else, as for one that nobody signed."""
    found = house.signer.read(person.person_id, token)
    if found is None:
        raise MissingError("there is no such medium")
    clip_id, kind = found
    path = house.media.path(clip_id, kind)
    if not path.is_file():
        raise MissingError("this medium is not there any more: run merr review prepare")
    return FileResponse(
        path, media_type=TYPES[kind], headers={"cache-control": "private, max-age=600"}
    )
