"""Every setting of a build, in sections; each section stands beside the code that reads it."""

from pydantic import Field

from annotators.clues import CluesSettings
from annotators.engine_settings import FaceSettings, SpeechSettings
from annotators.feature_settings import FeatureSettings
from annotators.judge import JudgeSettings
from annotators.openface import OpenFaceRun
from annotators.pyfeat import PyFeatRun
from annotators.role_settings import (
    ChatDefaults,
    EnglishSettings,
    HeardSettings,
    SeenSettings,
)
from annotators.speech import VoiceSettings
from annotators.tone import ToneSettings
from annotators.whisper_settings import EndpointRun, FasterWhisperRun, WhisperXRun
from pipeline.chat_settings import ChatSettings
from pipeline.coarse import CoarseSettings
from pipeline.container import MediaLimits
from pipeline.cut import CutSettings
from pipeline.evidence import EvidenceSettings
from pipeline.fine import FineSettings
from pipeline.given import GivenSettings
from pipeline.label import LabelSettings
from pipeline.merr_samples import ImportSettings
from pipeline.peak import PeakSettings
from pipeline.pictures import PictureSettings
from pipeline.selection import PublishSettings
from schemas.units import Row


class RunSettings(Row):
    """How the work is done; changes no row."""

    jobs: int | None = Field(
        default=None, ge=1, description="Worker processes. Not set: one per CPU."
    )
    worker_memory_gb: float = Field(
        default=3.0, gt=0, description="Memory one worker process may take, in GB."
    )
    faster_whisper: FasterWhisperRun = FasterWhisperRun()
    whisperx: WhisperXRun = WhisperXRun()
    endpoint: EndpointRun = EndpointRun()
    chat: ChatSettings = ChatSettings()
    openface: OpenFaceRun = OpenFaceRun()
    pyfeat: PyFeatRun = PyFeatRun()


class Settings(Row):
    run: RunSettings = RunSettings()
    media: MediaLimits = MediaLimits()
    given: GivenSettings = GivenSettings()
    cut: CutSettings = CutSettings()
    face: FaceSettings = FaceSettings()
    voice: VoiceSettings = VoiceSettings()
    speech: SpeechSettings = SpeechSettings()
    tone: ToneSettings = ToneSettings()
    peak: PeakSettings = PeakSettings()
    stills: PictureSettings = PictureSettings()
    label: LabelSettings = LabelSettings()
    chat: ChatDefaults = ChatDefaults()
    heard: HeardSettings = HeardSettings()
    seen: SeenSettings = SeenSettings()
    english: EnglishSettings = EnglishSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    coarse: CoarseSettings = CoarseSettings()
    clues: CluesSettings = CluesSettings()
    fine: FineSettings = FineSettings()
    features: FeatureSettings = FeatureSettings()
    imports: ImportSettings = ImportSettings()
    publish: PublishSettings = PublishSettings()
    judge: JudgeSettings = JudgeSettings()
