"""From tables and subtitles to what was given for each video."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.given import Given, GivenSettings, GivenSpan, VideoGiven
from pipeline.given_labels import read_labels
from pipeline.given_lines import Line, Lines
from pipeline.sources import Place, shown
from pipeline.subtitles import Subtitles, find_subtitles, language_of, read_subtitles
from schemas.errors import ClipError
from schemas.failure import Failure, Rejection
from schemas.label import load_vocabulary
from schemas.video import SourceFile

_SPEECH = "speech"  # the stage that subtitles serve
Fields = dict[str, Any]  # some of the fields of a VideoGiven


@dataclass(frozen=True)
class GivenRead:
    """`rejections` are lines that nobody can use (subject "label") and videos whose labels
    conflict (subject "video"); `failures` are unreadable subtitle files (subject "label")."""

    given: Given
    rejections: tuple[Rejection, ...]
    failures: tuple[Failure, ...]


def read_given(
    files: Sequence[SourceFile], settings: GivenSettings, *, places: Sequence[Place] = ()
) -> GivenRead:
    """What was given for the hashed `files`: tables named by the settings, else those at the top
    of `places`, and subtitles beside films.

    SetupError for a table that is not there, has a wrong header or cannot be read at all.
    """
    lines = Lines(files, settings, places)
    labels, conflicts = read_labels(lines, load_vocabulary(settings.vocabulary))
    spans = _read_spans(lines)
    sentences = _read_sentences(lines)
    subtitles, damaged, failures = _read_subtitles(files, settings)
    videos: dict[str, VideoGiven] = {}
    for video_id in sorted({f.video_id for f in files if f.video_id is not None}):
        fields = {
            "labels": labels.get(video_id),
            "spans": spans.get(video_id),
            **_words(subtitles.get(video_id), sentences.get(video_id)),
        }
        known = {name: value for name, value in fields.items() if value is not None}
        if known:
            videos[video_id] = VideoGiven(**known)
    rejections = (*lines.rejections, *conflicts, *damaged)
    return GivenRead(Given(videos=videos), rejections, tuple(failures))


def _words(subtitles: Fields | None, sentence: Fields | None) -> Fields:
    """Subtitles win over a sentence, unless there is not a word in them."""
    if sentence is None or (subtitles is not None and subtitles["cues"]):
        over = {} if sentence is None else {"words_source": "subtitles over transcripts"}
        return {} if subtitles is None else {**subtitles, **over}
    return sentence


def _read_spans(lines: Lines) -> dict[str, tuple[GivenSpan, ...]]:
    found: dict[str, set[tuple[float, float]]] = defaultdict(set)
    for line in lines.of("spans"):
        try:
            span = line.span()
        except ValueError as e:
            lines.reject(line, "bad_number", str(e))
            continue
        if span is None:
            lines.reject(line, "bad_number", "it has neither start nor end; give both in seconds")
        else:
            found[line.video_id].add(span)
    return {
        video_id: tuple(GivenSpan(start_s=s, end_s=e) for s, e in sorted(spans))
        for video_id, spans in found.items()
    }


def _read_sentences(lines: Lines) -> dict[str, Fields]:
    """A line without a sentence says nothing; two different sentences cannot both be right."""
    found: dict[str, list[Line]] = defaultdict(list)
    for line in lines.of("transcripts"):
        if "sentence" in line.row.values:
            found[line.video_id].append(line)
    return {v: _sentence(said[0], lines) for v, said in found.items() if _agree(said, lines)}


def _agree(said: Sequence[Line], lines: Lines) -> bool:
    first = said[0].row.values["sentence"]
    other = next((line for line in said if line.row.values["sentence"] != first), None)
    if other is not None:
        reason = f"{said[0].at} has another sentence for this video; both are set aside, keep one"
        lines.reject(other, "transcript_conflict", reason)
    return other is None


def _sentence(line: Line, lines: Lines) -> Fields:
    tag = line.row.values.get("language")
    language = None if tag is None else language_of(tag)
    if tag is not None and language is None:
        reason = f"language {tag!r} is no code like en; the words are kept without a language"
        lines.reject(line, "bad_language", reason)
    sentence = " ".join(line.row.values["sentence"].split())
    return {"sentence": sentence, "language": language, "words_source": "transcripts"}


def _read_subtitles(
    files: Sequence[SourceFile], settings: GivenSettings
) -> tuple[dict[str, Fields], list[Rejection], list[Failure]]:
    """For films under several names, the first readable subtitles with words."""
    chosen = find_subtitles(files, settings.languages)
    found: dict[str, Fields] = {}
    damaged: list[Rejection] = []
    failures: list[Failure] = []
    for file in files:
        beside = chosen.get(file.location)
        if beside is None or file.video_id is None or found.get(file.video_id, {}).get("cues"):
            continue
        name = (file.path.rpartition("/")[0] + "/" + shown(beside.path.name)).removeprefix("/")
        try:
            subtitles = read_subtitles(beside.path, encoding=settings.encoding)
        except ClipError as e:
            failures.append(_failure(name, e))
            continue
        if subtitles.damage:
            damaged.append(_damaged(name, subtitles))
        found[file.video_id] = {
            "cues": subtitles.cues,
            "language": beside.language,
            "words_source": "subtitles",
        }
    return found, damaged, failures


def _damaged(name: str, subtitles: Subtitles) -> Rejection:
    few = f"{len(subtitles.damage)} of {subtitles.total} cues are left out as damaged"
    return Rejection(
        subject="label",
        id=name,
        stage=_SPEECH,
        rule="damaged_cue",
        reason=f"{few}; first: {subtitles.damage[0]}",
    )


def _failure(name: str, error: ClipError) -> Failure:
    return Failure(
        subject="label",
        id=name,
        stage=_SPEECH,
        error=type(error).__name__,
        reason=str(error),
        retryable=False,
    )
