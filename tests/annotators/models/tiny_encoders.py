"""Encoders of a few thousand random weights, saved in the form that the hub has."""

from pathlib import Path
from typing import Any

SMALL = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}


def _save(model: Any, processor: Any, folder: Path) -> Path:
    model.save_pretrained(folder)
    if processor is not None:
        processor.save_pretrained(folder)
    return folder


def seeded() -> None:
    import torch

    torch.manual_seed(7)


def tiny_hubert(folder: Path, *, norm: str = "layer") -> Path:
    from transformers import HubertConfig, HubertModel, Wav2Vec2FeatureExtractor

    seeded()
    config = HubertConfig(
        **SMALL,
        conv_dim=[8] * 7,
        do_stable_layer_norm=norm == "layer",
        feat_extract_norm=norm,
        conv_bias=norm == "layer",
        num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2,
    )
    processor = Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=norm == "layer")
    return _save(HubertModel(config), processor, folder)


def tiny_mae(folder: Path) -> Path:
    """Saved with its decoder, as those published are."""
    from transformers import ViTMAEConfig, ViTMAEForPreTraining
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    seeded()
    config = ViTMAEConfig(
        **SMALL,
        image_size=224,
        patch_size=56,
        decoder_hidden_size=8,
        decoder_num_hidden_layers=1,
        decoder_num_attention_heads=1,
        decoder_intermediate_size=8,
    )
    return _save(ViTMAEForPreTraining(config), ViTImageProcessorPil(), folder)


def tiny_videomae(folder: Path, *, use_mean_pooling: bool = False) -> Path:
    from transformers import VideoMAEConfig, VideoMAEModel
    from transformers.models.videomae.image_processing_pil_videomae import VideoMAEImageProcessorPil

    seeded()
    config = VideoMAEConfig(
        **SMALL, image_size=224, patch_size=56, use_mean_pooling=use_mean_pooling
    )
    return _save(VideoMAEModel(config), VideoMAEImageProcessorPil(), folder)


def tiny_eva(folder: Path, *, image_size: int = 224) -> Path:
    from transformers import Blip2VisionConfig, Blip2VisionModel

    seeded()
    config = Blip2VisionConfig(**SMALL, image_size=image_size, initializer_range=0.02)
    model = Blip2VisionModel(config)  # its states are small, so that the eps of the norm tells
    model.post_layernorm.weight.data.uniform_(0.5, 2.0)
    return _save(model, None, folder)


def tiny_clip(folder: Path) -> Path:
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    seeded()
    config = CLIPVisionConfig(**SMALL, image_size=56, patch_size=14, projection_dim=12)
    processor = CLIPImageProcessorPil(
        size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56}
    )
    return _save(CLIPVisionModelWithProjection(config), processor, folder)


def tiny_siglip(folder: Path) -> Path:
    """Saved with its text half, as those published are."""
    from transformers import SiglipConfig, SiglipModel
    from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

    seeded()
    text = SMALL | {"vocab_size": 20, "projection_size": 16}
    config = SiglipConfig(
        vision_config=SMALL | {"image_size": 56, "patch_size": 14}, text_config=text
    )
    processor = SiglipImageProcessorPil(size={"height": 56, "width": 56})
    return _save(SiglipModel(config), processor, folder)
