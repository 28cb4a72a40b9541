import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.peak import PeakSettings, find_peak
from schemas.au import INTENSITY_AUS
from schemas.errors import ClipError
from tests.pipeline.tracks import make_track

FREQUENT = PeakSettings()
SUM = PeakSettings(rule="au_sum")
BY_LABEL = PeakSettings(rule="label_au")


def test_frequent_au_sums_only_the_units_seen_most_often():
    track = make_track(n=3, au12_r=[2.0, 2.0, 2.5], au04_r=[0, 5.0, 0])
    moment = find_peak(track, PeakSettings(k=1)).moment
    assert moment is not None
    assert moment.scored_aus == ("AU12",)
    assert (moment.frame_index, moment.t_s, moment.score) == (2, 0.08, 2.5)


def test_units_seen_equally_often_are_taken_in_facs_order():
    track = make_track(n=2, au25_r=[3, 0], au12_r=[2, 0], au04_r=[1, 0])
    assert find_peak(track, PeakSettings(k=2)).moment.scored_aus == ("AU04", "AU12")


def test_units_are_counted_over_trusted_frames_alone():
    track = make_track(
        n=4, confidence=[0.9, 0.1, 0.1, 0.9], au12_r=[2, 0, 0, 2], au04_r=[2, 2, 2, 0]
    )
    assert find_peak(track, PeakSettings(k=1)).moment.scored_aus == ("AU12",)


def test_au_sum_adds_every_unit_with_an_intensity():
    track = make_track(n=3, au12_r=[2, 0, 0], au04_r=[0, 0.9, 0], au01_r=[0, 1.2, 0])
    moment = find_peak(track, SUM).moment
    assert moment.frame_index == 1
    assert moment.score == 2.1


def test_label_au_sums_the_units_of_the_label_and_says_that_it_saw_the_label():
    track = make_track(n=3, proxy=False, au05_r=[0, 0.4, 0], au26_r=[0, 1.0, 0], au12_r=[5, 0, 0])
    peak = find_peak(track, BY_LABEL, "surprise")
    assert peak.label_seen
    assert peak.moment.frame_index == 1
    assert peak.moment.scored_aus == ("AU01", "AU02", "AU05", "AU26")


def test_label_au_without_a_label_is_refused():
    with pytest.raises(ClipError, match="label_au needs a label"):
        find_peak(make_track(), BY_LABEL)


@pytest.mark.parametrize("settings", [FREQUENT, BY_LABEL], ids=lambda s: s.rule)
def test_a_neutral_face_still_has_a_most_expressive_frame(settings):
    track = make_track(n=3, proxy=False, au17_r=[0.1, 0.4, 0.2])
    moment = find_peak(track, settings, "neutral").moment
    assert moment.frame_index == 1
    assert len(moment.scored_aus) == 16
    assert moment.peak_au_list == ()


def test_of_equal_frames_the_first_wins_though_their_floats_differ():
    # 0.1 + 0.2 > 0.3 in floating point
    track = make_track(n=3, au04_r=[0, 0, 0.1], au12_r=[0, 0.3, 0.2])
    assert find_peak(track, SUM).moment.frame_index == 1


@pytest.mark.parametrize("confidence", [0.49, None])
def test_an_uncertain_frame_is_never_the_peak(confidence):
    track = make_track(n=2, confidence=[confidence, 0.5], au12_r=[5, 1])
    assert find_peak(track, FREQUENT).moment.frame_index == 1


def test_a_frame_whose_face_was_lost_is_never_the_peak_however_sure_the_engine_sounds():
    track = make_track(n=2, au12_r=[5, 1]).model_copy(update={"success": (False, True)})
    assert find_peak(track, FREQUENT).moment.frame_index == 1


def test_unknown_intensities_are_left_out_of_the_sum():
    track = make_track(n=2, au12_r=[None, 1.5], au04_r=[1.2, None])
    assert find_peak(track, SUM).moment.score == 1.5


def test_a_unit_that_the_engine_cannot_tell_is_neither_present_nor_absent():
    track = make_track(n=1, au12_r=2.0, au09_r=None, au09_c=None)
    shown = {unit.au: unit for unit in find_peak(track, FREQUENT).moment.aus}
    assert "AU09" not in shown
    assert "AU45" not in shown
    assert shown["AU12"].present
    assert not shown["AU04"].present


def test_presence_without_intensity_is_listed_and_not_summed():
    moment = find_peak(make_track(n=1, proxy=False, au28_c=True, au20_r=1.1), FREQUENT).moment
    assert moment.peak_au_list == ("AU20", "AU28")
    assert moment.scored_aus == ("AU20",)
    assert next(unit for unit in moment.aus if unit.au == "AU28").intensity is None


def test_the_noisy_lid_proxy_is_shown_but_never_summed():
    columns = {"au07_r": [5.0, 0], "au12_r": [0, 1.0]}
    proxy = find_peak(make_track(n=2, proxy=True, **columns), SUM).moment
    measured = find_peak(make_track(n=2, proxy=False, **columns), SUM).moment
    assert (proxy.frame_index, measured.frame_index) == (1, 0)


@pytest.mark.parametrize(
    "track",
    [
        make_track(n=0),
        make_track(n=3, success=False),
        make_track(n=3, confidence=0.2, au12_r=3.0),
        make_track(n=2, au45_r=2.0, **{f"{au.lower()}_r": None for au in INTENSITY_AUS[:-1]}),
    ],
    ids=["no frames", "no face", "uncertain face", "nothing readable"],
)
@pytest.mark.parametrize("settings", [FREQUENT, SUM], ids=lambda s: s.rule)
def test_without_a_readable_frame_there_is_no_peak(track, settings):
    assert find_peak(track, settings).moment is None


INTENSITY = st.none() | st.integers(0, 500).map(lambda centi: centi / 100)
RULES = st.sampled_from([FREQUENT, SUM, BY_LABEL])


@st.composite
def tracks(draw, **fixed):
    n = draw(st.integers(1, 6))

    def column(values):
        return draw(st.lists(values, min_size=n, max_size=n))

    return make_track(
        n=n,
        proxy=draw(st.booleans()),
        success=column(st.booleans()),
        confidence=column(st.none() | st.sampled_from([0.0, 0.3, 0.5, 1.0])),
        au04_r=column(INTENSITY),
        au07_r=column(INTENSITY),
        au12_r=column(INTENSITY),
        **fixed,
    )


@given(tracks(), RULES)
def test_the_peak_is_always_a_trusted_frame_with_the_highest_score(track, settings):
    moment = find_peak(track, settings, "happy").moment
    trusted = [i for i, c in enumerate(track.confidence) if track.success[i] and (c or 0) >= 0.5]
    assert (moment is None) == (not trusted)
    if moment is not None:
        assert moment.frame_index in trusted

        def total(i):
            return sum(track.intensity(au)[i] or 0 for au in moment.scored_aus)

        assert moment.score == pytest.approx(max(total(i) for i in trusted))
        assert moment.score == pytest.approx(total(moment.frame_index))


@given(tracks(), RULES, st.data())
def test_a_blink_changes_nothing(track, settings, data):
    n = len(track.t_s)
    blinking = track.model_copy(
        update={
            "au45_r": tuple(data.draw(st.lists(INTENSITY, min_size=n, max_size=n))),
            "au45_c": tuple(data.draw(st.lists(st.booleans(), min_size=n, max_size=n))),
        }
    )
    assert find_peak(blinking, settings, "sad") == find_peak(track, settings, "sad")


def test_a_frame_of_which_no_unit_is_known_is_never_the_peak():
    track = make_track(n=2, **{f"{au.lower()}_r": [None, 0.0] for au in INTENSITY_AUS[:-1]})
    assert find_peak(track, SUM).moment.frame_index == 1
