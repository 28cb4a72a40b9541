"""An answer of a model, for tests of what is made of it."""

from flows.predicting import PredictedClip
from trainer.evaluation import ModelUse

MODEL = ModelUse(
    folder="run", digest="0" * 64, base=None, constrained=False, batch_size=8, max_new_tokens=500
)
CLIP = PredictedClip(
    name="clip.mp4",
    clip_id="c",
    start_s=0,
    end_s=2,
    text="Oh.",
    modalities=("face",),
    label="happy",
    why=None,
    answer="happy",
    reasons="She smiles.",
    reasons_cut=False,
)
