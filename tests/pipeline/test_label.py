from dataclasses import dataclass

import pytest

from pipeline.label import LabelSettings, decide, opinions, unsupported
from pipeline.peak import PeakSettings, find_peak
from schemas.clip import Clip
from schemas.failure import Rejection
from schemas.label import Label, LabelDecision
from schemas.peak import Peak
from tests.pipeline.tracks import make_track


@dataclass(frozen=True)
class Given:
    label: str
    valence: float | None = None
    start_s: float | None = None
    end_s: float | None = None
    source: str = "labels.csv"


CLIP = Clip.of("v", 10_000_000, 14_000_000, rule="silence", has_audio=True)
OFF = LabelSettings()
RULES = LabelSettings(au_rule=True)
FILTER = LabelSettings(au_filter=True)


def peak_with(*aus: str, proxy: bool = False, **settings: str) -> Peak:
    columns = {f"{au.lower()}_c": True for au in aus}
    track = make_track(CLIP.clip_id, n=1, proxy=proxy, **columns)
    return find_peak(track, PeakSettings(**settings), "happy")


def heard(given=(), aus=(), settings=OFF, *, proxy=False, **peak) -> list[tuple[str, str]]:
    track = make_track(CLIP.clip_id, n=1, proxy=proxy)
    found = opinions(CLIP, given, peak_with(*aus, proxy=proxy, **peak), track, settings)
    return [(opinion.label, opinion.source) for opinion in found]


def said(label: str, source: str = "given", weight: float = 1.0, **fields) -> Label:
    return Label(
        clip_id=CLIP.clip_id,
        label=label,
        weight=weight,
        source=source,
        version="1",
        confidence=fields.pop("confidence", None),
        **fields,
    )


def chosen(*found: Label, settings: LabelSettings = OFF, peak: Peak | None = None) -> LabelDecision:
    decision = decide(CLIP.clip_id, found, settings, peak)
    assert isinstance(decision, LabelDecision)
    return decision


def refused(*found: Label, settings: LabelSettings = OFF, peak: Peak | None = None) -> Rejection:
    rejection = decide(CLIP.clip_id, found, settings, peak)
    assert isinstance(rejection, Rejection)
    assert rejection.id == CLIP.clip_id
    return rejection


@pytest.mark.parametrize(
    ("aus", "label"),
    [
        (("AU06",), "happy"),
        (("AU20", "AU28"), "worried"),  # fear holds AU20 too, and wants five
        (("AU26",), "surprise"),
        (("AU12",), None),  # happy and contempt
        (("AU04",), None),  # angry and sad
        ((), None),
        (("AU09",), None),  # of no set
    ],
)
def test_the_rules_speak_only_where_exactly_one_label_fits(aus, label):
    assert heard(aus=aus, settings=RULES) == ([(label, "au_rule")] if label else [])


def test_the_rules_are_silent_unless_asked():
    assert heard(aus=["AU06"], settings=OFF) == []


def test_proxies_never_name_a_label():
    assert heard(aus=["AU06"], settings=RULES, proxy=True) == []


def test_a_peak_chosen_by_the_label_does_not_confirm_it():
    assert heard(aus=["AU06"], settings=RULES, rule="label_au") == []


def test_review_outranks_a_given_label_and_a_given_label_the_rules():
    rule, given, review = said("sad", "au_rule"), said("happy"), said("fear", "review")
    assert chosen(rule, given, review).label == "fear"
    assert chosen(rule, given).source == "given"
    assert chosen(rule).label == "sad"


def test_the_decision_keeps_every_opinion_and_the_valence_of_its_label():
    found = (said("happy", valence=0.5), said("happy", "review"), said("sad", valence=-1.0))
    decision = chosen(*found)
    assert decision.opinions == found
    assert decision.valence == 0.5


def test_weight_settles_a_disagreement_of_equal_sources():
    assert chosen(said("sad"), said("happy"), said("sad")).label == "sad"
    assert chosen(said("sad", weight=0.3), said("happy", weight=0.7)).label == "happy"


def test_equal_weights_for_different_labels_are_a_conflict():
    rejection = refused(said("sad"), said("happy"), said("fear", "au_rule"))
    assert rejection.rule == "label_conflict"
    assert "happy, sad" in rejection.reason


def test_a_clip_that_nobody_labels_is_rejected():
    assert refused().rule == "no_label"


def test_a_source_outside_the_policy_is_not_heard_and_the_reason_names_it():
    rejection = refused(said("sad", "model"))
    assert rejection.rule == "no_label"
    assert "sad (model)" in rejection.reason


def test_an_unsure_opinion_is_not_heard():
    asked = LabelSettings(order=("model",))
    assert refused(said("sad", "model", confidence=0.4), settings=asked).rule == "no_label"
    assert chosen(said("sad", "model", confidence=0.5), settings=asked).label == "sad"


def test_the_filter_wants_a_unit_of_the_label_at_the_peak():
    assert chosen(said("happy"), settings=FILTER, peak=peak_with("AU12")).policy.endswith("filter")
    rejection = refused(said("happy"), settings=FILTER, peak=peak_with("AU04"))
    assert rejection.rule == "au_filter"
    assert "AU04" in rejection.reason
    assert "AU06, AU12, AU14" in rejection.reason


def test_fear_needs_five_of_its_units():
    four = ("AU01", "AU02", "AU04", "AU05")
    assert unsupported("fear", peak_with(*four)) is not None
    assert unsupported("fear", peak_with(*four, "AU26")) is None


def test_the_filter_exempts_neutral_and_rejects_what_it_cannot_check():
    assert chosen(said("neutral"), settings=FILTER, peak=peak_with()).label == "neutral"
    assert "no peak" in refused(said("happy"), settings=FILTER, peak=None).reason
    assert "no set" in refused(said("disgust"), settings=FILTER, peak=peak_with("AU09")).reason


def test_without_the_filter_a_face_need_not_support_its_label():
    assert chosen(said("happy"), peak=peak_with("AU04")).label == "happy"
