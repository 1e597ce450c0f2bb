"""The command line: one file a noun. It asks a server over HTTP, and never opens its database."""
