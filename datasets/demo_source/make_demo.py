"""Make the demo clips: `python datasets/demo_source/make_demo.py --out datasets/demo`."""

import argparse
import csv
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final, Literal

import numpy as np
from curves import Bump, Curve, bump_curve, speech_curve
from film import FPS, write_film, write_still
from head import Head, load_head, render_head
from photo import Picture, Portrait, load_picture, load_portrait, pan, warp_portrait
from voice import Line, require_espeak, speak, subtitle

SOURCE: Final = Path(__file__).parent / "source"
STILL: Final = ("portrait.jpg", "smile", 0.6)  # file, drive, value


@dataclass(frozen=True)
class Plan:
    """One clip; times in frames of 1/25 s."""

    name: str
    actor: Literal["photograph", "rendered", "rocket"]
    frames: int
    label: str
    drives: dict[str, Bump] = field(default_factory=dict)
    line: Line | None = None
    words_in: Literal["srt", "csv"] = "srt"
    pitch: float = 0.0  # degrees the rendered head is lowered by at the peak


PLANS: Final = (
    Plan("smile", "photograph", 75, "happy", {"smile": Bump(12, 46, 88)},
         Line("It worked! It really worked!", 0.3, "en-us+f3", 165, 62, 130)),
    Plan("surprise", "photograph", 70, "surprise",
         {"brows": Bump(14, 40, 74), "mouth_open": Bump(18, 40, 66)},
         Line("Wow! You are here already?", 0.5, "en-us+f3", 155, 64, 130)),
    Plan("goodbye", "photograph", 90, "happy", {"smile": Bump(2, 28, 56)},
         Line("Thank you all for coming. See you next week.", 0.5, "en-us+f3", 165, 52, 100),
         words_in="csv"),
    Plan("calm", "rendered", 85, "neutral", {"brows": Bump(52, 69, 90, height=0.25)},
         Line("The meeting starts at ten in room four.", 0.4, "en-us+m3", 165, 38, 90)),
    # He is sad from the start and sighs after his words.
    Plan("sad", "rendered", 90, "sad",
         {"brows_inner": Bump(-140, 78, 150), "corners_down": Bump(-140, 78, 150, height=0.8),
          "mouth_open": Bump(68, 78, 92, height=0.64)},
         Line("I waited all day, and nobody called.", 0.3, "en-us+m3", 140, 20, 60), pitch=1.5),
    Plan("angry", "rendered", 75, "angry",
         {"brows_down": Bump(8, 41, 74), "mouth_open": Bump(30, 41, 54)},
         Line("No! I told you to stop that!", 0.3, "en-us+m3", 190, 50, 150)),
    Plan("silent", "rendered", 60, "happy", {"smile": Bump(10, 33, 66)}),
    Plan("rocket", "rocket", 75, "neutral", {},
         Line("The rocket stands ready on the launch pad.", 0.5, "en-us+f3", 160, 45, 100)),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Actors:
    portrait: Portrait
    head: Head
    rocket: Picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write the clips to")
    parser.add_argument("--only", choices=[plan.name for plan in PLANS], help="make one clip again")
    wanted = parser.parse_args()
    out: Path = wanted.out
    require_espeak()
    out.mkdir(parents=True, exist_ok=True)
    if wanted.only is not None:
        _make(next(plan for plan in PLANS if plan.name == wanted.only), out)
        return
    with ProcessPoolExecutor() as pool:
        made = list(pool.map(_make, PLANS, [out] * len(PLANS)))
    name, drive, value = STILL
    write_still(out / name, warp_portrait(_actors().portrait, {drive: value}, sway=np.zeros(2)))
    _write_tables(out, {plan.name: curves for plan, curves in zip(PLANS, made, strict=True)})


@cache
def _actors() -> Actors:
    """Once per process."""
    rocket = load_picture(SOURCE / "rocket.jpg")
    return Actors(load_portrait(SOURCE), load_head(SOURCE), rocket)


def _make(plan: Plan, out: Path) -> dict[str, Curve]:
    """Write one clip and its subtitles; its curves come back."""
    curves = {name: bump_curve(bump, plan.frames) for name, bump in plan.drives.items()}
    samples = None
    if plan.line is not None:
        samples = speak(plan.line, plan.frames / FPS)
        if plan.actor == "rendered":
            curves["speech"] = speech_curve(samples, plan.frames)
        if plan.words_in == "srt":
            (out / f"{plan.name}.srt").write_text(subtitle(plan.line, samples))
    write_film(out / f"{plan.name}.mp4", _pictures(plan, curves), samples)
    print(f"{plan.name}: {plan.frames} frames", flush=True)
    return curves


def _pictures(plan: Plan, curves: dict[str, Curve]) -> Iterator[Picture]:
    actors = _actors()
    for i in range(plan.frames):
        drives = {name: float(curve[i]) for name, curve in curves.items()}
        time = i / FPS
        swing, nod = np.sin(1.9 * time + len(plan.name)), np.sin(1.3 * time)
        if plan.actor == "photograph":
            yield warp_portrait(actors.portrait, drives, sway=np.array([swing, 0.7 * nod]))
        elif plan.actor == "rendered":
            lowered = plan.pitch * max(drives[name] for name in plan.drives)
            yield render_head(actors.head, drives, yaw=0.9 * swing, pitch=0.5 * nod + lowered)
        else:
            along = i / (plan.frames - 1)
            centre = np.array([330.0 - 15 * along, 250.0 - 35 * along])
            yield pan(actors.rocket, centre=centre, width=600.0 - 90 * along)


def _write_tables(out: Path, curves: dict[str, dict[str, Curve]]) -> None:
    labels = [(f"{plan.name}.mp4", plan.label) for plan in PLANS] + [(STILL[0], "happy")]
    _write(out / "labels.csv", ("name", "label"), labels)
    said = [(f"{p.name}.mp4", p.line.words, "en") for p in PLANS if p.line and p.words_in == "csv"]
    _write(out / "transcripts.csv", ("name", "sentence", "language"), said)
    values = [
        (f"{clip}.mp4", frame, drive, f"{value:.4f}")
        for clip, drives in curves.items()
        for drive, curve in drives.items()
        for frame, value in enumerate(curve)
    ]
    _write(out / "expression_curves.csv", ("clip", "frame", "drive", "value"), values)


def _write(path: Path, header: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
