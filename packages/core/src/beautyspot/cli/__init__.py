"""The command line: `beautyspot stats`, `list`, `show`, and what puts a store in order; `--help` names every verb."""

import io
import os
import sys
from contextlib import suppress


def main() -> None:
    """Run the command that `sys.argv` gives, and exit: 0 done, 1 failed or trouble found, 2 wrong usage, 130 Ctrl-C."""
    _open_streams()
    try:
        _main()
    except KeyboardInterrupt:  # in the second that the imports take; later a command answers itself
        sys.exit(130)
    except OSError as error:
        _drop_output()
        if not isinstance(error, BrokenPipeError):  # the reader had enough
            from beautyspot.cli.output import say  # `--version` needs nothing but the release

            say(f"beautyspot: {error}\n  see that what is read and written is there, may be used, and has space")
        sys.exit(1)


def _main() -> None:
    if sys.argv[1:] == ["--version"]:
        from beautyspot.cli.version import version_text  # Typer and Rich take half a second, which this need not

        print(version_text(), flush=True)
        return
    from beautyspot.cli.app import app  # as above

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # not every terminal's encoding has an ellipsis

    app(prog_name="beautyspot")


def _open_streams() -> None:
    """Let what is closed (`>&-`) take everything and hold nothing; Python has None there."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - until the process ends


def _drop_output() -> None:
    """Let what is left to print go nowhere: Python would try once more at its exit, and fail aloud."""
    with suppress(OSError), open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
