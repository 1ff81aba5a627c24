"""What a Runnable is and what it is asked, as keys see it."""

from typing import Any, cast

from beautyspot.errors import UnkeyableArgument
from beautyspot.keys import KeyRegistry
from beautyspot.keys.canonical import Canonical, pack
from beautyspot.keys.digest import digest
from langchain_core.language_models import BaseLanguageModel
from langchain_core.messages import BaseMessage
from langchain_core.runnables import Runnable, RunnableConfig, RunnableGenerator, RunnableLambda

from langchain_beautyspot.configured import choices, every_choice
from langchain_beautyspot.messages import content_of
from langchain_beautyspot.model_texts import model_text


class RunnableKeys:
    """Makes the keys of one Runnable's calls."""

    def __init__(self, runnable: Runnable[Any, Any], known: KeyRegistry, *, version: Any) -> None:
        """Look at `runnable` once.

        Args:
            known: What the user said of further classes.
            version: The user's word for what the Runnable does; with it, a part without content goes unseen.

        Raises:
            UnkeyableArgument: a part of it has no content, and there is no `version`.
        """
        registry = KeyRegistry()
        for class_, function in _KNOWN.items():
            registry.register(class_, function)
        registry.functions.update(known.functions)
        self._form = Canonical(registry).form
        self._runnable = runnable
        self._identity = self._identified(runnable, version)

    def key(self, asked: Any, config: RunnableConfig, kwargs: dict[str, Any]) -> str:
        """Return the key of a call.

        Raises:
            UnkeyableArgument: what is asked has no content.
        """
        chosen = every_choice(config) if self._identity is None else choices(self._runnable, config)
        return digest(pack([self._identity, self._form(asked), self._form(chosen), self._form(kwargs)])).hex()

    def _identified(self, runnable: Runnable[Any, Any], version: Any) -> Any:
        try:
            return self._form(runnable)
        except (UnkeyableArgument, RecursionError) as error:
            if version is not None:
                return None
            raise UnkeyableArgument(
                f"mark got {runnable.get_name()!r}, and a part of it has no content ({error}); "
                "give mark a version= that changes when it does"
            ) from error


def _of_function(runnable: Any) -> list[Any]:
    own: dict[str, Any] = runnable.__dict__
    return [own.get(name) for name in ("func", "afunc", "_transform", "_atransform")]


def _of_model(model: Any) -> str:
    return model_text(cast("BaseLanguageModel[Any]", model))


_KNOWN: dict[type, Any] = {
    BaseLanguageModel: _of_model,
    BaseMessage: content_of,
    RunnableGenerator: _of_function,
    RunnableLambda: _of_function,
}
