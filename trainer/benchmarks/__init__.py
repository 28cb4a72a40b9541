"""Data sets of others that models are compared on: read where they lie, never shipped."""
