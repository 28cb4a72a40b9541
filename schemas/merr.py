"""What MERR's own files say of a clip, and the list of what was imported into a work folder."""

from schemas.failure import Rejection
from schemas.sample import Tier
from schemas.units import Row


class MerrRecord(Row):
    """One entry of one JSON file, with its line of the list and of the transcripts.

    A field is None where the file says nothing of it, or nothing that fits its type; then what it
    says is in `unread_json`.
    """

    name: str
    tiers: tuple[Tier, ...]  # whose text it has a key for
    AU_list: tuple[str, ...] | None
    visual_prior_list: tuple[str, ...] | None
    audio_prior_list: str | None
    peak_index: int | None
    peak_AU_list: tuple[str, ...] | None
    pseu_emotion: str | None  # as the vocabulary spells it
    text: str | None
    caption: str | None
    smp_reason_caption: str | None
    list_labels: tuple[str, ...]  # third column of its lines, as the vocabulary spells them
    frames: int | None  # second column of the list
    valence: float | None  # fourth column
    unread_json: str | None  # {"json": {key: value}, "list": {column: cell}, "sentence": ...}


class DirtCount(Row):
    kind: str  # see docs/formats.md
    count: int


class ImportedFile(Row):
    """A JSON file that was imported."""

    name: str  # as the books call it
    json_file: str  # where it lay
    lists: tuple[str, ...]
    transcripts: str | None
    records_key: str  # name of the part of its records
    records: int
    dirt: tuple[DirtCount, ...]  # by kind
    unused: tuple[Rejection, ...]  # lines of tables, and entries, that came to nothing


class ImportLedger(Row):
    """Everything that is imported now, and the part of the samples made of it."""

    files: tuple[ImportedFile, ...]  # by name
    samples_key: str
