"""`python -m runtime`: the same as `creche`."""

from runtime.cli.main import main

if __name__ == "__main__":
    main()
