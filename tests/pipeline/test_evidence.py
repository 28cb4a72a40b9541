import pytest

from annotators.scene import describe_scene
from pipeline.evidence import EvidenceSettings, join
from pipeline.peak import PeakSettings, find_peak
from pipeline.speaker import SpeakerSettings
from schemas.clip import Clip
from schemas.egemaps import Egemaps
from schemas.evidence import Evidence
from schemas.failure import Rejection
from schemas.maker import Maker
from schemas.scene import Look
from schemas.speech import Cue, Span, Speech, Transcript, Word
from schemas.tone import Tone, ToneMeasures
from tests.pipeline.tracks import make_track

CLIP = Clip.of("v", 0, 2_000_000, rule="whole", has_audio=True)
HAND = Maker(engine="hand", version="2")
WORDS = Transcript(
    text="Well. I know.",
    language="en",
    source="subtitles",
    cues=(Cue(start_s=0.1, end_s=0.5, text="Well."), Cue(start_s=0.6, end_s=1.8, text="I know.")),
)
MEASURES = ToneMeasures(
    speech_s=1.7,
    f0_median_hz=210.0,
    f0_low_hz=None,
    f0_high_hz=None,
    f0_sd_semitones=2.5,
    f0_slope_semitones_per_s=-1.5,
    voiced_share=0.6,
    level_dbfs=-20.0,
    level_range_db=9.0,
    words_per_s=1.8,
    syllables_per_s=None,
    pause_share=0.0,
)


def tone(*, heard: bool = True) -> Tone:
    return Tone(
        clip_id=CLIP.clip_id,
        made_by=HAND,
        measures=MEASURES if heard else None,
        description="A high, even voice." if heard else None,
        missing=None if heard else "no_audio",
    )


def speech(*, heard: bool = True, words: Transcript | None = WORDS) -> Speech:
    return Speech(
        clip_id=CLIP.clip_id,
        made_by=HAND,
        voiced=(Span(start_s=0.1, end_s=0.5), Span(start_s=0.6, end_s=1.8)) if heard else None,
        voice_probability=0.9 if heard else None,
        transcript=words,
    )


def joined(
    settings=None, heard=True, words=WORDS, rule="frequent_au", functionals=None, **columns
) -> Evidence | Rejection:
    track = make_track(CLIP.clip_id, n=50, **columns)
    peak = find_peak(track, PeakSettings(rule=rule), "happy")
    look = Look(
        clip_id=CLIP.clip_id,
        made_by=HAND,
        frames=50,
        luma_mean=0.5,
        luma_sd=0.2,
        saturation_mean=0.2,
        motion=0.001,
    )
    scene = describe_scene(CLIP.clip_id, look, track, peak, 240)
    spoken = speech(heard=heard, words=words)
    voice = tone(heard=heard).model_copy(update={"egemaps": functionals})
    return join(CLIP, track, peak, spoken, voice, scene, settings or EvidenceSettings())


SMILE = {"au12_r": [0.0] * 20 + [3.0] + [0.0] * 29, "proxy": False}


def test_every_unit_present_at_the_peak_can_be_cited():
    evidence = joined(**SMILE, au28_c=True)
    item = evidence.item("face.AU12")
    assert (item.value, item.unit, item.text) == (3.0, "FACS 0-5", "lip corner puller")
    assert item.start_s == item.end_s == 0.8
    suck = evidence.item("face.AU28")
    assert (suck.value, suck.unit) == (None, None)  # present, but of no known intensity
    assert evidence.item("face.AU04") is None


def test_head_smile_and_shut_eyes_are_those_of_the_peak():
    smile = [0.0] * 20 + [0.9] + [0.0] * 29
    evidence = joined(**SMILE, yaw_deg=-20.0, smile=smile, eye_closure=0.8)
    assert evidence.item("face.pose").text == "turned to the viewer's left"
    assert evidence.item("face.pose.yaw_deg").value == -20
    assert evidence.item("face.smile").value == 0.9
    assert evidence.item("face.eye_closure").value == 0.8


def test_a_smile_or_blink_too_small_to_see_is_no_evidence():
    evidence = joined(**SMILE, smile=0.3, eye_closure=0.3)
    assert evidence.item("face.smile") is None
    assert evidence.item("face.eye_closure") is None


def test_a_clip_without_a_face_has_evidence_of_its_other_modalities():
    evidence = joined(success=False)
    assert {item.modality for item in evidence.items} == {"voice", "words", "scene"}
    assert evidence.face_share == 0
    assert "no_peak" in evidence.flags
    assert evidence.speaker.verdict == "unknown"


def test_known_measures_of_the_voice_carry_their_unit_and_unknown_ones_are_left_out():
    evidence = joined()
    units = {i.key: i.unit for i in evidence.items if i.modality == "voice"}
    assert units == {
        "voice.speech_s": "s",
        "voice.f0_median_hz": "Hz",
        "voice.f0_sd_semitones": "semitone",
        "voice.f0_slope_semitones_per_s": "semitone/s",
        "voice.voiced_share": "1",
        "voice.level_dbfs": "dB",
        "voice.level_range_db": "dB",
        "voice.words_per_s": "1/s",
        "voice.pause_share": "1",
        "voice.description": None,
    }
    assert evidence.item("voice.f0_median_hz").start_s == 0.1
    assert evidence.item("voice.f0_median_hz").end_s == 1.8


def test_functionals_that_sentences_speak_of_are_items_and_the_other_ones_are_not():
    features = Egemaps(jitterLocal_sma3nz_amean=0.02, mfcc1_sma3_amean=20.0)
    evidence = joined(functionals=features)
    jitter = evidence.item("voice.jitterLocal_sma3nz_amean")
    assert (jitter.value, jitter.unit, jitter.modality) == (0.02, "1", "voice")
    assert evidence.item("voice.loudness_sma3_amean") is None
    assert evidence.item("voice.mfcc1_sma3_amean") is None


def test_words_are_cited_as_a_whole_and_cue_by_cue():
    evidence = joined()
    assert evidence.item("words.text").text == "Well. I know."
    second = evidence.item("words.cue.1")
    assert (second.text, second.start_s, second.end_s) == ("I know.", 0.6, 1.8)


def test_words_without_times_hold_at_no_time():
    untimed = Cue(start_s=None, end_s=None, text="Well.")
    for cues in ((), (untimed,), (WORDS.cues[0], untimed)):
        evidence = joined(words=WORDS.model_copy(update={"cues": cues}))
        for key in ("words.text", f"words.cue.{len(cues) - 1}"):
            item = evidence.item(key)
            assert item is None or (item.start_s, item.end_s) == (None, None)
        assert evidence.item("words.text").text == WORDS.text


def test_words_that_were_timed_say_when_a_text_without_cue_times_was_spoken():
    cues = (Cue(start_s=None, end_s=None, text=WORDS.text),)
    words = tuple(
        Word(text=text, start_s=start, end_s=end, probability=None, speaker=None)
        for text, start, end in (("Well.", 0.2, 0.4), ("I", 0.9, 1.0))
    )
    told = WORDS.model_copy(update={"cues": cues, "words": words})
    item = joined(words=told).item("words.text")
    assert (item.start_s, item.end_s) == (0.2, 1.0)
    untimed = words[0].model_copy(update={"end_s": None})
    told = told.model_copy(update={"words": (untimed, words[1])})
    assert joined(words=told).item("words.text").start_s is None


def test_english_words_are_an_item_of_their_own():
    evidence = joined(words=WORDS.model_copy(update={"text_en": "Good. I see."}))
    assert evidence.item("words.text").text == WORDS.text
    english = evidence.item("words.text_en")
    assert (english.text, english.modality) == ("Good. I see.", "words")
    assert english.start_s == evidence.item("words.text").start_s
    assert joined().item("words.text_en") is None


def test_a_silent_clip_has_neither_voice_nor_words():
    evidence = joined(heard=False, words=None)
    assert {item.modality for item in evidence.items} == {"face", "scene"}
    assert "voice_no_audio" in evidence.flags


def test_no_key_comes_twice_and_no_item_is_empty():
    items = joined(**SMILE).items
    assert len({item.key for item in items}) == len(items)
    assert all(item.value is not None or item.text for item in items)


@pytest.mark.parametrize(
    ("columns", "flag"),
    [
        ({"proxy": True}, "proxy_action_units"),
        ({"baseline": "population"}, "population_baseline"),
        ({"shot": [0] * 25 + [1] * 25}, "shot_change"),
        ({"faces": [2] * 11 + [1] * 39}, "several_faces"),
        ({"rule": "label_au"}, "label_seen_at_peak"),
        ({}, "speaker_not_visible"),  # the mouth of a calm face rests
    ],
)
def test_what_weakens_the_evidence_is_flagged(columns, flag):
    assert flag in joined(**{"proxy": False, **columns}).flags


def test_clean_evidence_carries_no_flag():
    lips = [0.02, 0.12, 0.02, 0.15, 0.05] * 10
    evidence = joined(proxy=False, mouth_open=lips, faces=[2] * 10 + [1] * 40)
    assert evidence.flags == ()
    assert evidence.others_share == 0.2


def test_the_policy_decides_about_a_voice_that_is_not_the_faces_own():
    def policy(name: str) -> EvidenceSettings:
        return EvidenceSettings(speaker=SpeakerSettings(policy=name))

    rejection = joined(policy("reject"))
    assert isinstance(rejection, Rejection)
    assert (rejection.rule, rejection.id) == ("speaker_not_visible", CLIP.clip_id)
    kept = joined(policy("keep"))
    assert kept.speaker.verdict == "not_visible"
    assert "speaker_not_visible" not in kept.flags


def test_evidence_names_everyone_who_made_it():
    assert joined().makers == (
        "face hand 1",
        "peak peak 1",
        "speech hand 2",
        "tone hand 2",
        "scene measured 2",
    )


def test_annotations_of_another_clip_are_refused():
    track = make_track("other", n=1)
    with pytest.raises(ValueError, match="FaceTrack of clip other"):
        join(
            CLIP, track, find_peak(track, PeakSettings()), speech(), tone(),
            describe_scene("c", Look(clip_id="c", made_by=HAND, frames=1, luma_mean=0, luma_sd=0,
                saturation_mean=0, motion=None), track, find_peak(track, PeakSettings()), 240),
            EvidenceSettings(),
        )  # fmt: skip
