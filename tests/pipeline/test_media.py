"""Streaming a clip: every frame, its true time, and the sound beside it."""

import resource
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from pipeline.media import BATCH_BYTES, grab, stream
from pipeline.probe import probe
from schemas.clip import Clip
from schemas.errors import ClipError, DecodeError
from tests.pipeline.media_files import (
    CLICK,
    FORMATS,
    Film,
    begin_later,
    damage,
    make_film,
    make_shots,
    make_two_sizes,
    number_of,
)


class Ear:
    """Writes down what it hears."""

    def __init__(self):
        self.numbers, self.times, self.sizes, self.frames, self.indices = [], [], [], [], []

    def feed(self, batch):
        self.indices.append(batch.index)
        self.sizes.append(len(batch.frames))
        self.numbers += [number_of(frame) for frame in batch.frames]
        self.times += batch.t_s.tolist()
        self.frames += [frame.copy() for frame in batch.frames]

    def finish(self):
        raise AssertionError("stream does not finish a listener")


def clip_of(start_s, end_s, rule="spans"):
    return Clip.of("v", round(start_s * 1e6), round(end_s * 1e6), rule=rule, has_audio=True)


def whole(path):
    video = probe(path, video_id="v", size_bytes=1)
    return clip_of(0, video.duration_s, "whole")


def play(path, clip=None, **options):
    ear = Ear()
    return ear, stream(path, clip or whole(path), [ear], **({"want_audio": True} | options))


def click_at(sound):
    """Seconds; the middle of the click."""
    loud = np.flatnonzero(np.abs(sound.samples) > CLICK / 2)
    return (loud[0] + loud[-1] + 1) / 2 / 16_000


@pytest.mark.parametrize("suffix", FORMATS)
def test_all_frames_come_once_and_in_order_from_every_container(tmp_path, suffix):
    ear, streamed = play(make_film(tmp_path / f"film{suffix}", Film(frames=60, click_s=1.5)))
    assert ear.numbers == list(range(60))
    assert ear.times == streamed.times_s.tolist()
    np.testing.assert_allclose(ear.times, np.arange(60) / 25, atol=0.0011)
    assert (streamed.frames, streamed.defects) == (60, ())
    assert click_at(streamed.sound) == pytest.approx(1.5005, abs=0.001)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_clip_inside_a_film_is_exactly_its_frames_and_its_sound(tmp_path, suffix):
    film = make_film(tmp_path / f"film{suffix}", Film(frames=200, gop=50, click_s=5.0))
    everything, _ = play(film)
    for start_s, end_s in ((0.0, 0.4), (1.92, 2.1), (4.9, 5.2), (5.0, 5.5), (7.5, 8.0)):
        ear, streamed = play(film, clip_of(start_s, end_s))
        wanted = [k for k, t in enumerate(everything.times) if start_s <= t < end_s]
        assert ear.numbers == wanted
        expected = np.array([everything.times[k] for k in wanted]) - start_s
        np.testing.assert_allclose(ear.times, expected, atol=1e-6)
        assert np.array_equal(ear.frames, [everything.frames[k] for k in wanted])
        assert len(streamed.sound.samples) == round((end_s - start_s) * 16_000)
        if start_s == 4.9:
            # Matroska rounds the time of a sound packet to 1 ms, the encoder's delay too.
            assert click_at(streamed.sound) == pytest.approx(0.1005, abs=0.0011)


def test_h264_in_avi_has_even_times_although_its_frames_are_out_of_order(tmp_path):
    film = make_film(tmp_path / "film.avi", Film(frames=50, video="libx264", sound=False))
    ear, _ = play(film)
    assert ear.numbers == list(range(50))
    np.testing.assert_allclose(ear.times, np.arange(50) / 25, atol=1e-6)
    assert play(film, clip_of(1.0, 1.2))[0].numbers == [25, 26, 27, 28, 29]


def test_neighbouring_clips_share_no_frame_and_lose_none(tmp_path):
    film = make_film(tmp_path / "film.mp4", Film(frames=50, rate=24, sound=False))
    edges = [0.0, 0.25, 1 / 3, 0.999, 50 / 24]
    heard = [play(film, clip_of(a, b))[0].numbers for a, b in pairwise(edges)]
    assert [number for numbers in heard for number in numbers] == list(range(50))


def test_frames_of_a_variable_rate_keep_their_own_times(tmp_path):
    ticks = [0, 40, 80, 100, 130, 400, 410, 500, 700, 1000]
    film = Film(frames=10, rate=1000, ticks=ticks, sound=False, b_frames=2)
    for suffix in (".mp4", ".mkv", ".flv"):
        ear, _ = play(make_film(tmp_path / f"film{suffix}", film), clip_of(0, 2))
        assert ear.numbers == list(range(10))
        np.testing.assert_allclose(ear.times, np.array(ticks) / 1000, atol=0.001)


def test_batches_are_small_and_numbered(tmp_path):
    ear, _ = play(make_film(tmp_path / "film.mp4", Film(frames=20)), batch=8)
    assert (ear.sizes, ear.indices) == ([8, 8, 4], [0, 8, 16])


def test_a_batch_of_large_frames_is_bounded_in_bytes(tmp_path):
    film = make_film(tmp_path / "film.mp4", Film(frames=3, size=(4096, 2160), sound=False))
    ear, _ = play(film)
    assert ear.frames[0].nbytes * 2 > BATCH_BYTES
    assert (ear.sizes, ear.numbers) == ([1, 1, 1], [0, 1, 2])


def test_a_still_is_one_frame_at_0_without_sound(tmp_path):
    Image.new("RGB", (40, 20)).save(tmp_path / "still.png")
    ear, streamed = play(tmp_path / "still.png", clip_of(0, 0, "still"))
    assert (ear.times, streamed.frames, streamed.sound) == ([0.0], 1, None)
    assert ear.frames[0].shape == (20, 40, 3)


def test_memory_does_not_grow_with_the_length_of_a_clip(tmp_path):
    film = make_film(tmp_path / "film.mkv", Film(frames=1500, sound=False, gop=250))
    stream(film, clip_of(0, 5), [], want_audio=False)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert stream(film, clip_of(0, 60), [], want_audio=False).frames == 1500
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kb * 1024 < 1500 * 128 * 64 * 3 / 4


@pytest.mark.parametrize(
    ("rotate", "mirror", "upright"),
    [
        (90, False, lambda p: np.rot90(p)),
        (-90, False, lambda p: np.rot90(p, -1)),
        (180, False, lambda p: np.rot90(p, 2)),
        (0, True, lambda p: p[:, ::-1]),
        (90, True, lambda p: np.rot90(p)[:, ::-1]),
    ],
)
def test_frames_are_turned_as_the_container_says(tmp_path, rotate, mirror, upright):
    flat, _ = play(make_film(tmp_path / "flat.mp4", Film(frames=12)))
    turned, _ = play(
        make_film(tmp_path / "turned.mp4", Film(frames=12, rotate=rotate, mirror=mirror))
    )
    assert np.array_equal(turned.frames[11], upright(flat.frames[11]))


def test_colours_come_in_the_order_red_green_blue(tmp_path):
    Image.new("RGB", (8, 8), (250, 10, 20)).save(tmp_path / "red.png")
    ear, _ = play(tmp_path / "red.png", clip_of(0, 0, "still"))
    assert ear.frames[0][4, 4].tolist() == [250, 10, 20]


def test_grabbed_frames_are_those_that_were_streamed(tmp_path):
    film = make_film(tmp_path / "film.mp4", Film(frames=100, rotate=90))
    clip = clip_of(1.0, 3.0)
    ear, streamed = play(film, clip)
    found = grab(film, clip, {49, 0, 17})
    assert sorted(found) == [0, 17, 49]
    for index, (time_s, frame) in found.items():
        assert time_s == streamed.times_s[index]
        assert np.array_equal(frame, ear.frames[index])


def test_grabbing_a_frame_that_is_not_there_is_told(tmp_path):
    film = make_film(tmp_path / "film.mp4", Film(frames=10))
    with pytest.raises(DecodeError, match="no frame 10 in this clip"):
        grab(film, clip_of(0, 1), [3, 10])


def test_sound_that_starts_later_begins_with_silence(tmp_path):
    film = Film(frames=50, sound_first=True, sound_from_s=0.8, sound_s=1.0, click_s=1.2)
    ear, streamed = play(make_film(tmp_path / "film.mov", film))
    assert ear.numbers == list(range(50))
    assert click_at(streamed.sound) == pytest.approx(1.2005, abs=0.001)
    assert streamed.sound.duration_s == pytest.approx(1.8, abs=0.001)
    assert not streamed.sound.samples[: round(0.79 * 16_000)].any()
    assert streamed.defects == ()


@pytest.mark.parametrize("audio", ["aac", "libmp3lame", "libopus", "flac", "pcm_s16le"])
def test_what_an_encoder_puts_in_front_does_not_shift_the_sound(tmp_path, audio):
    suffix = ".mkv" if audio in ("flac", "pcm_s16le") else ".mp4"
    film = Film(frames=50, audio=audio, click_s=1.0)
    _, streamed = play(make_film(tmp_path / f"film{suffix}", film))
    assert click_at(streamed.sound) == pytest.approx(1.0005, abs=0.001)


def test_no_sound_is_none(tmp_path):
    film = make_film(tmp_path / "film.mp4", Film(frames=50, sound_s=1.0))
    assert play(film, want_audio=False)[1].sound is None
    assert play(film, clip_of(1.5, 2))[1].sound is None
    silent = make_film(tmp_path / "silent.mp4", Film(frames=5, sound=False))
    assert play(silent)[1].sound is None


def test_a_film_that_was_cut_off_gives_its_good_frames_and_says_where_it_ends(tmp_path):
    film = make_film(tmp_path / "film.mkv", Film(frames=100))
    data = film.read_bytes()
    film.write_bytes(data[: len(data) // 2])
    ear, streamed = play(film, clip_of(0, 4))
    assert 20 < streamed.frames < 80
    assert ear.numbers[:-3] == list(range(streamed.frames - 3))  # B-frames of the last are lost
    ends = f"video ends at {(ear.numbers[-1] + 1) / 25:.2f} s, clip at 4.00 s"
    assert ends in streamed.defects
    assert 0.5 < play(film, clip_of(0.6, 4))[1].times_s[-1] < 3


def test_smeared_frames_are_left_out_until_the_next_key_frame(tmp_path):
    film = make_shots(tmp_path / "film.mp4", [100], gop=40)
    good, _ = play(film)
    ear, streamed = play(damage(film, 0.35, 0.42, every=7), clip_of(0, 4))
    kept = [round(t * 25) for t in ear.times]
    assert kept[-20:] == list(range(80, 100))
    assert 30 < len(kept) < 90
    assert any("damaged" in defect for defect in streamed.defects)
    for number, frame in zip(kept, ear.frames, strict=True):
        assert np.abs(frame.astype(int) - good.frames[number]).mean() < 3


def test_frames_without_a_time_of_their_own_are_left_out_and_counted(tmp_path):
    film = Film(frames=5, sound=False, video="mjpeg", twin=2)
    ear, streamed = play(make_film(tmp_path / "film.mkv", film), clip_of(0, 0.2))
    assert (ear.numbers, ear.times) == ([0, 1, 3, 4], [0.0, 0.04, 0.12, 0.16])
    assert streamed.defects == ("1 frame without a time of their own left out",)


def test_frames_before_the_edit_list_are_not_shown(tmp_path):
    film = begin_later(make_film(tmp_path / "film.mp4", Film(frames=50, sound=False)), 10)
    ear, _ = play(film)
    assert (ear.numbers, ear.times[0]) == (list(range(10, 50)), 0.0)


def test_lost_sound_leaves_the_rest_in_its_place_and_is_told(tmp_path):
    film = Film(frames=75, audio="pcm_s16le", sound_gap=(1.0, 1.5), click_s=2.0)
    _, streamed = play(make_film(tmp_path / "film.mkv", film))
    assert click_at(streamed.sound) == pytest.approx(2.0005, abs=0.001)
    assert streamed.sound.duration_s == 3.0
    [defect] = streamed.defects
    assert defect.endswith(" s of sound missing in between")
    assert float(defect.split()[0]) == pytest.approx(0.5, abs=0.025)


def test_a_clip_with_no_good_frame_is_an_error(tmp_path):
    film = make_film(tmp_path / "film.mp4", Film(frames=25))
    with pytest.raises(DecodeError, match=r"shows nothing from 5.00 s to 6.00 s: no frame there"):
        play(film, clip_of(5, 6))


def test_a_new_size_in_the_middle_is_brought_to_the_first(tmp_path):
    ear, streamed = play(make_two_sizes(tmp_path / "film.mkv"), clip_of(0, 0.8))
    assert {frame.shape for frame in ear.frames} == {(64, 128, 3)}
    assert ear.numbers == list(range(20))
    assert streamed.defects == ()


def test_loud_stereo_is_not_mixed_above_full_scale(tmp_path):
    film = Film(frames=25, click_s=0.5, channels=2, audio="pcm_s16le")
    _, streamed = play(make_film(tmp_path / "film.mkv", film))
    loudest = np.abs(streamed.sound.samples).max()
    assert loudest == pytest.approx(CLICK, rel=0.15)
    assert click_at(streamed.sound) == pytest.approx(0.5005, abs=0.001)


def test_an_error_of_a_listener_reaches_the_caller(tmp_path):
    class Broken(Ear):
        def feed(self, batch):
            raise ClipError("cannot")

    with pytest.raises(ClipError, match="cannot"):
        stream(make_film(tmp_path / "film.mp4"), clip_of(0, 1), [Broken()], want_audio=False)
