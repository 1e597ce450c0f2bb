"""Control requests as HTTP and as gRPC messages: read, ask control, write."""

from attimo.api.app import create_app as create_app
