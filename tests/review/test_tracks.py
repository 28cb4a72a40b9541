"""What is drawn under a video: only what moves, nothing where nothing is known."""

from pipeline.peak import PeakSettings, find_peak
from pipeline.proxy import MOST_COLUMNS
from review.tracks import heat_strip, tracks_of
from schemas.clip import Clip
from schemas.maker import Maker
from schemas.speech import Speech, Transcript, Word
from tests.pipeline.tracks import make_track

CLIP = Clip.of("v", 0, 400_000, rule="whole", has_audio=True)


def tracks(track, *, size_px=(320, 240), speech=None):
    return tracks_of(
        CLIP,
        None,
        track=track,
        peak=None if track is None else find_peak(track, PeakSettings()),
        speech=speech,
        tone=None,
        scene=None,
        min_confidence=0.5,
        size_px=size_px,
    )


def test_only_units_that_move_are_drawn_the_strongest_first():
    track = make_track(au12_r=[0, 1] * 5, au04_r=[0, 3] * 5, au17_r=0.3, au45_r=4.0)
    assert [row.au for row in heat_strip(track, 0.5).aus] == ["AU04", "AU12"]


def test_a_movement_seen_only_where_no_face_is_trusted_is_none():
    track = make_track(au12_r=[3, 0] * 5, confidence=[0.2, 0.9] * 5)
    strip = heat_strip(track, 0.5)
    assert strip.aus == ()
    assert strip.trusted == (False, True) * 5


def test_what_is_not_known_stays_unknown_and_is_not_zero():
    track = make_track(n=4, au12_r=[2.0, 2.0, 2.0, 2.0], success=[True, False, True, True])
    (row,) = heat_strip(track, 0.5).aus
    assert row.values == (2.0, None, 2.0, 2.0)


def test_a_long_clip_is_drawn_in_no_more_columns_than_a_screen_has():
    track = make_track(n=15_000, au12_r=[0.0] * 14_999 + [4.0])
    strip = heat_strip(track, 0.5)
    assert len(strip.times_s) <= MOST_COLUMNS
    assert len(strip.times_s) == len(strip.trusted) == len(strip.aus[0].values)
    assert strip.aus[0].values[-1] == 4.0


def test_the_box_is_told_in_shares_of_the_frame():
    track = make_track(au12_r=2.0)
    peak = tracks(track).peak
    assert peak is not None
    assert peak.box == (0.3281, 0.25, 0.3125, 0.5)  # 105, 60, 100, 120 of 320 x 240
    assert tracks(track, size_px=None).peak.box is None


def test_without_a_face_nothing_is_drawn_of_one():
    found = tracks(None)
    assert (found.strip, found.peak) == (None, None)


def test_words_keep_that_they_have_no_time():
    words = (
        Word(text="well", start_s=0.1, end_s=0.3, probability=0.9, speaker=None),
        Word(text="1984", start_s=None, end_s=None, probability=None, speaker=None),
    )
    told = Transcript(text="well 1984", language="en", source="whisperx", cues=(), words=words)
    speech = Speech(
        clip_id=CLIP.clip_id,
        made_by=Maker(engine="hand", version="1"),
        voiced=None,
        voice_probability=None,
        transcript=told,
    )
    found = tracks(None, speech=speech)
    assert found.words is not None
    assert found.words.words == words
    assert found.voiced is None
