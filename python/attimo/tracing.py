"""Traces of control requests, by OpenTelemetry, if the operator has configured a collector.

The libraries are imported only then, since they take time and memory; otherwise spans do nothing.
The attributes are chosen here and in `api/access_log.py`: never a token, a body or a query.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from attimo import __version__
from attimo.errors import Misconfigured

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

log = logging.getLogger(__name__)

Value = str | int
Note = Callable[[str, Value], None]
"""Adds an attribute to the current span."""


class Tracer(Protocol):
    """Makes spans."""

    def request(
        self, name: str, attributes: Mapping[str, Value], headers: Mapping[str, str]
    ) -> AbstractContextManager[Note]:
        """A span for a request, in the trace of its headers."""

    def span(self, name: str, attributes: Mapping[str, Value]) -> AbstractContextManager[None]:
        """A span within the current one."""


_tracer: Tracer | None = None


def request(
    name: str, attributes: Mapping[str, Value], headers: Mapping[str, str]
) -> AbstractContextManager[Note]:
    """A span for a request, if tracing is on; attributes can be added until its end."""
    if _tracer is None:
        return nullcontext(lambda name, value: None)
    return _tracer.request(name, attributes, headers)


def span(name: str, attributes: Mapping[str, Value] | None = None) -> AbstractContextManager[None]:
    """A span within the current one, if tracing is on."""
    return nullcontext() if _tracer is None else _tracer.span(name, attributes or {})


@contextmanager
def traced(endpoint: str | None) -> Iterator[None]:
    """Send traces to a collector (OTLP over HTTP) until the end of the context, if there is one.

    Raises:
        Misconfigured: The libraries are not installed.
    """
    global _tracer
    if endpoint is None:
        yield
        return
    tracer = _OpenTelemetry(_provider(endpoint))
    _tracer = tracer
    try:
        yield
    finally:
        _tracer = None
        tracer.provider.shutdown()


def _provider(endpoint: str) -> "TracerProvider":
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise Misconfigured(
            f"otlp_endpoint needs more packages ({error.name} is missing): "
            "pip install 'attimo[tracing]'"
        ) from error
    about = {"service.name": "attimo", "service.version": __version__}
    provider = TracerProvider(resource=Resource.create(about))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


@dataclass(slots=True)
class _OpenTelemetry:
    """Spans of the library."""

    provider: "TracerProvider" = field(repr=False)

    @contextmanager
    def request(
        self, name: str, attributes: Mapping[str, Value], headers: Mapping[str, str]
    ) -> Iterator[Note]:
        """A span of the kind `server`, in the trace of `traceparent` if there is one."""
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        parent = TraceContextTextMapPropagator().extract(headers)
        with self.provider.get_tracer("attimo").start_as_current_span(
            name, parent, SpanKind.SERVER, dict(attributes), record_exception=False
        ) as opened:

            def note(name: str, value: Value) -> None:
                opened.set_attribute(name, value)
                if name == "http.route":
                    opened.update_name(f"{attributes['http.request.method']} {value}")

            yield note

    @contextmanager
    def span(self, name: str, attributes: Mapping[str, Value]) -> Iterator[None]:
        """A span; errors are recorded without their messages."""
        with self.provider.get_tracer("attimo").start_as_current_span(
            name, attributes=dict(attributes), record_exception=False, set_status_on_exception=False
        ):
            yield
