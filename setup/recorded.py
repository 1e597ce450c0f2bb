"""Run a command that packages the sources, with the commit recorded in them.

`attimo version` reads it there, since a wheel has no git. The file exists while the command runs:
in a checkout, git itself is asked.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE = ROOT / "python" / "attimo" / "_commit.py"


def main() -> int:
    """Run the command of the arguments; return its exit status."""
    sys.path.insert(0, str(ROOT / "python"))
    from attimo.build import of_checkout

    FILE.write_text(f'"""Written when this was packaged."""\n\nCOMMIT = {of_checkout(ROOT)!r}\n')
    try:
        return subprocess.run(sys.argv[1:], check=False).returncode
    finally:
        FILE.unlink()


if __name__ == "__main__":
    sys.exit(main())
