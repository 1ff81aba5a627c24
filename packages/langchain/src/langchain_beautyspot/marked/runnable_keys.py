"""What a Runnable is and what it is asked, as keys see it."""

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, NamedTuple

from beautyspot.errors import UnkeyableArgument
from beautyspot.keys import FromCode, KeyRegistry
from beautyspot.keys.canonical import Canonical, pack
from beautyspot.keys.digest import digest
from beautyspot.keys.refusals import is_too_deep
from beautyspot.parts import Parts
from langchain_core.language_models import BaseLanguageModel
from langchain_core.runnables import Runnable, RunnableConfig

from langchain_beautyspot.configured import choices, every_choice
from langchain_beautyspot.marked.told_by_code import ToldByCode
from langchain_beautyspot.marked.untold_parts import PartlyTold, warn_of_namesake
from langchain_beautyspot.model_texts import model_text
from langchain_beautyspot.models import asking
from langchain_beautyspot.runnable_forms import CONTENTS, asks_model
from langchain_beautyspot.states import State


class Look(NamedTuple):
    """What a Runnable was when it was looked at."""

    identity: Any
    """None where the user's word stands for all of it, as it holds itself or is nested too deep."""
    models: Sequence[tuple[Any, State]]
    """Those within, as they were."""
    untold: Sequence[Any] = ()
    """The parts without content, for which the user's word stands, or that of a marked Runnable within."""

    def is_of_now(self) -> bool:
        """Say whether no setting of a model has changed since."""
        return all(state.is_still_of(model) for model, state in self.models)


_around: ContextVar[tuple["RunnableKeys", ...]] = ContextVar("langchain_beautyspot_around", default=())
"""Of the marked Runnables that are being looked at, each within the one before: the function of one may call it."""


class RunnableKeys:
    """Makes the keys of one Runnable's calls, and says what tells it where it is part of another."""

    def __init__(self, runnable: Runnable[Any, Any], known: KeyRegistry, *, version: str | FromCode | None) -> None:
        """Look at `runnable`, and again when a setting of a model within it has changed.

        Args:
            known: What the user said of further classes.
            version: The user's word for what a part without content does; what has content counts all the same.
                `FROM_CODE` for no word, and for more to count: what the functions of `runnable` call.

        Raises:
            UnkeyableArgument: a part of it has no content, and there is no text as `version`.
        """
        self._runnable, self._known = runnable, known
        self._version = version if isinstance(version, str) else None
        self._canonical = ToldByCode if isinstance(version, FromCode) else Canonical
        self._form = Canonical(registry_of(known)).form
        self.look = self._looked()
        """What the last key was made of."""

    def key(self, asked: Any, config: RunnableConfig, kwargs: dict[str, Any]) -> str:
        """Return the key of a call.

        Raises:
            UnkeyableArgument: what is asked has no content, holds itself or is nested too deep.
        """
        look = self._look_of_now()
        kwargs = asking(kwargs) if asks_model(self._runnable) else kwargs
        chosen = every_choice(config) if look.untold else choices(self._runnable, config)
        try:
            return digest(pack([look.identity, self._form(asked), self._form(chosen), self._form(kwargs)])).hex()
        except (UnkeyableArgument, RecursionError, ValueError) as error:
            too_deep = is_too_deep(error)
            why = "it holds itself or is nested too deep" if too_deep else error
            raise UnkeyableArgument(
                f"{self._runnable.get_name()!r} was asked with a {type(asked).__qualname__!r}, and {why}; give plain "
                "data, or say what stands for it with mark(…, input_key_fn=)"
            ) from (None if too_deep else error)  # not 1000 frames

    def is_still(self, look: Look, /) -> bool:
        """Say whether the Runnable is what it was; what its models count of their calls makes it no other."""
        try:
            return look.is_of_now() or self._looked().identity == look.identity
        except UnkeyableArgument:
            return False

    def warn_of_namesake(self, parts: Parts, /) -> None:
        """Warn if another Runnable, marked before on the same store, makes the same keys."""
        # Without a version all of them are of Runnables within, of which each was warned of where it was marked.
        if self.look.untold and self._version is not None:
            who = self._version, digest(pack(self.look.identity)).hex()
            warn_of_namesake(self._runnable.get_name(), who, self.look.untold, parts)

    def part(self, models: list[Any] | None = None, untold: list[Any] | None = None, /) -> list[Any]:
        """Return what tells the Runnable where it is part of another: what its own keys are made of.

        Args:
            models: Takes the models within, as they are.
            untold: Takes the parts for which its version stands.
        """
        around = _around.get()
        if self in around:
            return [around.index(self)]
        look = self._look_of_now()
        if models is not None and untold is not None:
            models += look.models
            untold += look.untold
        return [self._runnable.get_name(), self._version, digest(pack(look.identity)).hex()]

    def _look_of_now(self) -> Look:
        look = self.look
        if not look.is_of_now():
            look = self.look = self._looked()
        return look

    def _looked(self) -> Look:
        before = _around.set((*_around.get(), self))
        try:
            return self._looked_within()
        finally:
            _around.reset(before)

    def _looked_within(self) -> Look:
        models: list[tuple[Any, State]] = []
        untold: list[Any] = []
        try:
            form = self._canonical(_noting(self._known, models, untold)).form
            return Look(form(self._runnable), models, untold)
        except (UnkeyableArgument, RecursionError, ValueError) as error:
            if self._version is not None:
                return self._looked_partly()
            too_deep = is_too_deep(error)
            why = "it holds itself or is nested too deep" if too_deep else f"a part of it has no content ({error})"
            raise UnkeyableArgument(
                f"mark got {self._runnable.get_name()!r}, and {why}; "
                "give mark a version= of its own, a text that changes when that part does"
            ) from (None if too_deep else error)  # as above

    def _looked_partly(self) -> Look:
        models: list[tuple[Any, State]] = []
        untold: list[Any] = []
        try:
            registry = _noting(self._known, models, untold, partly=True)
            identity = PartlyTold(registry, untold=untold).form(self._runnable)
            pack(identity)
        except (UnkeyableArgument, RecursionError, ValueError):  # it holds itself, or something that passes for a model
            return Look(None, (), [self._runnable])
        return Look(identity, models, untold)


def _noting(
    known: KeyRegistry, models: list[tuple[Any, State]], untold: list[Any], *, partly: bool = False
) -> KeyRegistry:
    """Return a registry that notes the models and untold parts that it meets; `partly` takes those of models, too."""

    def text_of(model: BaseLanguageModel[Any]) -> str:
        models.append((model, State.of(model)))
        return model_text(model, untold=untold if partly else None)

    def part_of(keys: RunnableKeys) -> list[Any]:
        return keys.part(models, untold)

    return registry_of(known, text_of, part_of)


def registry_of(
    known: KeyRegistry,
    text_of: Callable[[Any], str] = model_text,
    part_of: Callable[[Any], list[Any]] = RunnableKeys.part,
    /,
) -> KeyRegistry:
    """Return a registry of what the user said of further classes, and of Runnables, models and messages."""
    registry = KeyRegistry()
    for class_, function in {**CONTENTS, BaseLanguageModel: text_of, **known.functions, RunnableKeys: part_of}.items():
        registry.register(class_, function)
    return registry
