"""Asking for pictures over HTTP: models, prices, requests, jobs and what happens to them."""
