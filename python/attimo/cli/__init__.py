"""The command line: one file for each noun. It talks to servers by public HTTP and gRPC only."""
