"""`python -m fluxroom` is the command `fluxroom`."""

from fluxroom.cli import main

if __name__ == "__main__":
    main()
