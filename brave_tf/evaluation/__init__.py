"""Evaluation protocols; all take an embedding function, never a model."""
