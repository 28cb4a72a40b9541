"""Emotion-LLaMA from a release: model, training, evaluation. Imports only schemas."""
