"""The command line: people on a terminal, scripts by pipe.

Nothing heavy is imported before a command needs it, so that `fluxroom --help` answers at once; a test holds that.
"""

from __future__ import annotations


def main() -> None:
    """Run the command line of this process; never returns."""
    from fluxroom.cli.root import root

    root.main(prog_name="fluxroom")
