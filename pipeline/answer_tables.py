"""The tables of the answer store."""

from sqlalchemy import BigInteger, Column, Double, Integer, MetaData, String, Table, Text

STORE_VERSION = 2

metadata = MetaData()

version = Table("merr_version", metadata, Column("version", Integer, primary_key=True))


def _request() -> tuple[Column[str], ...]:
    """What a request is known by; columns belong to one table, so they are made for each."""
    return (
        Column("request_id", String(64), primary_key=True),
        Column("stage", String, nullable=False),
        Column("endpoint", String, nullable=False),
        Column("model", String, nullable=False),
    )


# One row per request that was ever about to be sent.
notes = Table(
    "notes",
    metadata,
    *_request(),
    Column("request_json", Text, nullable=False),  # media replaced by their hashes
    Column("most_prompt_tokens", BigInteger, nullable=False),
    Column("most_audio_tokens", BigInteger, nullable=False),
    Column("most_output_tokens", BigInteger, nullable=False),
    Column("most_sound_s", Double, nullable=False, server_default="0"),  # since version 2
    Column("state", String, nullable=False, index=True),  # see AnswerStore.state
    Column("holder", String),  # host/pid of the process that sent it, or the batch it is in
    Column("noted_at", String, nullable=False),  # UTC
    Column("lost", Integer, nullable=False),  # times it was sent and nobody knows what came of it
)

# One row per answer received. Nothing is ever changed or removed here.
answers = Table(
    "answers",
    metadata,
    *_request(),
    Column("tariff", String, nullable=False),  # online or batch
    Column("prompt_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("cached_tokens", BigInteger),
    Column("audio_tokens", BigInteger),
    Column("sound_s", Double),  # since version 2
    Column("answered_at", String, nullable=False),  # UTC
    Column("answer_json", Text, nullable=False),
)

# Ways of asking for structure that an endpoint said it does not know.
refused_modes = Table(
    "refused_modes",
    metadata,
    Column("endpoint", String, primary_key=True),
    Column("model", String, primary_key=True),
    Column("mode", String, primary_key=True),
)

batches = Table(
    "batches",
    metadata,
    Column("batch_id", String, primary_key=True),
    Column("endpoint", String, nullable=False),
    Column("submitted_at", String, nullable=False),  # UTC
    Column("ended", String),  # None: not collected yet; else the state it ended in
)
