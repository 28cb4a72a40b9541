"""What the answer store tells of requests: their most tokens, those in flight, open batches."""

from schemas.units import Row


class Most(Row):
    """The most tokens that one call may take."""

    prompt_tokens: int  # those of sound are part of these
    audio_tokens: int = 0
    output_tokens: int
    sound_s: float = 0.0


class Note(Row):
    """A request that was sent and has no answer yet."""

    request_id: str
    stage: str
    endpoint: str
    model: str
    holder: str | None  # host/pid of the process that sent it
    noted_at: str  # UTC


class OpenBatch(Row):
    """A batch that was submitted and is not collected yet."""

    batch_id: str
    endpoint: str
    submitted_at: str  # UTC
    requests: int


class Unconfirmed(Row):
    """A batch that was being submitted when its process ended; nobody noted an id."""

    held_as: str  # what stands in the place of the id
    mark: str  # that the endpoint was told with the batch
    holder: str  # host/pid of the process
    endpoint: str
    submitted_at: str  # UTC
