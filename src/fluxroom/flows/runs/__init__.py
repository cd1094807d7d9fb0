"""Many jobs with one purpose: how a run is carried, decided about, shown and packed."""
