"""Runs over HTTP: sheets, comparisons, pipelines, conversations and the assistants they begin with."""
