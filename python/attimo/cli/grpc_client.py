"""The command line's gRPC client for collections: it uses Momento's own protocol."""

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from attimo import names
from attimo.cli.profiles import Profile
from attimo.errors import AttimoError, InvalidArgument, Misconfigured

if TYPE_CHECKING:
    import grpc

TIMEOUT_SECONDS = 30
PORTS = {"http": 80, "https": 443}
OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.enable_http_proxy", 0),
)


class GrpcClient:
    """A connection to one cache of one server, as one caller."""

    def __init__(self, server: Profile, cache: str) -> None:
        """Create a connection; it is opened at the first call.

        Raises:
            Misconfigured: The address or the certificates cannot be used.
            InvalidName: No cache has such a name.
        """
        names.check_cache(cache)
        self.server = server
        self._metadata = (("authorization", server.api_key), ("cache", cache))
        try:
            self._channel = _channel(server)
        except (OSError, ValueError) as error:
            raise Misconfigured(f"{server.url} cannot be used: {error}") from error

    def __enter__(self) -> Self:
        """Use it in a `with`, which closes it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self._channel.close()

    def ask(self, method: str, **fields: Any) -> Any:
        """Call a method of items and collections, with these fields.

        Raises:
            AttimoError: The server refused or did not answer; the message is its own.
        """
        from momento_wire_types import cacheclient_pb2 as pb

        described = pb.DESCRIPTOR.services_by_name["Scs"].methods_by_name[method]
        request = getattr(pb, described.input_type.name)(**fields)
        reply = getattr(pb, described.output_type.name)
        return self._send(f"/cache_client.Scs/{method}", request, reply)

    def ask_board(self, method: str, **fields: Any) -> Any:
        """Call a method of leaderboards, with these fields.

        Raises:
            AttimoError: The server refused or did not answer; the message is its own.
        """
        from attimo.cli import leaderboard_messages as messages

        if not fields["leaderboard"].isprintable():
            raise InvalidArgument("a leaderboard's name is text that can be printed, in UTF-8")
        request = messages.request(method, **fields)
        return self._send(f"/{messages.SERVICE}/{method}", request, messages.reply(method))

    def _send(self, path: str, request: Any, reply: Any) -> Any:
        import grpc

        call: Any = self._channel.unary_unary(
            path,
            request_serializer=type(request).SerializeToString,
            response_deserializer=reply.FromString,
        )
        try:
            return call(request, metadata=self._metadata, timeout=TIMEOUT_SECONDS)
        except grpc.RpcError as error:
            raise self._failure(error) from error

    def _failure(self, error: Any) -> AttimoError:
        import grpc

        url, said = self.server.url, error.details() or error.code().name
        if error.code() is grpc.StatusCode.UNAVAILABLE:
            return AttimoError(f"Cannot reach {url}: {said}")
        if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
            return AttimoError(f"{url} did not answer in {TIMEOUT_SECONDS} s")
        return AttimoError(said)


def _channel(server: Profile) -> "grpc.Channel":
    import grpc

    parts = urlsplit(server.url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError("an address must start with http:// or https:// and name a host")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    name = f"{host}:{parts.port or PORTS[parts.scheme]}"
    target = f"dns:///{server.address or name}"
    if parts.scheme == "http":
        return grpc.insecure_channel(target, options=OPTIONS)
    credentials = grpc.ssl_channel_credentials(root_certificates=_trust(server.ca))
    options = (*OPTIONS, ("grpc.ssl_target_name_override", host), ("grpc.default_authority", name))
    return grpc.secure_channel(target, credentials, options=options if server.address else OPTIONS)


def _trust(ca: str | None) -> bytes | None:
    """What to trust: these certificates, else the system's, else those that gRPC includes."""
    if ca is not None:
        return Path(ca).read_bytes()
    import ssl

    known = ssl.create_default_context().get_ca_certs(binary_form=True)
    return "".join(map(ssl.DER_cert_to_PEM_cert, known)).encode() or None
