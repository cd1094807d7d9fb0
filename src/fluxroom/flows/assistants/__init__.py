"""Assistants and chat models: configuration files that conversations begin with.

An assistant greets, proposes, and holds a conversation to its models, defaults and limits. A chat model is a model of
the catalog with the settings that it is to be used with. Both are shipped switched off.
"""
