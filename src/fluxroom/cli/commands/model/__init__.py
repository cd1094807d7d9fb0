"""The commands under `fluxroom models`."""
