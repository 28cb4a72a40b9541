"""Coarse samples: MERR's fields and its template caption, from measurements and a label."""

from typing import Final, Literal

from pydantic import Field

from annotators.clues import LEAD, PROXY_FLAG, template_maker
from annotators.wording import as_sentence, face_wording, said, sentence_of, sounding
from schemas.au import FACS_NAMES, AuRules, merr_au_rules
from schemas.evidence import Evidence
from schemas.failure import Rejection
from schemas.label import LabelDecision
from schemas.peak import Peak, PeakMoment
from schemas.sample import CoarseSample, sample_id_of, text_hash_of
from schemas.scene import Scene
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
) -> CoarseSample | Rejection:
    """Caption in MERR's order, scene, face, tone, words; Rejection no_face without a peak."""
    if peak.moment is None:
        return _no_face(clip_id, evidence)
    text = _spoken(speech)
    au_list = label_units(decision.label, peak.moment, merr_au_rules())
    caption = _caption(decision.label, peak.moment, tone, scene, text, evidence, settings)
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
        audio_prior_list=tone.description,
        peak_index=peak.moment.frame_index,
        peak_t_s=peak.moment.t_s,
        peak_AU_list=peak.moment.peak_au_list,
        peak_aus=peak.moment.aus,
        peak_rule=peak.rule,
        label_seen_at_peak=peak.label_seen,
        text=text,
        text_en=speech.transcript.text_en if speech.transcript is not None else None,
        visual_objective=scene.description,
        caption=caption,
        flags=_flags(decision.label, au_list, evidence),
    )


def _caption(
    label: str,
    moment: PeakMoment,
    tone: Tone,
    scene: Scene,
    text: str | None,
    evidence: Evidence,
    settings: CoarseSettings,
) -> str:
    """What is missing is left out."""
    speaker = evidence.speaker.verdict
    parts = [as_sentence(scene.description), _face(label, moment, evidence, settings)]
    if tone.description is not None:
        parts.append(sounding(tone.description, speaker))
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
