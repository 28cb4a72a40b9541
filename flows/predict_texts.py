"""What a model said of clips, in words, for a terminal."""

from collections.abc import Iterator

from flows.predicting import Fallen, Predicted, PredictedClip
from pipeline.sources import shown

WHY = {
    "empty": "the model said nothing",
    "cut": "the answer was cut",
    "refused": "the model declined",
    "no_label": "the answer names no label",
    "several": "the answer names several labels",
    "outside": "the answer names a label that is none of the set",
}


def predicted_text(found: Predicted) -> str:
    lines = [line for clip in found.clips for line in _clip(clip)]
    lines += [_fallen(one) for one in found.fallen]
    return "\n".join(map(shown, lines or ["there was no clip to ask about"]))


def label_of(clip: PredictedClip) -> str:
    if clip.label is not None:
        return clip.label
    return f"no label: {WHY[clip.why or 'empty']}: {clip.answer[:80]!r}"


def _clip(clip: PredictedClip) -> Iterator[str]:
    yield f"{clip.name} ({clip.start_s:.1f} to {clip.end_s:.1f} s): {label_of(clip)}"
    had = ", ".join(clip.modalities) or "nothing but words"
    yield f"  from {had}{'' if clip.text is None else f'; said: {clip.text}'}"
    if clip.reasons is not None:
        yield f"  {clip.reasons}{' [cut]' if clip.reasons_cut else ''}"


def _fallen(one: Fallen) -> str:
    return f"{one.name}: {one.stage}: {one.reason}"
