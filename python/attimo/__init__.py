"""Attimo: an open, self-hosted serverless cache."""
