"""Doors: other people's protocols over the same gateway. A client changes its base URL and its key, and nothing else.

Each door is a package with a `router`. What is ordered through a door is an ordinary generation.
"""
