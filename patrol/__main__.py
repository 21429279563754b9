"""`python -m patrol` is the `patrol` command."""

from patrol.cli import main

if __name__ == "__main__":
    main()
