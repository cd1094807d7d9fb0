"""Runs Python blocks of a page one after the other: `python blocks.py < blocks.json`.

Each runs as if it stood alone, unless it says that it goes on with what the blocks before it have made.

What each block prints is answered as JSON, in order.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys


def main() -> None:
    said = []
    names: dict[str, object] = {}
    for block in json.load(sys.stdin):
        code = compile("\n" * (block["line"] - 1) + block["code"], block["page"], "exec")
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            names = names if block.get("goes_on") and names else {"__name__": "__main__"}
            exec(code, names)
        said.append(out.getvalue())
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
