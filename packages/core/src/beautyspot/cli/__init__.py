"""The command line: `beautyspot stats`, `list`, `show`, and what puts a store in order; `--help` names every verb."""

import io
import sys


def main() -> None:
    """Run the command that `sys.argv` gives, and exit: 0 done, 1 failed or trouble found, 2 wrong usage, 130 Ctrl-C."""
    try:
        _main()
    except KeyboardInterrupt:  # in the second that the imports take; later a command answers itself
        sys.exit(130)


def _main() -> None:
    if sys.argv[1:] == ["--version"]:
        from beautyspot.cli.version import version_text  # Typer and Rich take half a second, which this need not

        print(version_text())
        return
    from beautyspot.cli.app import app  # as above

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # not every terminal's encoding has an ellipsis

    app(prog_name="beautyspot")
