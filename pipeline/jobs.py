"""What worker processes do with media: JSON in, JSON out. Models load once per process."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from annotators.base import FrameBatch, FrameListener, Sound
from annotators.engine_settings import SpeechSettings
from annotators.hearing import Ear, hear
from annotators.look import LookListener
from annotators.speech import SpeechStream, VoiceSettings, find_speech
from annotators.tone import ToneSettings, describe_tone
from pipeline.container import MediaLimits
from pipeline.encoder_inputs import write_inputs
from pipeline.face_listeners import face_listener
from pipeline.peak import PeakSettings, find_peak
from pipeline.pictures import PictureSettings, clip_stills, wanted_frames
from pipeline.recording import record
from pipeline.settings import RunSettings
from schemas.clip import Clip
from schemas.errors import ClipError, TransientError, UnexpectedError
from schemas.face import FaceTrack
from schemas.norms import Norms
from schemas.peak import Peak
from schemas.speech import Speech, Transcript
from schemas.units import Row
from schemas.video import Video

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pipeline.media import KeptFrames

Json = dict[str, Any]


def probe_video(payload: Json) -> Json:
    from pipeline.probe import probe

    video = probe(
        Path(payload["path"]),
        video_id=payload["video_id"],
        size_bytes=payload["size_bytes"],
        limits=MediaLimits.model_validate(payload["limits"]),
    )
    return video.model_dump(mode="json")


def analyse_video(payload: Json) -> Json:
    """Shots and speech of a film, for the cut. No voice is sought where there is no sound."""
    from annotators.models.voice import load_voice
    from pipeline.film import analyse_film

    video = Video.model_validate(payload["video"])
    settings = VoiceSettings.model_validate(payload["voice"])
    found = analyse_film(
        Path(payload["path"]),
        video,
        voice_stream=SpeechStream(load_voice(), settings),
        limits=MediaLimits.model_validate(payload["limits"]),
    )
    return {
        "shots": [span.model_dump() for span in found.shots],
        "voiced": None if found.voiced is None else [span.model_dump() for span in found.voiced],
    }


def measure(payload: Json) -> Json:
    """One decode of a clip for every stage wanted. A stage that fails does not take the others
    with it."""
    with ExitStack() as held:
        return _measure(payload, held)


def _measure(payload: Json, held: ExitStack) -> Json:
    from pipeline.media import KeptFrames, stream

    clip = Clip.model_validate(payload["clip"])
    wants: list[str] = payload["wants"]
    # `look` reads whole frames, so it comes first, while they are in the processor's cache.
    listeners = {n: _listener(n, clip, payload, held) for n in ("look", "face") if n in wants}
    keep = KeptFrames() if payload["foresee"] is not None and "face" in wants else None
    streamed = stream(
        Path(payload["path"]),
        clip,
        list(listeners.values()),
        want_audio=clip.has_audio and bool({"recording", "speech", "tone"} & set(wants)),
        keep=keep,
        limits=MediaLimits.model_validate(payload["limits"]),
    )
    makers: dict[str, Callable[[], Row]] = {n: listener.finish for n, listener in listeners.items()}
    if "look" in makers:
        makers["look"] = lambda: (
            listeners["look"].finish().model_copy(update={"defects": streamed.defects})
        )
    if "recording" in wants:
        makers["recording"] = lambda: record(clip.clip_id, streamed.sound, clip.duration_s)
    answer: Json = {"rows": {}, "errors": {}}
    made = {name: _try(answer, name, make) for name, make in makers.items()}
    _hear(answer, wants, clip, streamed.sound, payload)
    face = made.get("face")
    if keep is not None and isinstance(face, FaceTrack):
        answer["stills"] = _foreseen(keep, face, payload)
    return answer


def _foreseen(keep: "KeptFrames", face: FaceTrack, payload: Json) -> Json | None:
    """The stills, taken before anybody asked: at the peak that the rule will find in this track.
    None where the frames were not kept; the stage `stills` then decodes them again."""
    peak = find_peak(face, PeakSettings.model_validate(payload["foresee"]))
    frames = keep.grab(set(wanted_frames(face, peak, payload["spread"])))
    if frames is None:
        return None
    settings = PictureSettings.model_validate(payload["settings"]["stills"])
    stills = clip_stills(_as_batches(frames), face, peak, settings, payload["spread"])
    return stills.model_dump(mode="json")


def _listener(name: str, clip: Clip, payload: Json, held: ExitStack) -> FrameListener[Any]:
    return LookListener(clip.clip_id) if name == "look" else face_listener(clip, payload, held)


def _try(answer: Json, name: str, make: Callable[[], Row]) -> Row | None:
    try:
        row = make()
    except (ClipError, TransientError) as e:
        traceback = e.traceback if isinstance(e, UnexpectedError) else None
        answer["errors"][name] = [type(e).__name__, str(e), traceback]
        return None
    answer["rows"][name] = row.model_dump_json()  # a text: tracks are large
    return row


def _hear(answer: Json, wants: list[str], clip: Clip, sound: Sound | None, payload: Json) -> None:
    """Speech, then tone, which needs the speech of this run or of an earlier one."""
    speech: Row | None = None
    if "speech" in wants:
        speech = _try(answer, "speech", lambda: _speech(clip, sound, payload, answer))
    elif payload["have_speech"] is not None:
        speech = Speech.model_validate(payload["have_speech"])
    if "tone" in wants and isinstance(speech, Speech):
        heard = speech
        _try(answer, "tone", lambda: _tone(clip, sound, heard, payload))


def _speech(clip: Clip, sound: Sound | None, payload: Json, answer: Json) -> Speech:
    from annotators.models.voice import load_voice

    words = payload["words"]
    voice = load_voice()
    speech = find_speech(
        clip.clip_id,
        sound,
        None if words is None else Transcript.model_validate(words),
        voice,
        settings=VoiceSettings.model_validate(payload["settings"]["voice"]),
        model=voice.name,
    )
    settings = SpeechSettings.model_validate(payload["settings"]["speech"])
    if settings.listen == "missing" and words is not None:
        return speech
    if settings.engine == "endpoint":
        return _for_service(speech, sound, settings, answer)
    ear = _ear(settings, payload)
    return speech if ear is None else hear(speech, sound, ear, settings.rules)


def _for_service(
    speech: Speech, sound: Sound | None, settings: SpeechSettings, answer: Json
) -> Speech:
    """The supervisor asks the service, within its limits; a voice is sent out to it."""
    from pipeline.transcribing import service_ear, unheard

    if sound is None or not speech.voiced:
        return hear(speech, None, service_ear(settings.endpoint), settings.rules)
    answer["unheard"] = unheard(sound)
    return speech


def _ear(settings: SpeechSettings, payload: Json) -> Ear | None:
    """The engine chosen to hear words; None: nobody."""
    run = RunSettings.model_validate(payload["settings"]["run"])
    if settings.engine == "faster-whisper":
        from annotators.models.whisper import load_whisper

        return load_whisper(settings.faster_whisper)
    if settings.engine == "whisperx":
        from annotators.models.whisperx import load_whisperx

        return load_whisperx(settings.whisperx, run.whisperx)
    return None


def _tone(clip: Clip, sound: Sound | None, speech: Speech, payload: Json) -> Row:
    settings = ToneSettings.model_validate(payload["settings"]["tone"])
    norms = None if payload["norms"] is None else Norms.model_validate(payload["norms"])
    if settings.engine == "egemaps":
        from annotators.egemaps import describe_egemaps
        from annotators.models.egemaps import load_egemaps

        smile = load_egemaps()
        return describe_egemaps(
            clip.clip_id, sound, speech, smile, settings=settings, norms=norms, model=smile.name
        )
    from annotators.models.pitch import load_pitch

    pitch = load_pitch()
    return describe_tone(
        clip.clip_id, sound, speech, pitch, settings=settings, norms=norms, model=pitch.name
    )


def take_stills(payload: Json) -> Json:
    """The pictures of a clip, and the face at its peak, by decoding as far as needed."""
    from pipeline.media import grab

    clip = Clip.model_validate(payload["clip"])
    track = FaceTrack.model_validate(payload["track"])
    peak = Peak.model_validate(payload["peak"])
    limits = MediaLimits.model_validate(payload["limits"])
    wanted = set(wanted_frames(track, peak, payload["spread"]))
    frames = grab(Path(payload["path"]), clip, wanted, limits=limits)
    settings = PictureSettings.model_validate(payload["settings"]["stills"])
    stills = clip_stills(_as_batches(frames), track, peak, settings, payload["spread"])
    return stills.model_dump(mode="json")


def make_clip_proxy(payload: Json) -> Json:
    """A file that browsers play, for `merr review`; without pitch where its model is not here."""
    from annotators.models.pitch import load_pitch
    from annotators.models.weights import PITCH, weights_installed
    from pipeline.proxy import make_proxy

    return make_proxy(
        Path(payload["path"]),
        Clip.model_validate(payload["clip"]),
        Path(payload["target"]),
        around_s=payload["around_s"],
        pitch=load_pitch() if weights_installed(PITCH) else None,
        limits=MediaLimits.model_validate(payload["limits"]),
    ).model_dump(mode="json")


def _as_batches(
    frames: Mapping[int, tuple[float, "NDArray[np.uint8]"]],
) -> Iterator[FrameBatch]:
    import numpy as np

    for index, (t_s, frame) in sorted(frames.items()):
        yield FrameBatch(index, np.array([t_s]), [frame])


JOBS: Final[dict[str, Callable[[Json], Json]]] = {
    "probe": probe_video,
    "film": analyse_video,
    "measure": measure,
    "stills": take_stills,
    "inputs": write_inputs,
    "proxy": make_clip_proxy,
}
