"""The only place that loads real models."""
