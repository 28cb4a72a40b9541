"""What Emotion-LLaMA's loader does with its files (first_face.py), without its models and media.

Its steps and what stops it: a list split at single blanks, a label out of nine, a name looked up in
a JSON, the first sentence of that name in a table read by pandas.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd

LABELS = ("neutral", "angry", "happy", "sad", "worried", "surprise", "fear", "contempt", "doubt")
JSON = {
    "reason": ("MERR_coarse_grained.json", "caption"),
    "reason_v2": ("MERR_fine_grained.json", "smp_reason_caption"),
}


class EmotionLlama:
    """Raises what the loader raises: KeyError, IndexError, or no JSON at all."""

    def __init__(self, folder: Path, list_name: str) -> None:
        with (folder / list_name).open() as lines:
            self.items = [line.strip().split(" ") for line in lines]
        self.texts: dict[str, Any] = {}
        for task, (name, key) in JSON.items():
            with (folder / name).open("r") as file:
                self.texts[task] = (json.load(file), key)
        self.lines = pd.read_csv(folder / "transcription_en_all.csv")

    def item(self, number: int, task: str) -> dict[str, Any]:
        found = self.items[number]
        name = found[0]
        answer = found[2]
        if task != "emotion":
            entries, key = self.texts[task]
            answer = entries[name][key]
        sentence = self.lines.loc[self.lines["name"] == name, "sentence"].values[0]
        return {
            "image": f"{name}.mp4",
            "answer": answer,
            "emotion": {label: i for i, label in enumerate(LABELS)}[found[2]],
            "words": f"The person in video says: {sentence}. ",
        }

    def all(self, task: str) -> list[dict[str, Any]]:
        return [self.item(number, task) for number in range(len(self.items))]
