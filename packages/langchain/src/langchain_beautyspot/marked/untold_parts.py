"""Parts of Runnables that have no content, such as clients and stores: the user's version stands for them alone."""

from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary, ref

from beautyspot.errors import CacheWarning
from beautyspot.keys.callables import opaque
from beautyspot.keys.canonical import Canonical, Form, NoContentError
from beautyspot.keys.registry import KeyRegistry, Namesakes
from beautyspot.names import qualified_name
from beautyspot.parts import Parts

Held = Callable[[], Any]

_marked: WeakKeyDictionary[Namesakes, dict[tuple[str, str, str], Sequence[Held]]] = WeakKeyDictionary()
"""Of each store, the parts of the last Runnable by its name, its version and what else tells it."""


class PartlyTold(Canonical):
    """Makes a form of any value; of a part without content it is the class, and the part is noted."""

    __slots__ = ("_untold",)

    def __init__(self, registry: KeyRegistry, active: tuple[Any, ...] = (), *, untold: list[Any]) -> None:
        """Make forms as `Canonical` does, and add the parts without content to `untold`."""
        super().__init__(registry, active)
        self._untold = untold

    def within(self, thing: Any, /) -> "PartlyTold":
        """Return one that adds to the same."""
        return PartlyTold(self.registry, (*self.active, thing), untold=self._untold)

    def form(self, value: Any, /) -> Form:
        """Return the form of `value`.

        Raises:
            RecursionError: it holds itself.
        """
        try:
            return super().form(value)
        except NoContentError:
            self._untold.append(value)
            return opaque(value)


def warn_of_namesake(name: str, who: tuple[str, str], untold: Sequence[Any], parts: Parts, /) -> None:
    """Warn if the last Runnable that is told alike shares its results with one that holds other parts without content.

    Nothing tells whether those hold the same, as what each request makes anew.

    Args:
        name: Of the Runnable.
        who: The user's word for what has no content, and a digest of what has some.
        untold: What has none.
        parts: Of the Spot.
    """
    marked = _marked.setdefault(parts.registry.namesakes, {})
    before, marked[name, *who] = marked.get((name, *who)), [_held(part) for part in untold]
    if before is None or [id(held()) for held in before] == [id(part) for part in untold]:
        return
    classes = ", ".join(sorted({repr(qualified_name(part.__class__)) for part in untold}))
    parts.store.notices.warn(
        (name, "namesake"),
        f"two Runnables named {name!r} share their results, as they differ in parts without content alone ({classes}), "
        f"for which version={who[0]!r} stands in both; give one a version= of its own, unless they hold the same",
        CacheWarning,
    )


def _held(part: Any) -> Held:
    try:
        return ref(part)
    except TypeError:  # such as a list
        return lambda: part
