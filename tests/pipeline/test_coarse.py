"""Coarse samples: MERR's fields, and a caption that leaves out what is missing."""

import re

import pytest

from annotators.mentions import mentions_in
from annotators.wording import face_wording
from pipeline.coarse import CoarseSettings, write_coarse
from schemas.au import FACS_NAMES, merr_au_rules
from schemas.failure import Rejection
from schemas.parquet import read_rows, write_rows
from schemas.sample import CoarseSample, sample_id_of, text_hash_of
from tests.pipeline.one_clip import (
    SCENE,
    TONE,
    decision,
    evidence,
    peak,
    scene,
    speech,
    tone,
)

SMILE = {"AU06": 1.2, "AU07": 0.4, "AU12": 3.1}


def coarse(
    aus=None, label="happy", words=None, voice=None, verdict="visible", flags=(), **settings
):
    return write_coarse(
        "c",
        decision(label),
        peak(aus),
        tone(voice),
        scene(),
        speech(words),
        evidence(aus, verdict=verdict, flags=flags),
        CoarseSettings(**settings),
    )


def test_the_caption_tells_scene_face_tone_and_words_in_this_order():
    sample = coarse(SMILE, words="Oh my.", voice=TONE)
    face = sample.caption.removeprefix(SCENE).removesuffix('The person says: "Oh my."')
    assert face.strip().startswith("At the peak, the")
    assert face.strip().endswith(TONE)


def test_au_list_is_the_labels_set_and_the_peaks_units_in_common_one_phrase_each():
    sample = coarse(SMILE)
    assert sample.AU_list == ("AU06", "AU12")
    assert sample.peak_AU_list == ("AU06", "AU07", "AU12")
    for au, phrase in zip(sample.AU_list, sample.visual_prior_list, strict=True):
        assert phrase in {p.listed() for p in face_wording().units[au]}


@pytest.mark.parametrize("label", [*merr_au_rules().sets, "neutral", "disgust"])
@pytest.mark.parametrize("count", range(9))
def test_each_unit_has_one_phrase_and_each_caption_is_whole(label, count):
    aus = dict.fromkeys(list(face_wording().units)[2 : 2 + count], 1.5)
    sample = coarse(aus, label=label, words="Oh my.", voice=TONE)
    assert len(sample.AU_list) == len(sample.visual_prior_list)
    assert not re.search(r"unknown|None|  |\.\.|,\.|, ,|\band \.", sample.caption)
    assert sample.text_hash == text_hash_of(sample.caption)


def test_what_is_missing_is_left_out_of_the_caption():
    sample = coarse(SMILE)
    assert sample.caption.startswith(SCENE + " At the peak,")
    assert sample.caption.count("At the peak") == 1
    assert "says" not in sample.caption
    assert "voice" not in sample.caption
    assert (sample.text, sample.audio_prior_list) == (None, None)


def test_a_calm_face_is_said_to_be_calm():
    sample = coarse({}, voice=TONE)
    assert "no marked movement of the face stands out." in sample.caption
    assert (sample.AU_list, sample.visual_prior_list) == ((), ())


def test_a_face_outside_the_labels_set_is_told_as_it_is_and_flagged():
    sample = coarse({"AU04": 2.0}, label="happy", flags=("several_faces",))
    assert sample.AU_list == ()
    assert {m.any_of for m in mentions_in(sample.caption)} >= {frozenset({"AU04"})}
    assert sample.flags == ("several_faces", "face_outside_label")


@pytest.mark.parametrize(("label", "aus"), [("neutral", {}), ("disgust", {"AU09": 1.0})])
def test_a_label_without_a_set_has_no_face_outside_it(label, aus):
    assert coarse(aus, label=label).flags == ()


def test_a_caption_tells_the_labels_movements_or_on_request_all_of_the_peak():
    merr = {n for m in mentions_in(coarse(SMILE).caption) for n in m.any_of}
    everything = {n for m in mentions_in(coarse(SMILE, face="peak").caption) for n in m.any_of}
    assert "AU12" in merr & everything
    assert coarse(SMILE).caption != coarse(SMILE, face="peak").caption
    assert "AU07" in everything


@pytest.mark.parametrize(
    ("aus", "strongest"),
    [
        ({"AU04": 1.0, "AU05": 2.0}, "AU05"),
        ({"AU28": None, "AU25": 0.0}, "AU25"),
        ({"AU28": None}, "AU28"),
        ({"AU25": None, "AU26": 0.0}, "AU26"),
        ({"AU12": 1.0, "AU04": 1.0}, "AU04"),
    ],
)
def test_neutral_has_its_strongest_unit_under_the_plain_name(aus, strongest):
    sample = coarse(aus, label="neutral")
    assert sample.AU_list == (strongest,)
    assert sample.visual_prior_list == (FACS_NAMES[strongest],)
    assert f"{strongest} ({FACS_NAMES[strongest]})." in sample.caption
    assert sample.flags == ()


def test_words_with_quotation_marks_and_line_breaks_stay_one_quote():
    sample = coarse(SMILE, words='He said "no",\nand left')
    assert sample.caption.endswith("The person says: \"He said 'no', and left\".")
    assert sample.text == 'He said "no",\nand left'


def test_long_speech_is_cut_in_the_caption_and_whole_in_the_row():
    sample = coarse(SMILE, words="word " * 100, most_words=3)
    assert sample.caption.endswith('The person begins with: "word word word ..."')
    assert sample.text.count("word") == 100


def test_a_clip_without_a_peak_is_rejected_with_its_reason():
    rejection = coarse(None)
    assert isinstance(rejection, Rejection)
    assert (rejection.stage, rejection.rule, rejection.id) == ("coarse", "no_face", "c")
    assert "25%" in rejection.reason


def test_a_sample_survives_parquet(tmp_path):
    sample = coarse(SMILE | {"AU28": None}, words="Oh my.", voice=TONE)
    write_rows(tmp_path / "part.parquet", [sample], CoarseSample)
    assert read_rows(tmp_path / "part.parquet", CoarseSample) == [sample]
    assert sample.sample_id == sample_id_of("c", "coarse", "reason")


def test_english_stands_beside_the_words_and_the_caption_quotes_the_words():
    told = speech("Guten Tag.")
    english = told.transcript.model_copy(update={"text_en": "Good day."})
    told = told.model_copy(update={"transcript": english})
    sample = write_coarse(
        "c", decision(), peak(SMILE), tone(), scene(), told, evidence(SMILE), CoarseSettings()
    )
    assert (sample.text, sample.text_en) == ("Guten Tag.", "Good day.")
    assert "Guten Tag." in sample.caption
    assert "Good day." not in sample.caption
    assert coarse(SMILE, words="Hello.").text_en is None
