"""Who made a row: part of every annotation."""

from schemas.units import Row


class Maker(Row):
    engine: str  # e.g. "mesh", "prosody", "template"
    version: str  # of our code around it: changes when the same input would get another answer
    model: str | None = None  # name and digest of the weights or service model
    prompt: str | None = None  # sha256 of the template that asked, or of the norms
