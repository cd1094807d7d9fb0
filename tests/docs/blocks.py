"""Runs Python blocks of a page one after the other, each as if it stood alone: `python blocks.py < blocks.json`.

What each block prints is answered as JSON, in order.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys


def main() -> None:
    said = []
    for block in json.load(sys.stdin):
        code = compile("\n" * (block["line"] - 1) + block["code"], block["page"], "exec")
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(code, {"__name__": "__main__"})
        said.append(out.getvalue())
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
