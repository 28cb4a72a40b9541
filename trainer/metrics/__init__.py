"""How good answers are, in figures. Nothing here loads a model."""
