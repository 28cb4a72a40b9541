"""What people gave for their videos: labels, words and spans, and what of it holds for a clip."""

from collections.abc import Collection
from pathlib import Path
from typing import Literal, Self

from pydantic import Field

from pipeline.keys import digest
from pipeline.subtitles import cues_within
from schemas.clip import Clip
from schemas.speech import Cue, Transcript
from schemas.units import Row, Seconds

WordsSource = Literal["subtitles", "transcripts", "subtitles over transcripts"]


class GivenSettings(Row):
    labels: Path | None = Field(
        default=None,
        description="Labels: a table `name,label[,valence][,start,end]` or a MERR list (.txt); "
        "without it, labels.csv beside the source.",
    )
    transcripts: Path | None = Field(
        default=None,
        description="Words: a table `name,sentence[,language]`; "
        "without it, transcripts.csv beside the source.",
    )
    spans: Path | None = Field(
        default=None,
        description="Spans to cut: a table `name,start,end` in seconds; "
        "without it, spans.csv beside the source.",
    )
    vocabulary: str = Field(
        default="merr9", description="Labels that are known: a shipped vocabulary or a .toml file."
    )
    languages: tuple[str, ...] = Field(
        default=("en",),
        description="Which subtitles to take when a film has several, the first wish first.",
    )
    encoding: str | None = Field(
        default=None,
        description="Encoding of subtitles and tables that are not Unicode; without it, a guess.",
    )


class GivenSpan(Row):
    start_s: Seconds  # from the start of the video
    end_s: Seconds


class GivenLabel(Row):
    label: str
    valence: float | None
    start_s: Seconds | None  # from the start of the video; None: the whole video
    end_s: Seconds | None
    source: str  # the table that says so


class VideoGiven(Row):
    labels: tuple[GivenLabel, ...] = ()
    spans: tuple[GivenSpan, ...] = ()  # sorted
    cues: tuple[Cue, ...] | None = None  # from the start of the video; None: no subtitles
    sentence: str | None = None  # the words of the whole video, without times
    language: str | None = None
    words_source: WordsSource | None = None


class Given(Row):
    """What was given, by video_id; a video for which nothing was given is absent."""

    videos: dict[str, VideoGiven]

    def only(self, video_ids: Collection[str]) -> Self:
        """What concerns these videos, e.g. those of one shard."""
        kept = {v: given for v, given in self.videos.items() if v in video_ids}
        return self.model_copy(update={"videos": kept})

    def digest(self) -> str:
        """sha256 of the canonical JSON: equal content, equal digest, in whatever order found."""
        return digest(self.model_dump(mode="json"))


def words_of(given: Given, clip: Clip) -> Transcript | None:
    """The words given for a clip, in seconds from its start; None when there are none.

    Of subtitles, the cues that lie in the clip with at least half of their length. A sentence
    without times is for the whole video, and so for the clip that is the whole video.
    """
    video = given.videos.get(clip.video_id)
    if video is None:
        return None
    if video.cues:
        cues = cues_within(video.cues, clip.start_s, clip.end_s)
        return _transcript(cues, video.language, "subtitles") if cues else None
    if video.sentence is None or clip.rule != "whole":
        return None
    cue = Cue(start_s=None, end_s=None, text=video.sentence)
    return _transcript((cue,), video.language, "transcripts")


def _transcript(cues: tuple[Cue, ...], language: str | None, source: str) -> Transcript:
    text = " ".join(cue.text for cue in cues)
    return Transcript(text=text, language=language, source=source, cues=cues)


def labels_of(given: Given, clip: Clip) -> tuple[GivenLabel, ...]:
    """Labels of the whole video, and those whose span covers at least half of the clip.

    Two different labels come back only when each covers exactly half.
    """
    video = given.videos.get(clip.video_id)
    labels = video.labels if video is not None else ()
    return tuple(label for label in labels if _covers(label, clip))


def labels_without_clip(video: VideoGiven, clips: Collection[Clip]) -> tuple[GivenLabel, ...]:
    """Labels of a span that no clip of the video lies in with at least half of its length."""
    spans = [label for label in video.labels if label.start_s is not None]
    return tuple(label for label in spans if not any(_covers(label, clip) for clip in clips))


def _covers(label: GivenLabel, clip: Clip) -> bool:
    if label.start_s is None or label.end_s is None:
        return True
    shared_s = min(label.end_s, clip.end_s) - max(label.start_s, clip.start_s)
    return shared_s > 0 and shared_s >= clip.duration_s / 2 - 1e-6  # clips are cut to microseconds
