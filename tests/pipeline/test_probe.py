"""What is said of a video before it is cut."""

from fractions import Fraction

import pytest
from PIL import Image

from pipeline.container import MediaLimits
from pipeline.probe import probe
from schemas.errors import DecodeError
from tests.pipeline.media_files import FORMATS, Film, begin_later, make_film


def look(path, **limits):
    return probe(path, video_id="v", size_bytes=7, limits=MediaLimits(**limits))


@pytest.mark.parametrize("suffix", FORMATS)
def test_length_and_rate_are_those_of_the_frames(tmp_path, suffix):
    video = look(make_film(tmp_path / f"film{suffix}", Film(frames=30, rate=24)))
    assert video.duration_s == pytest.approx(30 / 24, abs=0.002)
    assert (video.fps, video.variable_rate, video.still) == (pytest.approx(24), False, False)
    assert (video.width_px, video.height_px, video.rotation_deg) == (128, 64, 0)
    assert (video.audio_hz, video.audio_channels, video.size_bytes) == (48_000, 1, 7)


def test_h264_in_avi_has_the_length_and_rate_of_its_frames(tmp_path):
    film = Film(frames=50, video="libx264", sound=False)
    video = look(make_film(tmp_path / "film.avi", film))
    assert (video.duration_s, video.fps, video.variable_rate) == (2.0, 25.0, False)


def test_frames_before_the_edit_list_do_not_count(tmp_path):
    film = begin_later(make_film(tmp_path / "film.mp4", Film(frames=50, sound=False)), 10)
    video = look(film)
    assert (video.duration_s, video.fps, video.variable_rate) == (1.6, 25.0, False)


def test_codecs_have_their_common_names(tmp_path):
    video = look(make_film(tmp_path / "film.mp4", Film(frames=5, audio="libmp3lame")))
    assert (video.container, video.video_codec, video.audio_codec) == ("mov", "h264", "mp3")


def test_a_film_without_a_sound_track_has_no_sound(tmp_path):
    video = look(make_film(tmp_path / "film.mp4", Film(frames=5, sound=False)))
    assert (video.audio_codec, video.audio_hz, video.audio_channels) == (None, None, None)


def test_sound_that_lasts_longer_does_not_lengthen_the_video(tmp_path):
    assert look(make_film(tmp_path / "film.mp4", Film(sound_s=3.0))).duration_s == 1.0


@pytest.mark.parametrize(("suffix", "rate"), [(".mp4", 30_000), (".mkv", 1000)])
def test_a_variable_rate_is_seen_in_the_times_of_the_packets(tmp_path, suffix, rate):
    even = [round(Fraction(n * rate, 30)) for n in range(40)]
    uneven = even[:10] + [t + rate // 10 for t in even[10:]]
    film = Film(frames=40, rate=rate, sound=False, b_frames=0)
    for ticks, wanted in ((even, False), (uneven, True)):
        ticked = make_film(tmp_path / f"film{suffix}", Film(**{**film.__dict__, "ticks": ticks}))
        video = look(ticked)
        assert video.variable_rate is wanted
        assert video.fps == pytest.approx(40 / video.duration_s, rel=0.02)


@pytest.mark.parametrize(
    ("rotate", "clockwise", "size"),
    [(90, 270, (64, 128)), (-90, 90, (64, 128)), (180, 180, (128, 64)), (0, 0, (128, 64))],
)
def test_size_is_as_shown_and_rotation_is_clockwise(tmp_path, rotate, clockwise, size):
    video = look(make_film(tmp_path / "film.mp4", Film(frames=2, rotate=rotate)))
    assert (video.rotation_deg, (video.width_px, video.height_px)) == (clockwise, size)


def test_pixels_that_are_not_square_are_stretched(tmp_path):
    video = look(make_film(tmp_path / "film.mp4", Film(frames=2, pixels=(64, 45))))
    assert (video.width_px, video.height_px) == (182, 64)


def test_one_frame_is_a_video_of_one_step(tmp_path):
    video = look(make_film(tmp_path / "film.mp4", Film(frames=1, sound=False)))
    assert (video.duration_s, video.fps, video.variable_rate) == (0.04, pytest.approx(25), False)


def test_a_still_has_neither_length_nor_rate(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise to see it upright
    Image.new("RGB", (40, 30)).save(tmp_path / "face.jpg", exif=exif.tobytes())
    video = look(tmp_path / "face.jpg")
    assert (video.still, video.duration_s, video.fps, video.variable_rate) == (True,) + (None,) * 3
    assert (video.width_px, video.height_px, video.rotation_deg) == (30, 40, 90)


def test_a_film_that_was_cut_off_is_as_long_as_what_is_left(tmp_path):
    film = make_film(tmp_path / "film.mkv", Film(frames=100))
    data = film.read_bytes()
    film.write_bytes(data[: len(data) // 2])
    assert 1.0 < look(film).duration_s < 3.5


def test_limits_on_length_and_rate_are_told(tmp_path):
    film = make_film(tmp_path / "film.mp4", Film(frames=50))
    with pytest.raises(DecodeError, match="lasts 2 s, at most 1 s are taken; split it"):
        look(film, max_duration_s=1.0)
    with pytest.raises(DecodeError, match=r"has 25 frames a second, 0\.1 to 10 are taken"):
        look(film, max_fps=10.0)
    with pytest.raises(DecodeError, match="has 25 frames a second, 30 to 1000 are taken"):
        look(film, min_fps=30.0)


def test_a_film_none_of_whose_pictures_decodes_is_refused(tmp_path):
    film = make_film(tmp_path / "film.mp4", Film(frames=5, sound=False))
    data = bytearray(film.read_bytes())
    first = data.index(b"mdat") + 4
    last = data.index(b"moov") - 4
    data[first:last] = bytes(last - first)
    film.write_bytes(data)
    with pytest.raises(DecodeError, match="no picture that can be decoded"):
        look(film)
