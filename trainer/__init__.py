"""Emotion-LLaMA from a release: the model, its checkpoints, training and evaluation."""
