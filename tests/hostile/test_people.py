"""Nobody, somebody who leaves, two people, no sound: what is seen is told, nothing is made up."""

from pathlib import Path

import pytest

from schemas.au import INTENSITY_AUS
from schemas.face import FaceTrack
from tests.hostile.conftest import GOOD
from tests.hostile.films import WIDTH, encode, pictures_of, pushed_right, side_by_side
from tests.hostile.houses import FINE, Done, build

FROM, SHORT = 12, 30  # frames: from a face at rest to its smile
STAYS, STEP = 12, 40  # frames before the face starts to leave; pixels it moves in each then


@pytest.fixture(scope="module")
def done(folder: Path, label, pool) -> Done:
    part = slice(FROM, FROM + SHORT)
    smiles, surprises = pictures_of("smile")[part], pictures_of("surprise")[part]
    two = {
        "large_left.mp4": [
            side_by_side(a, b, share=0.6, large_left=True)
            for a, b in zip(smiles, surprises, strict=True)
        ],
        "large_right.mp4": [
            side_by_side(a, b, share=0.6, large_left=False)
            for a, b in zip(smiles, surprises, strict=True)
        ],
    }
    leaving = [pushed_right(p, max(0, i - STAYS) * STEP) for i, p in enumerate(smiles)]
    nobody = [picture[:, :160] for picture in smiles]  # the wall beside the face
    encode(folder / "leaves.mp4", leaving)
    encode(folder / "nobody.mp4", nobody)
    encode(folder / "silent.mp4", smiles)
    for name, pictures in two.items():
        encode(folder / name, pictures)
    label(folder, "leaves.mp4", "nobody.mp4", "silent.mp4", *two)
    return build(folder, folder.parent / "work", pool)


def test_a_film_without_a_face_is_rejected_and_has_no_action_unit(done):
    assert done.fate("nobody.mp4") == ("rejected", "no_face")
    track: FaceTrack = done.row("face", "nobody.mp4")
    assert not any(track.success)
    assert {value for au in INTENSITY_AUS for value in track.intensity(au)} == {None}
    assert done.row("peak", "nobody.mp4").moment is None
    assert done.row("stills", "nobody.mp4").face is None
    assert done.row("scene", "nobody.mp4").head is None
    assert done.row("evidence", "nobody.mp4").face_share == 0
    assert done.fate(GOOD) == FINE


def test_a_face_that_leaves_is_known_while_it_is_there_and_unknown_after(done):
    assert done.fate("leaves.mp4") == FINE
    track: FaceTrack = done.row("face", "leaves.mp4")
    assert all(track.success[:STAYS])
    assert not any(track.success[-5:])
    for au in INTENSITY_AUS:
        known = [value is not None for value in track.intensity(au)]
        assert not any(k for k, seen in zip(known, track.success, strict=True) if not seen), au
    evidence = done.row("evidence", "leaves.mp4")
    assert evidence.face_share == pytest.approx(sum(track.success) / SHORT)
    assert track.success[done.row("peak", "leaves.mp4").moment.frame_index]


@pytest.mark.parametrize(("name", "left"), [("large_left.mp4", True), ("large_right.mp4", False)])
def test_of_two_people_the_larger_is_followed_and_the_clip_is_flagged(done, name, left):
    track: FaceTrack = done.row("face", name)
    assert all(track.success)
    assert set(track.faces) == {2}
    middles = [x + width / 2 for x, width in zip(track.box_x_px, track.box_width_px, strict=True)]
    assert all((middle < WIDTH / 2) == left for middle in middles)
    assert 0.2 < track.other_face_size[0] < 0.6  # 0.6 of the width is 0.36 of the area
    assert "several_faces" in done.row("evidence", name).flags
    assert "several_faces" in done.row("fine", name).flags
    assert done.row("scene", name).faces == 2


def test_one_person_alone_is_not_flagged(done):
    assert "several_faces" not in done.row("evidence", GOOD).flags


def test_without_an_audio_track_there_is_no_voice_no_tone_and_still_a_sample(done):
    assert done.fate("silent.mp4") == FINE
    assert done.video("silent.mp4").audio_codec is None
    assert done.row("speech", "silent.mp4").voiced is None
    assert done.row("recording", "silent.mp4").opus is None
    tone = done.row("tone", "silent.mp4")
    assert (tone.missing, tone.measures, tone.description) == ("no_audio", None, None)
    evidence = done.row("evidence", "silent.mp4")
    assert {item.modality for item in evidence.items} == {"face", "scene"}
    assert evidence.speaker.verdict == "unknown"
    assert "voice_no_audio" in evidence.flags
    assert done.row("coarse", "silent.mp4").audio_prior_list is None
