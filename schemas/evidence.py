"""Everything measured about one clip, as items that a clue can cite."""

from typing import Literal

from schemas.units import Probability, Row, Seconds

Modality = Literal["face", "voice", "words", "scene"]


class EvidenceItem(Row):
    key: str  # what a clue cites, e.g. "face.AU12", "voice.f0_median_hz", "words.cue.0"
    modality: Modality
    value: float | None  # the measure, in `unit`
    unit: str | None
    text: str | None  # the words, or the sentence of a describing engine
    start_s: Seconds | None  # where in the clip it holds
    end_s: Seconds | None


class SpeakerVisibility(Row):
    """Does the followed mouth move when a voice is heard? A voice of one person beside the face
    of another is false evidence."""

    verdict: Literal["visible", "not_visible", "unknown"]
    agreement: float | None  # r of mouth movement against speech, -1..1
    speech_frames: int  # frames with speech and a trusted face


class Evidence(Row):
    clip_id: str
    duration_s: Seconds
    items: tuple[EvidenceItem, ...]
    speaker: SpeakerVisibility
    face_share: Probability  # frames with a trusted face / frames
    others_share: Probability  # frames with more than one face / frames
    makers: tuple[str, ...]  # "stage engine version" of every annotation that went in
    flags: tuple[str, ...]  # e.g. "speaker_not_visible", "several_faces", "proxy_action_units"

    def item(self, key: str) -> EvidenceItem | None:
        return next((item for item in self.items if item.key == key), None)
