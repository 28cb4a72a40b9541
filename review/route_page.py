"""The page itself: HTML files without data, their styles and modules, and what leads wrote."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import RedirectResponse, Response

from review.errors import MissingError
from review.house import Somebody, TheHouse
from review.labels import LabelMeaning, meanings
from review.page_files import PAGES
from schemas.units import Row

router = APIRouter(tags=["page"])


class Guidelines(Row):
    """Plain text; None: the lead wrote none, the page shows its own."""

    text: str | None


def _send(request: Request, name: str) -> Response:
    found = request.app.state.page_files.get(name)
    if found is None:
        raise MissingError("there is no such page")
    content, kind = found
    return Response(content, media_type=kind, headers={"cache-control": "no-cache"})


@router.get("/", include_in_schema=False)
def start() -> Response:
    return RedirectResponse("/queues")


@router.get("/favicon.ico", include_in_schema=False)
def no_icon() -> Response:
    return Response(status_code=204)


@router.get("/page/{name:path}", include_in_schema=False)
def page_file(name: Annotated[str, Path(max_length=100)], request: Request) -> Response:
    return _send(request, name)


@router.get("/api/guidelines")
def guidelines(_: Somebody, house: TheHouse) -> Guidelines:
    if not house.guidelines.is_file():
        return Guidelines(text=None)
    return Guidelines(text=house.guidelines.read_text("utf-8", errors="replace"))


@router.get("/api/labels")
def label_meanings(_: Somebody) -> list[LabelMeaning]:
    """What the labels mean, in both languages; labels of other vocabularies are not among them."""
    return meanings()


@router.get("/{name}", include_in_schema=False)
def page(name: Annotated[str, Path(max_length=20)], request: Request) -> Response:
    if name not in PAGES:
        raise MissingError("there is no such page")
    return _send(request, f"{name}.html")
