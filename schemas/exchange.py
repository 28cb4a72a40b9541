"""What was asked of a model for one row: enough to find the answer again in the answer store."""

from typing import Annotated

from pydantic import Field

from schemas.chat import Mode
from schemas.units import Row


class Exchange(Row):
    """Part of every row that a chat model made; None in rows that nobody was asked for."""

    request_id: str  # of the request whose answer was taken: the key of the answer store
    served_model: str | None  # as the endpoint names it; the model asked for stands in `made_by`
    mode: Mode  # how structure was asked for
    requests: Annotated[int, Field(ge=1)]  # 1, and one more for every answer that did not fit
