"""Attimo: an open, self-hosted serverless cache."""

__version__ = "0.1.0"
