"""The rules: accounts, caches, API keys, the ledger. No HTTP, no gRPC, no terminal."""

from attimo.control.plane import Control as Control
from attimo.control.tx import Tx as Tx
