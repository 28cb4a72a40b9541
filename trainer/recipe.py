"""A recipe: everything that decides a training run, as one frozen record read from TOML."""

from typing import Literal

from pydantic import Field, model_validator

from schemas.units import Row


class DataRecipe(Row):
    mix: dict[str, float] = Field(
        description="Share of the visits by tier/task, e.g. coarse/emotion = 0.5."
    )
    clips: Literal["all", "fine"] = Field(
        default="all", description="fine: only clips that have a fine sample."
    )
    must_have: tuple[str, ...] = Field(
        default=(), description="Labels without which the recipe makes no sense: refused."
    )
    balance: float = Field(
        default=0.0, ge=0, le=1, description="0: labels as they come; 1: all equally often."
    )
    answers: Literal["as_is", "original"] = Field(
        default="as_is",
        description='Answer transform. original: lower case, . ! " ( ) * # : ; ~ taken out.',
    )
    encoders: dict[str, str] = Field(
        default={}, description="Encoder by slot, where the release has several for one."
    )

    @model_validator(mode="after")
    def _mix_is_a_mix(self) -> "DataRecipe":
        if not self.mix or any(not weight > 0 for weight in self.mix.values()):
            raise ValueError("mix holds at least one tier/task, each with a weight above 0")
        known = {f"{tier}/{task}" for tier in ("coarse", "fine") for task in ("emotion", "reason")}
        strangers = sorted(set(self.mix) - known)
        if strangers:
            raise ValueError(f"mix holds {strangers}; known are {sorted(known)}")
        return self


class ModelRecipe(Row):
    llm: str = Field(description="Causal LM: a name on the hub, a folder, or `tiny` (random).")
    start: str | None = Field(
        default=None, description="Run folder whose adapter and projectors to begin with."
    )
    grid: bool = Field(
        default=True, description="The patch tokens of the peak frame, from the grid cache."
    )
    eyes: str | None = Field(
        default=None,
        description="EVA run in training on a frame of the release, instead of cached grids: a "
        "BLIP-2 on the hub, or a folder. Not set: grids come with --grid.",
    )
    frame: Literal["peak", "middle", "first"] = Field(
        default="peak", description="With eyes: which frame of a clip they see."
    )
    without: tuple[Literal["face", "motion", "audio", "image"], ...] = Field(
        default=(), description="Slots that are not read although the release has them."
    )
    fusion: Literal["none", "conv-attention"] = Field(
        default="none", description="What lets the slots of a clip see each other first."
    )
    layout: Literal["train", "published-eval"] = Field(
        default="train", description="Order of the pieces of a prompt."
    )
    adapter: Literal["lora", "full"] = Field(
        default="lora", description="full: every weight of the LM is trained."
    )
    rank: int = Field(default=64, ge=1, description="LoRA r.")
    alpha: int = Field(default=16, ge=1, description="LoRA alpha.")
    dropout: float = Field(default=0.05, ge=0, lt=1, description="LoRA dropout.")

    @model_validator(mode="after")
    def _what_is_random_is_saved_whole(self) -> "ModelRecipe":
        if self.llm == "tiny" and self.adapter == "lora":
            raise ValueError("llm = tiny is random, so its weights are saved: adapter = full")
        return self

    @model_validator(mode="after")
    def _eyes_see_the_image(self) -> "ModelRecipe":
        if self.eyes is not None and "image" in self.without:
            raise ValueError("without image contradicts eyes, which see it: leave one out")
        return self


class OptimizerRecipe(Row):
    lr: float = Field(gt=0, description="Learning rate after the warm-up.")
    lr_start: float = Field(ge=0, description="Learning rate at step 0.")
    lr_end: float = Field(ge=0, description="Learning rate at the last step.")
    warmup_visits: int = Field(default=0, ge=0, description="Visits of the linear warm-up.")
    beta1: float = Field(default=0.9, ge=0, lt=1)
    beta2: float = Field(default=0.999, ge=0, lt=1)
    weight_decay: float = Field(
        default=0.05, ge=0, description="Of matrices; vectors, biases and norms have none."
    )
    clip_norm: float | None = Field(
        default=1.0, gt=0, description="Largest norm of a gradient. Not set: not clipped."
    )


class RunRecipe(Row):
    visits: int = Field(ge=1, description="How often a sample is visited, all steps together.")
    per_step: int = Field(ge=1, description="Visits of one optimizer step, all processes.")
    seed: int = Field(default=42)
    loss: Literal["sample", "token"] = Field(
        default="sample",
        description="sample: every visit weighs the same; token: every answer token does.",
    )
    keep: int = Field(default=2, ge=1, description="Checkpoints kept, beside the best one.")
    save_every: int = Field(default=250, ge=1, description="Steps between checkpoints.")
    validate_every: int = Field(default=250, ge=1, description="Steps between validations.")
    patience: int = Field(
        default=0, ge=0, description="Stop after so many validations without a better loss; 0: no."
    )
    choose: Literal["best", "last"] = Field(
        default="best", description="Which checkpoint becomes the model; best: of validation."
    )
    max_length: int = Field(default=1024, ge=8, description="Longest sequence in tokens.")
    tensorboard: bool = Field(default=True, description="Write events for TensorBoard.")
    wandb: bool = Field(default=False, description="Log to Weights & Biases, if installed.")


class DeviceRecipe(Row):
    """How the work fits the machine. Changes no order, only the last digits of a sum."""

    at_once: int = Field(ge=1, description="Visits per process in one forward pass.")
    row_tokens: int = Field(
        default=0, ge=0, description="Pack samples into rows of so many tokens; 0: a row each."
    )
    checkpointing: bool = Field(
        default=False, description="Compute activations again instead of keeping them."
    )
    compile: bool = Field(default=False, description="torch.compile of the decoder body.")
    precision: Literal["bf16", "fp32"] = "bf16"
    attention: Literal["sdpa", "eager", "flash_attention_2"] = "sdpa"
    parallel: Literal["ddp", "fsdp"] = Field(
        default="ddp", description="fsdp: weights are spread over the processes."
    )
    workers: int = Field(default=0, ge=0, description="Processes that read ahead.")


class Recipe(Row):
    name: str
    about: str = Field(description="What it is for, in a sentence.")
    data: DataRecipe
    model: ModelRecipe
    optimizer: OptimizerRecipe
    run: RunRecipe
    device: DeviceRecipe
