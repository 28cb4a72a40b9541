"""What an Emotion-LLaMA is made of: parts, widths, layout."""

from copy import deepcopy
from typing import Any, Literal

from transformers import AutoConfig, Blip2VisionConfig, PreTrainedConfig
from transformers.configuration_utils import SubConfigSpec

from schemas.errors import SetupError
from schemas.instruction import MARKERS, Layout, Marker, Turn
from trainer.sequence import AnswerTransform

Frame = Literal["peak", "middle", "first"]
Fusion = Literal["none", "conv-attention"]


class EmotionLlamaConfig(PreTrainedConfig):
    """Widths and counts are the original's (minigpt_v2.py); tests use tiny ones."""

    model_type = "emotion_llama"
    sub_configs_defaults = {  # noqa: RUF012  as transformers declares it
        "text_config": SubConfigSpec(config_class=AutoConfig, model_type="llama"),
        "vision_config": SubConfigSpec(config_class=Blip2VisionConfig, optional=True),
    }

    text_config: Any = None  # a configuration of the language model, or its fields
    vision_config: Any = None  # a Blip2VisionConfig or its fields; None: EVA is not inside
    llm_name: str | None = None  # hub id or folder of the base model; None: weights are inside
    llm_revision: str | None = None
    vision_name: str | None = None
    used: list[str] | tuple[str, ...] = MARKERS  # which modalities have a projector
    grid_patches: int = 1024  # 32 x 32 of EVA at 448 px
    grid_width: int = 1408
    patches_per_token: int = 4
    face_width: int = 1024
    motion_width: int = 1024
    audio_width: int = 1024
    image_width: int = 1408
    frame: Frame = "peak"  # which frame of a clip EVA sees; the original's code took the first
    fusion: Fusion = "none"
    fusion_width: int = 256
    fusion_heads: int = 8
    layout: Layout = "train"
    turn: Turn = "llama-2"
    answer: AnswerTransform = "as_is"

    def __post_init__(self, **kwargs: Any) -> None:
        # A composite configuration sets the attention of its parts to its own, None. The one of a
        # language model that is loaded already would turn from sdpa into eager under it.
        self.text_config = deepcopy(self.text_config)
        self.vision_config = deepcopy(self.vision_config)
        super().__post_init__(**kwargs)
        strangers = sorted(set(self.used) - set(MARKERS))
        if strangers or not self.used:
            raise SetupError(f"used = {list(self.used)}: choose of {', '.join(MARKERS)}")
        if self.grid_patches % self.patches_per_token:
            raise SetupError(
                f"grid_patches = {self.grid_patches} is no multiple of patches_per_token = "
                f"{self.patches_per_token}"
            )

    @property
    def markers(self) -> tuple[Marker, ...]:
        """The modalities with a projector, in the order of a sequence."""
        return tuple(marker for marker in MARKERS if marker in self.used)

    @property
    def grid_tokens(self) -> int:
        """Embeddings that one patch grid becomes: 256 for the original."""
        return int(self.grid_patches // self.patches_per_token)

    @property
    def hidden_size(self) -> int:
        """Width of the language model."""
        return int(self.text_config.hidden_size)

    def width(self, marker: Marker) -> int:
        """Width of what the projector of a modality reads."""
        if marker == "grid":
            return int(self.grid_width * self.patches_per_token)
        return int(getattr(self, f"{marker}_width"))


# Tokenizers ask a folder's config.json for its type.
AutoConfig.register(EmotionLlamaConfig.model_type, EmotionLlamaConfig)
