"""Fluxroom: one door to every FLUX image model."""
