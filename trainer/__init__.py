"""Emotion-LLaMA from a release."""
