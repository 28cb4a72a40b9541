"""Which encoder makes the features of each slot, with the settings of each in its own section."""

from typing import Literal, Self

from pydantic import Field, model_validator

from schemas.units import Row

_WHERE = "id on the Hugging Face hub whose files are in its cache, or a folder"
Precision = Literal["auto", "float32", "float16", "bfloat16"]


class HubertSettings(Row):
    model: str = Field(
        default="TencentGameMate/chinese-hubert-large",
        min_length=1,
        description=f"HuBERT: {_WHERE}. The default is MERR's; for English take "
        "facebook/hubert-large-ll60k.",
    )


class MaeSettings(Row):
    model: str = Field(
        default="facebook/vit-mae-large", min_length=1, description=f"ViTMAE: {_WHERE}."
    )
    most_faces: int | None = Field(
        default=None,
        ge=1,
        description="Faces of a clip that are looked at, evenly spread. Not set: all, as MERR did.",
    )


class VideoMaeSettings(Row):
    model: str = Field(
        default="MCG-NJU/videomae-large", min_length=1, description=f"VideoMAE: {_WHERE}."
    )


class EvaSettings(Row):
    model: str = Field(
        default="Salesforce/blip2-opt-2.7b",
        min_length=1,
        description=f"EVA ViT-g/14 of BLIP-2, whose other parts are not loaded: {_WHERE}.",
    )
    grid: bool = Field(
        default=False,
        description="Keep the 1024 patches of every picture, too: 2.9 MB a clip, beside the rows.",
    )


class ClipSettings(Row):
    model: str = Field(
        default="openai/clip-vit-large-patch14", min_length=1, description=f"CLIP: {_WHERE}."
    )


class SiglipSettings(Row):
    model: str = Field(
        default="google/siglip-large-patch16-384", min_length=1, description=f"SigLIP: {_WHERE}."
    )


class AudioFeatures(Row):
    engine: Literal["none", "small", "hubert"] = Field(
        default="hubert",
        description="Who makes the features of the sound. small: figures of prosody, for the demo.",
    )
    hubert: HubertSettings = HubertSettings()


class FaceFeatures(Row):
    engine: Literal["none", "small", "mae"] = Field(
        default="mae",
        description="Who makes the features of aligned faces. small: action units in figures, for "
        "the demo.",
    )
    mae: MaeSettings = MaeSettings()


class MotionFeatures(Row):
    engine: Literal["none", "small", "videomae"] = Field(
        default="videomae",
        description="Who makes the features of 16 aligned faces in time. small: their action units "
        "and pose, for the demo.",
    )
    videomae: VideoMaeSettings = VideoMaeSettings()


class ImageFeatures(Row):
    engine: Literal["none", "small", "eva", "clip", "siglip"] = Field(
        default="eva",
        description="Who makes the features of one whole picture. small: its colours, 8 by 8, for "
        "the demo.",
    )
    frame: Literal["peak", "middle", "first"] = Field(
        default="peak", description="Which picture of the clip, as the release holds it."
    )
    eva: EvaSettings = EvaSettings()
    clip: ClipSettings = ClipSettings()
    siglip: SiglipSettings = SiglipSettings()


class FeatureSettings(Row):
    audio: AudioFeatures = AudioFeatures()
    face: FaceFeatures = FaceFeatures()
    motion: MotionFeatures = MotionFeatures()
    image: ImageFeatures = ImageFeatures()
    frame_level: bool = Field(
        default=False, description="Keep the outputs of audio, face and motion before pooling, too."
    )
    device: Literal["cpu", "cuda"] = Field(
        default="cpu", description="Where encoders compute; last digits differ, so it decides rows."
    )
    precision: Precision = Field(
        default="auto",
        description="Numbers they compute with. auto: float32 on cpu, float16 on cuda.",
    )
    batch: int = Field(
        default=16, ge=1, description="Clips an encoder takes at once; fewer need less memory."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.device == "cpu" and self.precision not in ("auto", "float32"):
            raise ValueError(f"precision {self.precision} needs device cuda")
        return self

    @property
    def numbers(self) -> str:
        """A type of torch."""
        if self.precision != "auto":
            return self.precision
        return "float32" if self.device == "cpu" else "float16"
