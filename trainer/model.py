"""Emotion-LLaMA: a causal language model that reads projected features between its words."""

from typing import Any, Self

import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, GenerationConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

from schemas.instruction import Marker
from trainer.config import EmotionLlamaConfig
from trainer.positions import check_call, sample_numbers
from trainer.projectors import Projectors
from trainer.sequence import IGNORED, SENTINELS
from trainer.vision import Eyes, eyes_of


class EmotionLlama(PreTrainedModel):
    """Language model, projectors and, where EVA is inside, its eyes."""

    config_class = EmotionLlamaConfig
    config: EmotionLlamaConfig
    base_model_prefix = ""
    main_input_name = "input_ids"
    input_modalities = ("text", "image")
    supports_gradient_checkpointing = True
    accepts_loss_kwargs = True  # num_items_in_batch is honoured
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_flex_attn = True
    _supports_attention_backend = True
    _keep_in_fp32_modules_strict = ("projectors",)

    def __init__(
        self,
        config: EmotionLlamaConfig,
        *,
        llm: PreTrainedModel | None = None,
        vision: Eyes | None = None,
    ) -> None:
        super().__init__(config)
        self.llm = llm or AutoModelForCausalLM.from_config(config.text_config)
        # Its own would add sampling or a repetition penalty to a greedy answer.
        self.llm.generation_config = GenerationConfig()
        self.vision = vision or (eyes_of(config.vision_config) if config.vision_config else None)
        self.projectors = Projectors(config)
        self.post_init()

    @classmethod
    def from_parts(
        cls, config: EmotionLlamaConfig, llm: PreTrainedModel, vision: Eyes | None = None
    ) -> Self:
        """Around a language model that is loaded already; projectors start random, in float32."""
        if llm.config.hidden_size != config.hidden_size:
            raise ValueError(
                f"the language model is {llm.config.hidden_size} wide, the configuration says "
                f"{config.hidden_size}"
            )
        if vision and vision.patches != config.grid_patches:
            raise ValueError(
                f"EVA sees {vision.patches} patches, the configuration says {config.grid_patches}"
            )
        config.text_config = llm.config
        config.vision_config = vision.config if vision else None
        for part in filter(None, (config.text_config, config.vision_config)):
            part.name_or_path = ""  # a path of this machine; llm_name and vision_name tell
        return cls(config, llm=llm, vision=vision)

    def forward(
        self,
        input_ids: Tensor,
        position_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        labels: Tensor | None = None,
        grid: Tensor | None = None,
        face: Tensor | None = None,
        motion: Tensor | None = None,
        audio: Tensor | None = None,
        image: Tensor | None = None,
        pixel_values: Tensor | None = None,
        num_items_in_batch: Tensor | int | None = None,
        use_cache: bool | None = None,
    ) -> CausalLMOutput:
        """Ids [B, T] with sentinels; features [n, ...] of each modality stacked in the order in
        which their sentinels occur, row by row. Packed rows: `position_ids` restart, no mask.

        With labels: logits [wanted, V] of the wanted tokens only, in order; the loss is the mean
        over wanted tokens, or their sum divided by `num_items_in_batch`: a token weighs the same
        in whatever batch, pack or process it comes. Without labels: logits [B, T, V].
        """
        check_call(position_ids, attention_mask, labels, use_cache=use_cache)
        features = _given(grid=grid, face=face, motion=motion, audio=audio, image=image)
        embeds = self.embed(input_ids, features, pixel_values, position_ids)
        keep = None if labels is None else _predicting(labels)
        logits = self.llm(
            inputs_embeds=embeds,
            position_ids=position_ids,
            attention_mask=attention_mask,
            use_cache=False,
            logits_to_keep=0 if keep is None else keep,
        ).logits
        if labels is None:
            return CausalLMOutput(logits=logits)
        wanted = labels[labels != IGNORED]
        return CausalLMOutput(loss=_loss(logits, wanted, num_items_in_batch), logits=logits)

    def embed(
        self,
        input_ids: Tensor,
        features: dict[Marker, Tensor],
        pixel_values: Tensor | None = None,
        position_ids: Tensor | None = None,
    ) -> Tensor:
        """[B, T, d]: words embedded, features projected to where their sentinels stand."""
        if pixel_values is not None:
            features = features | self._seen(pixel_values, features)
        masks = {marker: input_ids == SENTINELS[marker] for marker in SENTINELS}
        _check_counts(masks, features, self.config)
        embeds = self.get_input_embeddings()(input_ids.clamp(min=0))
        numbers = sample_numbers(input_ids, position_ids)
        tokens, anchor = self.projectors(
            features, {m: numbers[masks[m]] for m in features if m != "grid"}
        )
        for marker, values in tokens.items():
            embeds = embeds.masked_scatter(masks[marker][..., None], values.to(embeds.dtype))
        return embeds + anchor.to(embeds.dtype)

    @torch.no_grad()
    def generate(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        *,
        features: dict[Marker, Tensor],
        pixel_values: Tensor | None = None,
        **options: Any,
    ) -> Tensor:
        """New tokens only, [B, new]; rows are padded on the left, options are those of
        transformers' generate()."""
        embeds = self.embed(input_ids, features, pixel_values)
        made: Tensor = self.llm.generate(
            inputs_embeds=embeds, attention_mask=attention_mask, **options
        )
        return made

    @property
    def is_gradient_checkpointing(self) -> bool:
        """peft 0.21 asks by this name, for which transformers 5.23 warns."""
        return bool(self.is_activation_checkpointing)

    def get_input_embeddings(self) -> nn.Module:
        return self.llm.get_input_embeddings()

    def get_output_embeddings(self) -> nn.Module:
        return self.llm.get_output_embeddings()

    def _seen(self, pixel_values: Tensor, features: dict[Marker, Tensor]) -> dict[Marker, Tensor]:
        """What EVA sees in pictures [n, 3, H, W], of what this model uses."""
        if self.vision is None:
            raise ValueError("pixel_values are given, but this model has no EVA inside")
        if features.keys() & {"grid", "image"}:
            raise ValueError("pixel_values are given, and features of the picture, too: give one")
        grid, image = self.vision(pixel_values)
        seen: dict[Marker, Tensor] = {"grid": grid, "image": image}
        return {marker: seen[marker] for marker in self.config.markers if marker in seen}

    def _init_weights(self, module: nn.Module) -> None:
        """As torch does it, which is what the original started from."""
        if isinstance(module, nn.Linear | nn.Conv1d | nn.LayerNorm):
            module.reset_parameters()


def _given(**features: Tensor | None) -> dict[Marker, Tensor]:
    return {
        marker: values
        for marker in SENTINELS
        if (values := features[marker]) is not None and len(values)
    }


def _check_counts(
    masks: dict[Marker, Tensor], features: dict[Marker, Tensor], config: EmotionLlamaConfig
) -> None:
    """masked_scatter drops surplus rows without a word, so shapes and counts come first."""
    for marker, values in features.items():
        _check_shape(marker, tuple(values.shape), config)
    # One wait for the device, not five.
    places = torch.stack([mask.sum() for mask in masks.values()]).tolist()
    for marker, wanted in zip(masks, places, strict=True):
        tokens = config.grid_tokens if marker == "grid" else 1
        found = len(features[marker]) * tokens if marker in features else 0
        if wanted != found:
            raise ValueError(
                f"{marker}: {wanted} places in input_ids, features for {found}; there must be one "
                "set of features per sample that has places for it"
            )


def _check_shape(marker: Marker, found: tuple[int, ...], config: EmotionLlamaConfig) -> None:
    if marker not in config.markers:
        raise ValueError(f"features of {marker} are given, but the model has no projector")
    grid = (config.grid_patches, config.grid_width)
    expected = grid if marker == "grid" else (config.width(marker),)
    if found[1:] != expected:
        raise ValueError(
            f"features of {marker} are {found}, expected [n, {', '.join(map(str, expected))}]"
        )


def _predicting(labels: Tensor) -> Tensor:
    """[B, T] bool: positions whose next token is wanted."""
    keep = torch.zeros_like(labels, dtype=torch.bool)
    keep[:, :-1] = labels[:, 1:] != IGNORED
    return keep


def _loss(logits: Tensor, wanted: Tensor, num_items: Tensor | int | None) -> Tensor:
    if not len(wanted):
        raise ValueError("no label is wanted in this batch: the mean over no token has no value")
    if logits.shape[:-1] != wanted.shape:
        raise ValueError(
            f"{tuple(logits.shape)} logits for {len(wanted)} wanted tokens: a row's first token "
            "cannot be wanted, and the language model must know logits_to_keep"
        )
    total = nn.functional.cross_entropy(logits.float(), wanted, reduction="sum")
    return total / (len(wanted) if num_items is None else num_items)
