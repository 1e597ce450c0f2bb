"""The command line: one file a noun. It asks a server by its public protocols, HTTP and gRPC."""
