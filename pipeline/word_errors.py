"""Word and character error rate of what an engine heard, against given transcripts."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from pathlib import Path
from typing import Final

from annotators.models.edits import Edits, character_edits, word_edits
from pipeline.chain import Chain
from pipeline.names import Ambiguous, NamedRow, NameIndex, Unmatched, read_named_rows
from schemas.clip import Clip
from schemas.speech import Speech

NORMALISATION: Final = (
    "Unicode NFKC, lower case, no punctuation or symbols, no apostrophes inside words; scripts "
    "without spaces (Chinese, Japanese, Thai, Khmer, Lao, Burmese) by characters; "
    "numbers as written"
)
_COLUMNS: Final = ("name", "sentence", "language")
_APOSTROPHE = re.compile("(?<=\\w)['\u2018\u2019\u02bc\uff07](?=\\w)")
_UNSPACED = re.compile("([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff])")


@dataclass(frozen=True)
class ClipErrors:
    name: str
    clip_id: str
    reference: str  # both as they were compared
    heard: str
    words: Edits
    characters: Edits


@dataclass(frozen=True)
class WordErrors:
    """Clips that only one side knows are in none of the rates."""

    clips: tuple[ClipErrors, ...]
    not_heard: tuple[str, ...]  # names with a reference that no engine listened to
    without_reference: tuple[str, ...]  # names that an engine listened to
    unusable: tuple[str, ...]  # lines of the table, each with the reason

    @property
    def words(self) -> Edits:
        return reduce(add, (clip.words for clip in self.clips), Edits())

    @property
    def characters(self) -> Edits:
        return reduce(add, (clip.characters for clip in self.clips), Edits())


def count_errors(chain: Chain, table: Path) -> WordErrors:
    """Compares `table` (`name,sentence[,language]`; a name is that of a file or a clip_id) with
    the words that an engine heard in clips that are whole videos.

    Where an engine listened and heard nothing, every word of the reference is deleted. Words that
    were given are no answer of an engine, and are never compared. SetupError for a table that
    cannot be read.
    """
    clips = {clip.clip_id: clip for shard in chain.shards() for clip in chain.clips(shard)}
    heard = {clip_id: words for clip_id, words in _heard(chain) if clip_id in clips}
    lines = _Lines(chain, clips)
    references = lines.read(table)
    compared, not_heard = [], []
    for clip_id, sentence in references.items():
        if clip_id in heard:
            name = _name(chain, clips[clip_id])
            compared.append(_compare(name, clip_id, sentence, heard[clip_id]))
        else:
            not_heard.append(_name(chain, clips[clip_id]))
    rest = [_name(chain, clips[clip_id]) for clip_id in heard if clip_id not in references]
    return WordErrors(tuple(compared), tuple(not_heard), tuple(rest), tuple(lines.unusable))


def normalised(text: str) -> str:
    """Words between single spaces; see NORMALISATION."""
    text = _APOSTROPHE.sub("", unicodedata.normalize("NFKC", text).casefold())
    kept = "".join(" " if unicodedata.category(c)[0] in "PSC" else c for c in text)
    return " ".join(_UNSPACED.sub(r" \1 ", kept).split())


def _compare(name: str, clip_id: str, sentence: str, words: str) -> ClipErrors:
    reference, heard = normalised(sentence), normalised(words)
    return ClipErrors(
        name=name,
        clip_id=clip_id,
        reference=reference,
        heard=heard,
        words=word_edits(reference, heard),
        characters=character_edits(reference.replace(" ", ""), heard.replace(" ", "")),
    )


def _heard(chain: Chain) -> Iterator[tuple[str, str]]:
    """clip_id and the engine's words of every clip that an engine was asked about."""
    for shard in chain.shards():
        for clip_id, speech in chain.rows("speech", shard).items():
            if speech.left_out is not None:
                yield clip_id, _words(speech)


def _words(speech: Speech) -> str:
    told = speech.heard or speech.transcript
    return told.text if told is not None and told.source == speech.made_by.engine else ""


def _name(chain: Chain, clip: Clip) -> str:
    """The file of a clip that is a whole video; with its start, where it is a part."""
    return chain.names_of(clip.video_id if clip.rule == "whole" else clip.clip_id)[0]


@dataclass
class _Lines:
    """References by clip_id, out of lines that name a video or a clip."""

    chain: Chain
    clips: dict[str, Clip]
    unusable: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._index = NameIndex(self.chain.catalog.files)
        self._whole = {c.video_id: c.clip_id for c in self.clips.values() if c.rule == "whole"}

    def read(self, table: Path) -> dict[str, str]:
        found: dict[str, str] = {}
        for row in read_named_rows(table, _COLUMNS, required=2):
            clip_id = self._clip_id(row)
            sentence = row.values.get("sentence", "")
            if clip_id is None:
                continue
            if not normalised(sentence):
                self._refuse(row, "has no word to compare")
            elif found.setdefault(clip_id, sentence) != sentence:
                self._refuse(row, "another line has another sentence; that one was taken")
        return found

    def _clip_id(self, row: NamedRow) -> str | None:
        video_id = row.damage or self._index.resolve(row.name)
        if row.damage:
            self._refuse(row, row.damage)
        elif row.name.strip() in self.clips:
            return row.name.strip()
        elif isinstance(video_id, Unmatched):
            self._refuse(row, "is neither a file of this work folder nor a clip_id")
        elif isinstance(video_id, Ambiguous):
            self._refuse(row, f"may be {' or '.join(video_id.candidates)}")
        elif str(video_id) not in self._whole:
            self._refuse(row, "was cut into clips or gave none; name a clip_id")
        else:
            return self._whole[str(video_id)]
        return None

    def _refuse(self, row: NamedRow, why: str) -> None:
        self.unusable.append(f"line {row.line} {row.name.strip()}: {why}")
