"""How well the face engine `mesh` agrees with recorded OpenFace output, by rules fixed beforehand.

Usage: python benchmarks/au_agreement.py CLIPS OPENFACE

CLIPS holds videos, OPENFACE one FeatureExtraction CSV per video (same stem). The rules:

* Which clips and action units count is chosen from OpenFace's CSV alone: clips with one face in
  which it succeeds on at least 90 % of the frames, and units whose standard deviation over those
  frames is above 0.25. OpenFace writes one face even where there are two, so the clips with
  several people are named here.
* Compared are the frames on which OpenFace succeeds. Where we have no value there, ours counts as
  rest (0); a unit that we do not give counts as r = 0. `coverage` is the share of these frames on
  which we trust a face.
* `r` is Pearson's, within a clip. `specific_r` is r after the clip's first principal component of
  OpenFace's units was removed from both sides: what is left when "something moves" is not enough.
* The baseline is one signal for everything: OpenFace's own AU12 in place of every unit.
* Persons weigh equally: the three figures at the end are weighted medians (coverage: mean), every
  person's cells having the same total weight.
* The peak is found by merr's default rule on both sides. Its distance to OpenFace's stands beside
  chance: the mean distance of all frames on which we trust a face, and the share of them that lies
  within 0.2 s.

Read the figures with care. These are proxies, and the four clips are the ones on which the
formulas were chosen (in-sample). On other people's faces, 15 clips that cannot be passed on, the
same study found a median r of 0.2 to 0.33, and no peak rule that beat chance.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from annotators.base import FrameBatch
from annotators.face import FaceListener
from annotators.models.mesh import load_mesh_models
from pipeline.peak import PeakSettings, find_peak
from schemas.au import INTENSITY_AUS, PRESENCE_AUS
from schemas.face import FaceTrack

LEAST_SD = 0.25
LEAST_SUCCESS = 0.9
SEVERAL_PEOPLE = ("two_people",)
BASELINE_AU = "AU12"
NEAR_S = 0.2  # a peak this close to OpenFace's is the same peak
FRAMES_PER_BATCH = 8
VIDEO_SUFFIXES = (".mp4", ".mov", ".mkv", ".avi", ".webm")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cell:
    """One action unit in one clip."""

    person: str
    clip: str
    au: str
    r: float
    specific_r: float
    baseline_r: float
    baseline_specific_r: float


@dataclass(frozen=True)
class PeakDistance:
    """How far our peak of one clip lies from OpenFace's, in seconds, and what chance would do."""

    clip: str
    ours_s: float
    openface_s: float
    distance_s: float
    chance_s: float
    chance_near: float  # probability that a frame drawn at random lies within NEAR_S


def person_of(clip: str) -> str:
    """Who is seen: the first word of a clip's name (man_smile, woman_crying)."""
    return clip.split("_")[0]


def read_openface(path: Path) -> pd.DataFrame:
    """Rows of a FeatureExtraction CSV; header and cells may carry spaces."""
    table = pd.read_csv(path, skipinitialspace=True)
    table.columns = table.columns.str.strip()
    return table


def is_judged(clip: str, openface: pd.DataFrame) -> bool:
    return clip not in SEVERAL_PEOPLE and openface["success"].mean() >= LEAST_SUCCESS


def frames_of(video: Path) -> Iterator[FrameBatch]:
    """Frames as shown in presentation order, a few at a time."""
    held: list[tuple[float, NDArray[np.uint8]]] = []
    index = 0
    with av.open(str(video)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        for frame in container.decode(video=0):
            held.append((float(frame.time or 0), frame.to_ndarray(format="rgb24")))
            if len(held) == FRAMES_PER_BATCH:
                yield batch_of(index, held)
                index += len(held)
                held = []
    if held:
        yield batch_of(index, held)


def batch_of(index: int, held: list[tuple[float, NDArray[np.uint8]]]) -> FrameBatch:
    t_s = np.array([t for t, _ in held], np.float64)
    return FrameBatch(index, t_s, np.stack([picture for _, picture in held]))


def track_of(video: Path) -> FaceTrack:
    listener = FaceListener(video.stem, load_mesh_models())
    for batch in frames_of(video):
        listener.feed(batch)
    return listener.finish()


def correlation(a: Floats, b: Floats) -> float:
    """Pearson's r; 0 where one side does not vary."""
    if a.std() < 1e-9 or b.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def first_component(units: Floats) -> Floats:
    """[T, A] -> [T] unit vector: how strongly each frame shows the clip's main movement."""
    left, _, _ = np.linalg.svd(units - units.mean(axis=0), full_matrices=False)
    return np.asarray(left[:, 0])


def without(component: Floats, values: Floats) -> Floats:
    centred = values - values.mean()
    return np.asarray(centred - component * (component @ centred))


def compare(clip: str, openface: pd.DataFrame, track: FaceTrack) -> list[Cell]:
    """Every judged action unit of one clip."""
    if len(openface) != len(track.t_s):
        raise SystemExit(f"{clip}: OpenFace has {len(openface)} rows, we {len(track.t_s)} frames")
    seen = openface["success"].to_numpy() == 1
    theirs = {au: openface[f"{au}_r"].to_numpy(np.float64)[seen] for au in INTENSITY_AUS}
    component = first_component(np.stack(list(theirs.values()), axis=1))
    cells = []
    for au in [au for au, values in theirs.items() if values.std(ddof=1) > LEAST_SD]:
        ours = np.array([value or 0.0 for value in track.intensity(au)])[seen]
        pairs = [ours, theirs[BASELINE_AU]]
        plain = [correlation(side, theirs[au]) for side in pairs]
        rest = without(component, theirs[au])
        specific = [correlation(without(component, side), rest) for side in pairs]
        cells.append(Cell(person_of(clip), clip, au, plain[0], specific[0], plain[1], specific[1]))
    return cells


def peak_distance(clip: str, openface: pd.DataFrame, track: FaceTrack) -> PeakDistance | None:
    """None where one side finds no peak."""
    settings = PeakSettings()
    peaks = [find_peak(side, settings).moment for side in (track, as_track(openface, track))]
    if peaks[0] is None or peaks[1] is None:
        return None
    ours, theirs = (peak.t_s for peak in peaks if peak is not None)
    away = np.abs(np.array(track.t_s)[np.array(track.success)] - theirs)
    near = float((away <= NEAR_S).mean())
    return PeakDistance(clip, ours, theirs, abs(ours - theirs), float(away.mean()), near)


def as_track(openface: pd.DataFrame, ours: FaceTrack) -> FaceTrack:
    """OpenFace's rows in the form of our track, so that one rule finds both peaks."""
    intensities = {f"{au.lower()}_r": tuple(openface[f"{au}_r"]) for au in INTENSITY_AUS}
    presences = {f"{au.lower()}_c": tuple(openface[f"{au}_c"] == 1) for au in PRESENCE_AUS}
    seen = {"success": tuple(openface["success"] == 1), "confidence": tuple(openface["confidence"])}
    return ours.model_copy(update={"proxy": False, **seen, **intensities, **presences})


def coverage(openface: pd.DataFrame, track: FaceTrack) -> float:
    seen = openface["success"].to_numpy() == 1
    return float(np.array(track.success)[seen].mean())


def weighted_median(values: pd.Series, persons: pd.Series) -> float:
    """Median in which every person's values have the same total weight."""
    order = np.argsort(values.to_numpy(), kind="stable")
    weights = (1 / persons.groupby(persons).transform("size")).to_numpy()[order]
    reached = np.cumsum(weights)
    middle = int(np.searchsorted(reached, reached[-1] / 2))
    return float(values.to_numpy()[order][middle])


def main(clips: Path, recorded: Path) -> None:
    cells: list[Cell] = []
    covered: dict[str, list[float]] = {}
    peaks: list[PeakDistance] = []
    for video in sorted(p for p in clips.iterdir() if p.suffix in VIDEO_SUFFIXES):
        csv = recorded / f"{video.stem}.csv"
        if not csv.exists() or not is_judged(video.stem, openface := read_openface(csv)):
            continue
        track = track_of(video)
        cells += compare(video.stem, openface, track)
        distance = peak_distance(video.stem, openface, track)
        peaks += [] if distance is None else [distance]
        share = coverage(openface, track)
        covered.setdefault(person_of(video.stem), []).append(share)
        print(f"{video.stem}: {len(openface)} frames, coverage {share:.3f}")
    table = pd.DataFrame(cells)
    print(table.round(2).to_string(index=False))
    report_peaks(peaks)
    report(table, covered)


def report_peaks(peaks: list[PeakDistance]) -> None:
    print(pd.DataFrame(peaks).round(2).to_string(index=False))
    near = sum(peak.distance_s <= NEAR_S for peak in peaks)
    expected = sum(peak.chance_near for peak in peaks)
    print(f"peaks within {NEAR_S} s of OpenFace's: {near} of {len(peaks)}", end=", ")
    print(f"by chance {expected:.1f}; median distance", end=" ")
    print(f"{np.median([peak.distance_s for peak in peaks]):.2f} s", end=", ")
    print(f"by chance {np.median([peak.chance_s for peak in peaks]):.2f} s")


def report(table: pd.DataFrame, covered: dict[str, list[float]]) -> None:
    for column in ("baseline_r", "baseline_specific_r"):
        print(f"{column} {weighted_median(table[column], table['person']):.3f}")
    print(f"cells {len(table)}, unweighted: median_r {table['r'].median():.3f}", end=", ")
    print(f"specific_r {table['specific_r'].median():.3f}", end=", ")
    print(f"baseline_specific_r {table['baseline_specific_r'].median():.3f}")
    print(f"coverage {np.mean([np.mean(shares) for shares in covered.values()]):.3f}")
    print(f"specific_r {weighted_median(table['specific_r'], table['person']):.3f}")
    print(f"median_r {weighted_median(table['r'], table['person']):.3f}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: python benchmarks/au_agreement.py CLIPS OPENFACE")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
