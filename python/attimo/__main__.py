"""python -m attimo."""

from attimo.cli.main import main

main()
