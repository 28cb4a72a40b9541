"""What every route needs, put together once at the start of a server."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.responses import Response

from review.errors import ForbiddenError
from review.media_folder import MediaFolder, MediaSigner
from review.people import Person, person_of
from review.store import ReviewStore
from review.tokens import SESSION
from review.turns import Turns
from schemas.errors import MerrError

GUIDELINES: Final = "guidelines.md"


class NobodyError(MerrError):
    """The session ended, or never was: log in."""


@dataclass(frozen=True)
class House:
    store: ReviewStore
    media: MediaFolder
    secret: bytes
    guidelines: Path  # of the lead, where there is one
    turns: Turns

    @property
    def signer(self) -> MediaSigner:
        return MediaSigner(self.secret)

    def somebody(self, request: Request) -> Person:
        """NobodyError without a session."""
        token = request.cookies.get(SESSION)
        found = None if token is None else person_of(self.store, token)
        if found is None:
            raise NobodyError("log in")
        return found

    def lead(self, request: Request) -> Person:
        """ForbiddenError for who is none."""
        found = self.somebody(request)
        if not found.leads:
            raise ForbiddenError("this is for leads")
        return found


async def house_of(request: Request) -> House:
    """Not worth a thread."""
    found: House = request.app.state.house
    return found


TheHouse = Annotated[House, Depends(house_of)]


def _somebody(request: Request, house: TheHouse) -> Person:
    return house.somebody(request)


def _lead(request: Request, house: TheHouse) -> Person:
    return house.lead(request)


Somebody = Annotated[Person, Depends(_somebody)]
Lead = Annotated[Person, Depends(_lead)]


def set_cookie(request: Request, response: Response, name: str, value: str, max_age_s: int) -> None:
    """Never readable to scripts, never sent along from other sites."""
    response.set_cookie(
        name,
        value,
        max_age=max_age_s,
        path="/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
