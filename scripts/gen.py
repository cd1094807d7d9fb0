"""Writes the generated files again, or says which of them are stale: `python scripts/gen.py [--check]`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import endpoints  # noqa: E402 - found beside this file, which the line above makes possible


def main() -> int:
    """Write what differs, or with `--check` name it and answer 1."""
    check = "--check" in sys.argv[1:]
    wanted = endpoints.published()
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    gone = [path for path in endpoints.OUT.rglob("*.json") if path not in wanted]
    for path in [*stale, *gone]:
        print(f"{'stale' if check else 'written'}: {path.relative_to(endpoints.ROOT)}")
    if check:
        return 1 if stale or gone else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path])
    for path in gone:
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
