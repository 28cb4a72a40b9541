"""Fine samples: clues that stand, an honest conclusion, or a rejection with its rule."""

import re

import pytest

from annotators.clues import CluesSettings, write_clues
from pipeline.fine import FineSettings, write_fine
from schemas.clues import Clue, Clues
from schemas.failure import Rejection
from schemas.label import load_vocabulary
from schemas.maker import Maker
from schemas.parquet import read_rows, write_rows
from schemas.sample import FineSample, sample_id_of, text_hash_of
from tests.pipeline.one_clip import SCENE, TONE, decision, evidence, peak

MERR = load_vocabulary("merr9")
SMILE = {"AU06": 1.2, "AU12": 3.1}
LLM = Maker(engine="chat", version="3", model="m", prompt="abc")
FACE = Clue(modality="face", claim="A smile is seen.", evidence=("face.AU12",))
VOICE = Clue(modality="voice", claim="It is low-pitched.", evidence=("voice.description",))


def fine(aus=None, label="happy", source="given", clues=None, at=None, **given):
    settings = FineSettings(
        **{k: given.pop(k) for k in list(given) if k in FineSettings.model_fields}
    )
    found = evidence(aus, **given)
    if clues is not None:
        written = Clues(clip_id="c", made_by=LLM, mode="blind", clues=tuple(clues), raw="{}")
    else:
        written = write_clues(found, CluesSettings())
    return write_fine(
        decision(label, source), written, found, at or peak(aus), settings, vocabulary=MERR
    )


def test_the_caption_is_the_clues_and_then_the_conclusion():
    sample = fine(SMILE, words="Oh my.", voice=TONE, place=SCENE)
    claims = [clue.claim for clue in sample.clues]
    assert sample.smp_reason_caption == " ".join([*claims, sample.conclusion])
    assert [clue.modality for clue in sample.clues] == ["scene", "face", "voice", "words"]
    assert sample.sample_id == sample_id_of("c", "fine", "reason")
    assert sample.text_hash == text_hash_of(sample.smp_reason_caption)


def test_a_caption_has_two_to_five_sentences():
    long = fine(SMILE, words="Oh my.", voice=TONE, place=SCENE).smp_reason_caption
    short = fine(SMILE, place=SCENE).smp_reason_caption
    for text, sentences in ((long, 5), (short, 3)):
        plain = re.sub('"[^"]*"', "X", text.replace('."', '".')) + " "
        assert len(re.findall(r"[.!?] ", plain)) == sentences


def test_no_clue_holds_the_label_and_the_conclusion_does():
    sample = fine(SMILE, words="Oh my.", voice=TONE, place=SCENE)
    assert not any("happy" in clue.claim for clue in sample.clues)
    assert '"happy"' in sample.conclusion


@pytest.mark.parametrize(
    ("label", "source", "aus", "words", "flag"),
    [
        ("happy", "given", SMILE, "the face supports it, with cheek raiser (AU06) and", None),
        ("happy", "review", SMILE, "a reviewer chose", None),
        ("happy", "model", SMILE, "a model proposed", None),
        ("happy", "au_rule", SMILE, "the face is no support of its own", None),
        ("sad", "given", {"AU12": 1.0}, "none of the facial movements", "face_gives_no_support"),
        ("sad", "given", {}, "no movement of the face was found", "face_gives_no_support"),
        ("neutral", "given", {"AU04": 1.0}, "no action unit rule speaks for or against", None),
        ("disgust", "given", {"AU09": 1.0}, "no action unit rule speaks for or against", None),
        (
            "fear",
            "given",
            {"AU01": 1.0, "AU02": 1.0, "AU12": 1.0},
            "only in part, with inner brow raiser (AU01) and outer brow raiser (AU02), where the "
            "action unit rule asks for 5 units",
            "face_gives_part_support",
        ),
        (
            "sad",
            "given",
            dict.fromkeys(["AU06", "AU12", "AU14"], 1.0),
            "the face supports it, with dimpler (AU14), but more of the movements fit happy",
            "face_gives_others_more",
        ),
        (
            "fear",
            "given",
            dict.fromkeys(["AU01", "AU02", "AU04", "AU05", "AU26"], 1.0),
            "the face supports it",
            None,
        ),
    ],
)
def test_the_conclusion_says_where_the_label_is_from_and_how_the_face_bears_on_it(
    label, source, aus, words, flag
):
    sample = fine(aus, label, source, voice=TONE, place=SCENE)
    assert words in sample.conclusion
    told = [f for f in sample.flags if f.startswith("face_gives")]
    assert told == ([flag] if flag else [])


def test_voice_and_words_are_said_to_be_reported_not_weighed():
    ends = [
        fine(SMILE, place=SCENE, **more).conclusion.partition("; ")[2]
        for more in ({}, {"voice": TONE}, {"words": "Oh."}, {"voice": TONE, "words": "Oh."})
    ]
    assert ends == [
        "",
        "the voice is reported, not weighed.",
        "the words are reported, not weighed.",
        "the voice and the words are reported, not weighed.",
    ]


def test_support_from_proxies_is_called_what_it_is():
    sample = fine(SMILE, voice=TONE, flags=("proxy_action_units",))
    assert "the face, estimated from geometry, supports it" in sample.conclusion
    assert sample.flags[0] == "proxy_action_units"


def test_a_unit_that_no_clue_kept_tells_does_not_support_the_label():
    sample = fine(SMILE, clues=[VOICE], voice=TONE, min_modalities=1)
    assert "face supports it" not in sample.conclusion


def rule(result):
    assert isinstance(result, Rejection), result
    assert (result.subject, result.id, result.stage) == ("clip", "c", "fine")
    assert result.reason
    return result.rule


def test_without_a_peak_the_clip_is_rejected():
    assert rule(fine(None, voice=TONE, words="Oh.")) == "no_face"


def test_without_a_clue_that_stands_the_clip_is_rejected_and_every_clue_accounted_for():
    result = fine(SMILE, clues=[FACE.model_copy(update={"claim": "A happy smile."})])
    assert rule(result) == "no_evidence"
    assert "face: names a label: happy" in result.reason
    assert rule(fine({}, clues=[])) == "no_evidence"


def test_a_clue_that_contradicts_its_evidence_rejects_the_clip():
    lie = Clue(modality="words", claim='She says "never".', evidence=("words.text",))
    result = fine(SMILE, clues=[FACE, lie], words="Always.")
    assert rule(result) == "contradiction"
    assert '"never"' in result.reason


LIE = Clue(modality="face", claim="The nose is wrinkled.", evidence=("face.AU12",))


def test_a_contradicted_clue_costs_only_itself_where_the_policy_or_a_proxy_asks_it():
    assert rule(fine(SMILE, clues=[FACE, LIE, VOICE], voice=TONE)) == "contradiction"
    for more in ({"contradicted": "drop"}, {"flags": ("proxy_action_units",)}):
        sample = fine(SMILE, clues=[LIE, FACE, VOICE], voice=TONE, **more)
        assert sample.clues == (FACE, VOICE)
        assert "clues_dropped" in sample.flags


def test_words_that_were_not_said_cost_the_clip_its_sample_also_beside_proxies():
    lie = Clue(modality="words", claim='She says "never".', evidence=("words.text",))
    result = fine(SMILE, clues=[FACE, lie], words="Always.", flags=("proxy_action_units",))
    assert rule(result) == "contradiction"


def test_the_sample_carries_every_claim_numbered_by_the_clues_kept():
    sample = fine(SMILE, clues=[LIE, FACE, VOICE], voice=TONE, contradicted="drop")
    told = [(c.clue, c.claim, c.verdict) for c in sample.claims]
    assert told == [
        (None, "The nose is wrinkled", "contradicted"),
        (0, "A smile is seen", "supported"),
        (1, "It is low-pitched", "unverifiable"),
    ]


def test_too_few_modalities_reject_the_clip():
    assert rule(fine(SMILE)) == "too_few_modalities"
    assert rule(fine(SMILE, place=SCENE, min_modalities=3)) == "too_few_modalities"
    assert isinstance(fine(SMILE, min_modalities=1), FineSample)


FULL_SMILE = SMILE | {"AU14": 1.0}


@pytest.mark.parametrize(
    ("label", "source", "aus", "flags", "rejected"),
    [
        ("fear", "given", FULL_SMILE, (), True),
        ("fear", "model", FULL_SMILE, (), True),
        ("fear", "review", FULL_SMILE, (), False),
        ("fear", "given", FULL_SMILE, ("proxy_action_units",), False),
        ("fear", "given", SMILE, (), False),
        ("fear", "given", FULL_SMILE | {"AU01": 0.5}, (), False),
        ("happy", "given", {"AU25": 1.0}, (), False),
        ("happy", "given", {"AU20": 1.0, "AU28": None}, (), False),
        ("neutral", "given", FULL_SMILE, (), False),
        ("disgust", "given", FULL_SMILE, (), False),
    ],
)
def test_a_face_that_is_all_another_labels_rejects_unless_a_person_or_a_proxy_is_behind_it(
    label, source, aus, flags, rejected
):
    result = fine(aus, label, source, place=SCENE, flags=flags)
    assert isinstance(result, Rejection) == rejected
    if rejected:
        assert "AU06, AU12, AU14" in result.reason
        kept = fine(aus, label, source, place=SCENE, reject_other_face=False)
        assert isinstance(kept, FineSample)


def test_failed_clues_are_dropped_and_unverifiable_ones_flagged():
    leak = VOICE.model_copy(update={"claim": "It sounds sad."})
    vague = VOICE.model_copy(update={"claim": "It trails off."})
    sample = fine(SMILE, clues=[FACE, leak, vague], voice=TONE)
    assert sample.clues == (FACE, vague)
    assert sample.flags == ("clues_dropped", "clues_unverified")
    assert rule(fine(SMILE, clues=[FACE, vague], voice=TONE, keep_unverifiable=False)) == (
        "too_few_modalities"
    )


def test_the_maker_names_the_model_that_wrote_the_clues():
    sample = fine(SMILE, clues=[FACE, VOICE], voice=TONE)
    assert (sample.made_by.engine, sample.made_by.model, sample.made_by.prompt) == (
        "chat",
        "m",
        "abc",
    )
    assert (sample.made_by.version, sample.mode) == ("fine 2, clues 3", "blind")


def test_a_sample_survives_parquet(tmp_path):
    sample = fine(SMILE, voice=TONE)
    write_rows(tmp_path / "part.parquet", [sample], FineSample)
    assert read_rows(tmp_path / "part.parquet", FineSample) == [sample]
