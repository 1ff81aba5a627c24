"""`python -m beautyspot`, where the command `beautyspot` is not on the path."""

from beautyspot.cli import main

if __name__ == "__main__":  # not in the workers that the commands may start
    main()
