"""Words by the norms of a corpus: what stands out against a frozen file, and nothing else."""

import hashlib
import json
import tomllib
from importlib.resources import files

import pytest

from annotators.norm_words import MOST, compare
from annotators.norms import PUBLISHED, load_norms, norms_digest, norms_name
from annotators.tone_words import put_into_words
from schemas.egemaps import CITED, Egemaps
from schemas.errors import SetupError
from schemas.norms import LEVELS, ClassNorm, MeasureNorm, Norms
from schemas.tone import ToneMeasures
from tests.annotators.test_tone import MEASURES

STEPS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)  # middle half 3..5, outer tenths below 2 and above 6


def class_norm(name="all", clips=412, **measures):
    norms = (MeasureNorm(measure=n, clips=clips, quantiles=q) for n, q in measures.items())
    return ClassNorm(name=name, clips=clips, measures=tuple(norms))


def norms_with(*classes, engine="prosody"):
    return Norms(
        norms_version="1",
        engine=engine,
        engine_versions=(f"{engine} 1",),
        source="0" * 64,
        border_hz=160.0,
        levels=LEVELS,
        classes=classes,
    )


SD = norms_with(class_norm(f0_sd_semitones=STEPS))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1.9, "it moves much less in pitch (SD 1.9 semitones)."),
        (2.0, "it moves less in pitch (SD 2.0 semitones)."),
        (2.9, "it moves less in pitch (SD 2.9 semitones)."),
        (3.0, "no measure of it stands out."),
        (5.0, "no measure of it stands out."),
        (5.1, "it moves more in pitch (SD 5.1 semitones)."),
        (6.0, "it moves more in pitch (SD 6.0 semitones)."),
        (6.1, "it moves much more in pitch (SD 6.1 semitones)."),
        (None, "no measure of it stands out."),
    ],
)
def test_a_measure_is_told_outside_of_the_middle_half_of_the_corpus(value, said):
    sentence = compare({"f0_sd_semitones": value}, SD, f0_median_hz=None)
    assert sentence == f"Against 412 clips, {said}"


@pytest.mark.parametrize(
    ("f0_hz", "said"),
    [
        (110.0, "Against 150 clips with a low voice, it moves more"),
        (159.9, "Against 150 clips with a low voice, it moves more"),
        (160.0, "Against 412 clips, no measure"),
        (None, "Against 412 clips, no measure"),
    ],
)
def test_a_voice_is_held_against_voices_of_its_class_where_the_norms_have_one(f0_hz, said):
    lower = tuple(step / 2 for step in STEPS)
    norms = norms_with(
        class_norm(f0_sd_semitones=STEPS), class_norm("low", 150, f0_sd_semitones=lower)
    )
    assert compare({"f0_sd_semitones": 3.0}, norms, f0_median_hz=f0_hz).startswith(said)


def test_of_many_measures_those_of_the_outer_tenths_are_told():
    names = ("f0_sd_semitones", "syllables_per_s", "pause_share", "level_range_db", *CITED)
    norms = norms_with(class_norm(**dict.fromkeys(names, STEPS)))
    values = dict.fromkeys(names, 5.5) | {"VoicedSegmentsPerSec": 9.0, "pause_share": 0.5}
    sentence = compare(values, norms, f0_median_hz=None)
    assert "pauses much less (0.50 of the time)" in sentence
    assert sentence.endswith("and is voiced much more often (9.0 voiced segments per second).")
    assert sentence.count("(") == MOST


def test_of_two_measures_of_one_thing_only_the_better_is_told():
    norms = norms_with(
        class_norm(
            words_per_s=STEPS, syllables_per_s=STEPS, level_dbfs=STEPS, loudness_sma3_amean=STEPS
        )
    )
    values = {
        "words_per_s": 9.0,
        "syllables_per_s": 4.0,
        "level_dbfs": 9.0,
        "loudness_sma3_amean": 4.0,
    }
    assert "no measure" in compare(values, norms, f0_median_hz=None)
    without = values | {"syllables_per_s": None, "loudness_sma3_amean": None}
    told = compare(without, norms, f0_median_hz=None)
    assert "is much quicker (9.0 words per second)" in told
    assert "is recorded much louder (9.0 dBFS)" in told


def test_with_norms_of_a_corpus_the_pitch_keeps_its_published_words():
    lively = MEASURES.model_copy(update={"f0_sd_semitones": 5.1})
    assert put_into_words(lively, SD) == (
        "The voice is high-pitched (median 231 Hz). Against 412 clips, it moves more in pitch "
        "(SD 5.1 semitones)."
    )


def test_the_functionals_are_told_where_there_are_some():
    norms = norms_with(class_norm(HNRdBACF_sma3nz_amean=STEPS), engine="egemaps")
    features = Egemaps(HNRdBACF_sma3nz_amean=1.5)
    assert put_into_words(MEASURES, norms, features).endswith(
        "it has much more noise in it (harmonics-to-noise ratio 1.5 dB)."
    )


def test_every_phrase_is_of_a_measure_and_every_functional_that_is_cited_has_one():
    phrases = tomllib.loads((files("annotators") / "phrases" / "norms.toml").read_text("utf-8"))
    known = {*ToneMeasures.model_fields, *Egemaps.model_fields}
    assert set(phrases) <= known
    assert set(phrases) - set(ToneMeasures.model_fields) == set(CITED)
    for phrase in phrases.values():
        assert "{much}" in phrase["less"]
        assert "{much}" in phrase["more"]


# ---- the file


def test_norms_come_back_from_their_file_with_the_digest_of_its_bytes(tmp_path):
    path = tmp_path / "norms.json"
    path.write_text(SD.as_text(), "utf-8")
    found = load_norms(str(path), engine="prosody")
    assert found == SD
    assert found.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (norms_name(found), norms_digest(found)) == ("prosody of 412 clips", SD.digest)


def test_the_published_norms_are_no_file():
    assert load_norms(PUBLISHED, engine="egemaps") is None


def changed(**fields):
    return json.dumps(json.loads(SD.as_text()) | fields)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no file of norms"),
        ("{}", "is no file of norms"),
        (SD.as_text()[:-30], "is no file of norms"),
        (changed(norms_version="2"), "is no file of norms in layout 1"),
        (changed(levels=[0.5]), "its quantiles are at"),
        (changed(classes=[]), 'its first class is not "all"'),
        (changed(engine="egemaps"), "norms of what egemaps measured, and tone.engine is prosody"),
        (
            norms_with(class_norm(pause_share=STEPS[:3])).as_text(),
            "pause_share of class all has no 7 rising quantiles",
        ),
        (
            norms_with(class_norm(pause_share=STEPS[::-1])).as_text(),
            "pause_share of class all has no 7 rising quantiles",
        ),
    ],
)
def test_a_file_that_holds_no_norms_for_this_engine_is_refused(text, said, tmp_path):
    path = tmp_path / "norms.json"
    path.write_text(text, "utf-8")
    with pytest.raises(SetupError, match=r"norms\.json: ") as refused:
        load_norms(str(path), engine="prosody")
    assert said in str(refused.value)


def test_norms_that_are_not_there_say_what_to_give(tmp_path):
    with pytest.raises(SetupError, match="give 'published', or a file that `merr norms WORK"):
        load_norms(str(tmp_path / "none.json"), engine="prosody")
