"""The ASGI app that answers what is not data; behind the data plane, on a private socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI

from attimo.api import api_keys, caches, refusals
from attimo.api.grpc import GrpcDoor
from attimo.control import Control

THREADS = 4
"""For database work: writers queue for one lock anyway, and a thread costs memory."""


def create_app(control: Control) -> FastAPI:
    """Make the app; the database work runs in threads, never on the event loop.

    The description of the HTTP API is at /openapi.json.
    """
    app = FastAPI(title="Attimo", docs_url=None, redoc_url=None, lifespan=_few_threads)
    app.state.control = control
    app.include_router(caches.router)
    app.include_router(api_keys.router)
    refusals.teach(app)
    app.add_middleware(GrpcDoor, control=control)
    return app


@asynccontextmanager
async def _few_threads(_: FastAPI) -> AsyncIterator[None]:
    current_default_thread_limiter().total_tokens = THREADS
    yield
