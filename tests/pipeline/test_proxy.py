"""The file that browsers play: its codecs, its frames, its sound, and the film around a clip."""

import av
import numpy as np
import pytest

from annotators.base import AUDIO_HZ
from pipeline.container import DEFAULT_LIMITS
from pipeline.proxy import MAX_WIDTH_PX, MOST_COLUMNS, make_proxy, sound_curves
from schemas.clip import Clip
from schemas.errors import ClipError
from tests.pipeline.media_files import Film, make_film, number_of


def proxy_of(film, start_s, end_s, target, *, around_s=0.0, pitch=None):
    clip = Clip.of("v", round(start_s * 1e6), round(end_s * 1e6), rule="spans", has_audio=True)
    return make_proxy(film, clip, target, around_s=around_s, pitch=pitch, limits=DEFAULT_LIMITS)


def pictures(path):
    with av.open(str(path)) as file:
        return [
            (float(frame.pts * frame.time_base), frame.to_ndarray(format="rgb24"))
            for frame in file.decode(video=0)
        ]


def first_click_s(path):
    with av.open(str(path)) as file:
        samples = np.concatenate([f.to_ndarray()[0] for f in file.decode(audio=0)])
        return int(np.argmax(np.abs(samples))) / file.streams.audio[0].rate


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm", ".avi", ".flv"])
def test_whatever_the_film_is_the_browser_gets_h264_and_aac(tmp_path, suffix):
    film = make_film(tmp_path / f"film{suffix}", Film(frames=25))
    proxy_of(film, 0, 1, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as file:
        names = [stream.codec_context.name for stream in file.streams]
        assert sorted(names) == ["aac", "h264"]
        assert file.format.name.startswith("mov")


def test_every_frame_is_there_at_its_time(tmp_path):
    film = make_film(tmp_path / "film.mp4", Film(frames=50, size=(256, 128)))
    made = proxy_of(film, 0.4, 1.2, tmp_path / "out.mp4")
    found = pictures(tmp_path / "out.mp4")
    assert [number_of(picture) for _, picture in found] == list(range(10, 30))
    assert [t for t, _ in found] == pytest.approx([i / 25 for i in range(20)], abs=0.002)
    assert made.frames_s == pytest.approx([t for t, _ in found], abs=0.002)
    assert made.before_s == 0


def test_frames_of_uneven_length_keep_their_times(tmp_path):
    ticks = (0, 1, 2, 6, 7, 12, 20)
    film = make_film(tmp_path / "film.mkv", Film(frames=7, rate=25, ticks=ticks, sound=False))
    made = proxy_of(film, 0, 1, tmp_path / "out.mp4")
    assert made.frames_s == pytest.approx([tick / 25 for tick in ticks], abs=0.002)
    assert [t for t, _ in pictures(tmp_path / "out.mp4")] == pytest.approx(
        [tick / 25 for tick in ticks], abs=0.002
    )


def test_a_clip_comes_with_what_is_around_it_as_far_as_there_is_a_film(tmp_path):
    film = make_film(tmp_path / "film.mp4", Film(frames=100, size=(256, 128)))
    middle = proxy_of(film, 1.6, 2.4, tmp_path / "out.mp4", around_s=1)
    assert middle.before_s == 1
    numbers = [number_of(picture) for _, picture in pictures(tmp_path / "out.mp4")]
    assert (numbers[0], numbers[-1]) == (15, 84)
    early = proxy_of(film, 0.4, 1.2, tmp_path / "early.mp4", around_s=1)
    assert early.before_s == pytest.approx(0.4)


def test_sound_and_picture_stay_together(tmp_path):
    film = make_film(tmp_path / "film.mp4", Film(frames=75, click_s=2.0))
    made = proxy_of(film, 1, 3, tmp_path / "out.mp4")
    assert first_click_s(tmp_path / "out.mp4") == pytest.approx(1.0, abs=0.07)
    assert made.sound is not None
    loudest = int(np.argmax(made.sound.envelope))
    assert loudest * made.sound.step_s == pytest.approx(1.0, abs=0.03)


def test_a_wide_film_is_made_narrower_and_an_odd_one_even(tmp_path):
    wide = make_film(tmp_path / "wide.mp4", Film(frames=3, size=(1920, 1080)))
    made = proxy_of(wide, 0, 0.1, tmp_path / "out.mp4")
    assert (made.width_px, made.height_px) == (MAX_WIDTH_PX, 540)
    odd = make_film(tmp_path / "odd.mp4", Film(frames=3, rotate=90))
    turned = proxy_of(odd, 0, 0.1, tmp_path / "turned.mp4")
    assert turned.height_px == 2 * turned.width_px


def test_a_film_without_sound_has_no_curves(tmp_path):
    film = make_film(tmp_path / "film.mp4", Film(frames=10, sound=False))
    assert proxy_of(film, 0, 0.4, tmp_path / "out.mp4").sound is None


def test_a_span_that_shows_nothing_is_the_clips_failure(tmp_path):
    film = make_film(tmp_path / "film.mp4", Film(frames=10))
    with pytest.raises(ClipError):
        proxy_of(film, 30, 31, tmp_path / "out.mp4")


def test_a_long_sound_has_no_more_columns_than_a_screen():
    curves = sound_curves(np.ones(AUDIO_HZ * 600, np.float32) * 0.5, None)
    assert len(curves.envelope) <= MOST_COLUMNS
    assert len(curves.envelope) * curves.step_s == pytest.approx(600, abs=0.6)
    assert curves.level_dbfs[0] == pytest.approx(-6.0, abs=0.1)


def test_a_pitch_stands_in_the_column_of_its_time():
    samples = np.zeros(AUDIO_HZ, np.float32)
    hz = np.full(AUDIO_HZ // 256, np.nan)
    hz[31] = 200.0  # at 0.496 s
    found = sound_curves(samples, lambda _: hz).pitch_hz
    assert found is not None
    heard = [i for i, value in enumerate(found) if value is not None]
    assert heard
    assert all(0.48 <= i * 0.01 <= 0.51 for i in heard)


def test_a_clip_of_a_long_film_is_as_small_as_one_of_a_short_film(tmp_path):
    long = make_film(tmp_path / "long.mp4", Film(frames=3000, rate=5, gop=50, sound=False))
    made = proxy_of(long, 300, 303, tmp_path / "out.mp4", around_s=2)
    assert made.duration_s == pytest.approx(7, abs=0.3)
    numbers = [number_of(picture) for _, picture in pictures(tmp_path / "out.mp4")]
    assert numbers == [frame % 256 for frame in range(1490, 1525)]
    assert (tmp_path / "out.mp4").stat().st_size < 100_000
