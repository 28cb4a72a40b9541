"""Coarse samples: MERR's fields and its template caption, from measurements and a label."""

from typing import Final, Literal

from pydantic import Field

from annotators.clues import LEAD, PROXY_FLAG, template_maker
from annotators.injection import SUSPECTED
from annotators.wording import as_sentence, face_wording, said, sentence_of, sounding
from pipeline.evidence import translation_of
from schemas.au import FACS_NAMES, AuRules, merr_au_rules
from schemas.english import English
from schemas.evidence import Evidence
from schemas.failure import Rejection
from schemas.heard import Heard
from schemas.label import LabelDecision
from schemas.peak import Peak, PeakMoment
from schemas.sample import CoarseSample, sample_id_of, text_hash_of
from schemas.scene import Scene
from schemas.seen import Seen
from schemas.speech import Speech
from schemas.tone import Tone
from schemas.units import Row

STAGE: Final = "coarse"
VERSION: Final = "1"


class CoarseSettings(Row):
    seed: int = Field(default=0, description="Chooses among phrases that say the same.")
    face: Literal["label", "peak"] = Field(
        default="label",
        description="Movements a caption tells: label (those of the label's set, as MERR did) or "
        "peak (all that are present).",
    )
    most_words: int = Field(
        default=80, ge=1, description="Words quoted in a caption; of more, the first."
    )


def write_coarse(
    clip_id: str,
    decision: LabelDecision,
    peak: Peak,
    tone: Tone,
    scene: Scene,
    speech: Speech,
    evidence: Evidence,
    settings: CoarseSettings,
    *,
    heard: Heard | None = None,
    seen: Seen | None = None,
    english: English | None = None,
) -> CoarseSample | Rejection:
    """Caption in MERR's order, scene, face, tone, words; Rejection no_face without a peak.

    Where a chat model described the voice or the scene, its description stands in place of the
    measured one, unless words of the clip may have guided it.
    """
    if peak.moment is None:
        return _no_face(clip_id, evidence)
    text = _spoken(speech)
    au_list = label_units(decision.label, peak.moment, merr_au_rules())
    voice, place = heard_as_told(heard) or tone.description, _place(scene, seen)
    caption = _caption(decision.label, peak.moment, voice, place, text, evidence, settings)
    return CoarseSample(
        sample_id=sample_id_of(clip_id, "coarse", "reason"),
        clip_id=clip_id,
        text_hash=text_hash_of(caption),
        made_by=template_maker(VERSION, face_wording()),
        pseu_emotion=decision.label,
        label_source=decision.source,
        label_policy=decision.policy,
        AU_list=au_list,
        visual_prior_list=_phrases(clip_id, decision.label, au_list, settings),
        audio_prior_list=voice,
        peak_index=peak.moment.frame_index,
        peak_t_s=peak.moment.t_s,
        peak_AU_list=peak.moment.peak_au_list,
        peak_aus=peak.moment.aus,
        peak_rule=peak.rule,
        label_seen_at_peak=peak.label_seen,
        text=text,
        visual_objective=place,
        caption=caption,
        flags=_flags(decision.label, au_list, evidence),
        heard_tone=heard.tone if heard is not None and not heard.flags else None,
        text_en=_in_english(speech, english),
    )


def _in_english(speech: Speech, english: English | None) -> str | None:
    if english is not None and english.source == "same":
        return english.text_en
    return translation_of(speech, english)


def heard_as_told(heard: Heard | None) -> str | None:
    """ "The tone of voice is calm. ...": MERR's closed choice first. None: nobody listened, or
    what was said may have guided the answer."""
    if heard is None or heard.description is None or SUSPECTED in heard.flags:
        return None
    described = as_sentence(heard.description)
    return f"The tone of voice is {heard.tone}. {described}" if heard.tone else described


def _place(scene: Scene, seen: Seen | None) -> str:
    if seen is None or seen.description is None or SUSPECTED in seen.flags:
        return scene.description
    return as_sentence(seen.description)


def _caption(
    label: str,
    moment: PeakMoment,
    voice: str | None,
    place: str,
    text: str | None,
    evidence: Evidence,
    settings: CoarseSettings,
) -> str:
    """What is missing is left out."""
    speaker = evidence.speaker.verdict
    parts = [as_sentence(place), _face(label, moment, evidence, settings)]
    if voice is not None:
        parts.append(sounding(voice, speaker))
    if text is not None:
        parts.append(said(text, speaker, settings.most_words))
    return " ".join(parts)


def label_units(label: str, moment: PeakMoment, rules: AuRules) -> tuple[str, ...]:
    """AU_list: the label's set and the peak's units in common, in FACS order. A label without a
    set that keeps plain names (neutral) has the strongest unit, as in most rows of the release."""
    if label in rules.plain_names:
        return _strongest(moment)
    return rules.matching(label, moment.peak_au_list)


def _strongest(moment: PeakMoment) -> tuple[str, ...]:
    """The unit present with most intensity; of equals the first; AU28, without any, comes last."""
    present = [unit for unit in moment.aus if unit.au in moment.peak_au_list]
    ranked = sorted(present, key=lambda u: (u.intensity is None, -(u.intensity or 0.0), u.au))
    return tuple(unit.au for unit in ranked[:1])


def _phrases(
    clip_id: str, label: str, aus: tuple[str, ...], settings: CoarseSettings
) -> tuple[str, ...]:
    """visual_prior_list: one phrase per unit."""
    if label in merr_au_rules().plain_names:
        return tuple(FACS_NAMES[au] for au in aus)
    wording = face_wording()
    return tuple(wording.phrase(settings.seed, clip_id, au).listed() for au in aus)


def _face(label: str, moment: PeakMoment, evidence: Evidence, settings: CoarseSettings) -> str:
    """The face's sentence. Where nothing of the label's set is there, it tells what is."""
    if not moment.peak_au_list:
        return f"{LEAD} no marked movement of the face stands out."
    told = label_units(label, moment, merr_au_rules()) if settings.face == "label" else ()
    if told and label in merr_au_rules().plain_names:
        return f"{LEAD} the strongest movement of the face is {told[0]} ({FACS_NAMES[told[0]]})."
    return _movements(told or moment.peak_au_list, moment, evidence, settings.seed)


def _movements(aus: tuple[str, ...], moment: PeakMoment, evidence: Evidence, seed: int) -> str:
    wording = face_wording()
    strengths = {unit.au: unit.intensity for unit in moment.aus}
    graded = PROXY_FLAG not in evidence.flags  # proxies are no FACS scale to take a word from
    phrases = [
        (
            wording.phrase(seed, evidence.clip_id, au),
            wording.adverb(au, strengths.get(au)) if graded else None,
        )
        for au in aus
    ]
    return sentence_of(phrases, LEAD)


def _spoken(speech: Speech) -> str | None:
    transcript = speech.transcript
    return transcript.text if transcript is not None and transcript.text.strip() else None


def _flags(label: str, au_list: tuple[str, ...], evidence: Evidence) -> tuple[str, ...]:
    """`face_outside_label`: the label has a set of units and the peak shows none of it."""
    outside = label in merr_au_rules().sets and not au_list
    return (*evidence.flags, "face_outside_label") if outside else evidence.flags


def _no_face(clip_id: str, evidence: Evidence) -> Rejection:
    return Rejection(
        subject="clip",
        id=clip_id,
        stage=STAGE,
        rule="no_face",
        reason=f"no frame has a trusted face with readable action units (a trusted face in "
        f"{evidence.face_share:.0%} of the frames); a sample needs a peak",
    )
