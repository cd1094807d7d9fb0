"""The commands under `fluxroom jobs`."""
