"""Pipelines: files of steps, what they will cost, how they walk on, and what people decide in between."""
