"""The ASGI app that answers what is not data."""

from fastapi import FastAPI

from attimo.control import Control


def create_app(control: Control) -> FastAPI:
    """Make the app; it opens its transactions with `control`."""
    return FastAPI(title="Attimo")
