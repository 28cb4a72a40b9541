"""The frame of pages that a person opens: escaping templates, numbers as text, pictures inline."""

import base64
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from jinja2 import Environment


DASH: Final = "\N{EN DASH}"  # where nothing is known


def fill(template: str, **values: Any) -> str:
    """A page from a template of pipeline/report/; whatever comes from outside is escaped."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("pipeline", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        count=count, percent=percent, number=number, picture=data_uri, readable=readable
    )
    return environment


def encode(page: str) -> bytes:
    """UTF-8. Names of files may hold bytes that are no text; those become question marks."""
    return page.encode("utf-8", "replace")


def count(value: int) -> str:
    """12345 -> "12,345"."""
    return f"{value:,}"


def percent(part: float, whole: float) -> str:
    """Share of a whole as text. A share of nothing is a dash; some is never "0 %" nor all."""
    if not whole:
        return DASH
    share = 100 * part / whole
    if 0 < share < 1:
        return "<1 %"
    if 99 < share < 100:
        return ">99 %"
    return f"{share:.0f} %"


def number(value: float | None, digits: int = 2) -> str:
    """A measure as text, or a dash where nobody measured."""
    return DASH if value is None else f"{value:.{digits}f}"


def readable(rule: str) -> str:
    """A short rule name as words: "no_face" -> "no face"."""
    return rule.replace("_", " ")


def data_uri(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')}"


def thumbnail(jpeg: bytes, *, width_px: int, quality: int = 80) -> bytes | None:
    """The picture made `width_px` wide, never larger than it was; None where it is no picture."""
    import cv2
    import numpy as np

    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) if jpeg else None
    if picture is None:
        return None
    height, width = picture.shape[:2]
    if width > width_px:
        size = (width_px, max(1, round(height * width_px / width)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    done, small = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return small.tobytes() if done else None
