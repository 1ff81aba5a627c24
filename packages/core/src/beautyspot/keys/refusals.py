"""What is said of arguments that no key can be made of."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
from beautyspot.errors import UnkeyableArgument
from beautyspot.keys.canonical import Canonical, NoContentError, Spelled, pack
from beautyspot.names import qualified_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

FAULTS = (NoContentError, RecursionError, ValueError)
"""What making a form, or its bytes, raises."""


def is_too_deep(problem: Exception, /) -> bool:
    """Say whether making a form, or its bytes, stopped at what holds itself or is nested too deep."""
    if isinstance(problem, NoContentError):
        return False
    return isinstance(problem, RecursionError) or "recursion" in str(problem)


def refusal(canonical: Canonical, func_name: str, problem: Exception, arguments: Mapping[str, Any], /) -> Exception:
    """Return what to raise, from its cause, for arguments of which one can't be keyed by content.

    Args:
        canonical: Makes their forms.
        func_name: Of the function that is called.
        problem: What the attempt raised.
        arguments: By name.
    """
    for name, value in arguments.items():
        given = value.value if type(value) is Spelled else value
        try:
            pack([canonical.form(given)])
        except FAULTS as own:
            return _of_argument(func_name, name, given, own)
    return _from(UnkeyableArgument(f"the arguments of {func_name} can't be keyed by content"), problem)


def refusal_of_given(func_name: str, given: Any, problem: Exception, /) -> Exception:
    """Return what to raise for what an `input_key_fn` gave."""
    refused = UnkeyableArgument(
        f"input_key_fn of {func_name} returned {type(given).__qualname__!r}, and {_why(problem)}; "
        "return text, numbers or other plain data"
    )
    return _from(refused, problem)


def _of_argument(func_name: str, name: str, value: Any, problem: Exception) -> Exception:
    kind = problem.kind if isinstance(problem, NoContentError) else None
    taught = "" if kind is None else f", or call spot.register_key({kind.__qualname__}, …)"
    refused = UnkeyableArgument(
        f"argument {name!r} of {func_name} is a {qualified_name(type(value))!r}, and {_why(problem)}; "
        "give plain data, a dataclass, a model or an array, say what stands for it with input_key_fn=, "
        f"leave it out with ignore=({name!r},){taught}"
    )
    return _from(refused, problem)


def _why(problem: Exception) -> str:
    if isinstance(problem, NoContentError):
        return str(problem)
    if is_too_deep(problem):
        return "it holds itself or is nested too deep"
    return f"making its content failed ({problem})"


def _from(refused: UnkeyableArgument, problem: Exception) -> Exception:
    """Have a reader of the traceback see a user's own error too, not our steps or 1000 frames."""
    if isinstance(problem, NoContentError):
        refused.__cause__ = problem.__cause__
    elif not isinstance(problem, RecursionError):
        refused.__cause__ = problem
    return refused
