"""Shots and speech of a long film, from one pass."""

import numpy as np
import pytest

from pipeline.film import analyse_film
from pipeline.probe import probe
from schemas.errors import DecodeError
from schemas.speech import Span
from tests.pipeline.media_files import CLICK, Film, make_film, make_shots


class Loud:
    """A voice is whatever is loud: one span from the first to the last loud sample."""

    def __init__(self):
        self.samples, self.largest, self.loud = 0, 0, []

    def feed(self, samples):
        assert samples.dtype == np.float32
        self.loud += (np.flatnonzero(np.abs(samples) > CLICK / 2) + self.samples).tolist()
        self.samples += len(samples)
        self.largest = max(self.largest, len(samples))
        return ()

    def finish(self):
        found = [i / 16_000 for i in self.loud]
        return [Span(start_s=found[0], end_s=found[-1])] if found else []


def analyse(path, voice=None):
    return analyse_film(path, probe(path, video_id="v", size_bytes=1), voice_stream=voice)


def test_shots_are_found_where_the_picture_changes_and_fill_the_film(tmp_path):
    film = make_shots(tmp_path / "film.mp4", [50, 30, 70])
    shots = analyse(film).shots
    assert [(shot.start_s, shot.end_s) for shot in shots] == [(0, 2.0), (2.0, 3.2), (3.2, 6.0)]


def test_a_film_without_a_cut_is_one_shot(tmp_path):
    film = make_shots(tmp_path / "film.mkv", [60])
    assert [(shot.start_s, shot.end_s) for shot in analyse(film).shots] == [(0, 2.4)]


def test_the_voice_hears_the_whole_film_in_small_chunks(tmp_path):
    film = make_film(
        tmp_path / "film.mp4", Film(frames=100, sound_from_s=1.0, sound_s=3, click_s=2)
    )
    voice = Loud()
    [heard] = analyse(film, voice).voiced
    assert heard.start_s == pytest.approx(2.0, abs=0.001)
    assert heard.end_s == pytest.approx(2.001, abs=0.001)
    assert voice.samples == 4 * 16_000
    assert voice.largest <= 16_000


def test_no_sound_is_none_and_silence_is_empty(tmp_path):
    silent = make_film(tmp_path / "silent.mp4", Film(frames=30, sound=False))
    assert analyse(silent, Loud()).voiced is None
    quiet = make_film(tmp_path / "quiet.mp4", Film(frames=30))
    assert analyse(quiet, Loud()).voiced == ()
    assert analyse(quiet).voiced is None


def test_damage_of_a_film_is_told_and_a_film_of_nothing_else_is_an_error(tmp_path):
    film = make_film(tmp_path / "film.mp4", Film(frames=100, gop=20, sound=False))
    video = probe(film, video_id="v", size_bytes=1)
    data = bytearray(film.read_bytes())
    first, last = data.index(b"mdat") + 4, data.index(b"moov") - 4
    data[first + (last - first) // 2 : last] = bytes(last - first - (last - first) // 2)
    film.write_bytes(data)
    analysis = analyse_film(film, video, voice_stream=None)
    assert "damaged" in " ".join(analysis.defects)
    assert analysis.shots[-1].end_s == 4.0
    data[first:last] = bytes(last - first)
    film.write_bytes(data)
    with pytest.raises(DecodeError, match="shows nothing"):
        analyse_film(film, video, voice_stream=None)
