"""The application: routes, refusals, and the shield around them."""

from collections.abc import Iterable

from fastapi import FastAPI

from review import route_account, route_lead, route_media, route_page, route_work
from review.house import House
from review.page_files import page_files
from review.refusals import REFUSALS, refuse
from review.shield import Shield


def make_app(house: House, *, names: Iterable[str]) -> FastAPI:
    """`names`: what this server may be called by; a request for any other is refused."""
    app = FastAPI(
        title="merr review",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,
        responses=REFUSALS,
    )
    app.state.house = house
    app.state.page_files = page_files()
    for part in (route_account, route_work, route_lead, route_media, route_page):
        app.include_router(part.router)
    refuse(app)
    app.add_middleware(Shield, secret=house.secret, names=tuple(names))
    return app
