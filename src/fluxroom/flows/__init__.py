"""Many jobs with one purpose: bulk sheets, comparisons, pipelines, conversations.

All but conversations are runs: rows that say what is to be sent, carried by a `Conductor`.
"""
