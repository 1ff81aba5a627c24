"""Who a function is, where its name does not say it: by its code and what it closes over."""

from collections.abc import Collection, Sequence
from types import FunctionType
from typing import Any, NamedTuple

from beautyspot.errors import UnkeyableArgument
from beautyspot.keys.binding import split
from beautyspot.keys.callables import cell_form, is_ours
from beautyspot.keys.canonical import Canonical, Form, NoContentError
from beautyspot.keys.cells import Held, counted_in, held, held_in
from beautyspot.keys.code import code_digest
from beautyspot.keys.layers import Layer, layers_of
from beautyspot.keys.lenient import lenient_form
from beautyspot.keys.members import owner_of
from beautyspot.keys.program import names_read, read_by
from beautyspot.keys.proxies import cells_of, functions_in, place_of_layer
from beautyspot.keys.registry import KeyRegistry
from beautyspot.names import is_of_no_module, is_told_by_code, qualified_name
from beautyspot.wrapped import is_proxy


def identity_of(function: Any, name: str, ignore: Collection[str], canonical: Canonical, /) -> "Identity | None":
    """Return what tells `function` from others of its name; None for most, whose name says it all.

    Raises:
        UnkeyableArgument: a function that is told by its code closes over something without content.
    """
    function = split(function)[0]
    every = layers_of(function)
    told = [layer for layer in _functions(every) if _is_told(layer)]
    return Identity(every, told, name, ignore, canonical.registry) if told else None


class Taken(NamedTuple):
    """What was taken down."""

    form: Form
    held: tuple[Held, ...]
    """The cells that it was made of; while they hold this, it stays as it is."""


class Identity:
    """What tells a function from others of its name: what it closed over when it was marked, or was given since."""

    def __init__(
        self,
        every: Sequence[Layer],
        layers: Sequence[FunctionType],
        name: str,
        ignore: Collection[str],
        registry: KeyRegistry,
    ) -> None:
        """Take down what the `layers` close over; cells that are still empty wait for `form`.

        Args:
            every: The function and all that lies below it.
            layers: Those of its functions that have something to tell.
            name: What to call it in a refusal.
            ignore: Free variables that have no part in it.
            registry: The classes whose values are known.
        """
        self._function, self._inner, self._layers = every[0].thing, every[-1].thing, layers
        self._name, self._ignore = name, ignore
        self._chain = tuple(_functions(every))
        self._given = [layer.thing for layer in every if layer.given is not None]
        self._canonical = Canonical(registry, self._chain)
        self._is_of_no_module = any(each is self._inner for each in layers) and is_of_no_module(self._inner)
        self._own: frozenset[int] | None = None
        self._owner: type | None = None
        self._taken: dict[tuple[int, str], Taken] = {}
        self._take(waiting=False)

    @property
    def free_names(self) -> list[str]:
        """The free variables that have a part in it, or would if they were not ignored."""
        names = [name for layer in self._layers for name in cells_of(layer)]
        return names + names_read(self._function) if self._is_of_no_module else names

    def take(self) -> Taken:
        """Return the form, taking down anew what was empty or has been given another value since.

        Raises:
            UnkeyableArgument: as `identity_of`.
        """
        taken = self._take(waiting=True)
        form = [self._layer_form(place, layer, taken) for place, layer in enumerate(self._layers)]
        every = (pair for each in taken.values() for pair in each.held)
        cells = tuple(pair for pair in every if self._own is None or id(pair[0]) not in self._own)
        if not self._is_of_no_module:
            return Taken(form, cells)
        # Held once found: another class may take its name, while instances of this one are still asked.
        self._owner = self._owner or owner_of(self._inner)
        read = read_by(self._function, self._owner, self._ignore, self._canonical)
        return Taken([*form, read.form], cells + read.held)

    def is_still(self, cells: tuple[Held, ...], /) -> bool:
        """Say whether the cells hold what they held, but for those that the functions assign to themselves."""
        return all(held(each) is content or self._is_own(each) for each, content in cells)

    def _take(self, *, waiting: bool) -> dict[tuple[int, str], Taken]:
        # A dict of its own for each: another thread may take as well, and forms must be of what is watched.
        taken = dict(self._taken)
        for place, layer in enumerate(self._layers):
            for name, cell in cells_of(layer).items():
                if name not in self._ignore and self._is_wanted(taken.get((place, name)), cell, waiting=waiting):
                    # What is held first: given another value in between, it is taken again at the next call.
                    before = held_in(cell, self._chain)
                    taken[place, name] = Taken(self._cell(layer, name, cell), before)
        self._taken = taken
        return taken

    def _is_wanted(self, taken: Taken | None, cell: Any, *, waiting: bool) -> bool:
        if taken is None:
            return waiting or _is_full(cell)
        return not self.is_still(taken.held)

    def _is_own(self, cell: Any) -> bool:
        """Say whether the functions assign to it themselves: what they count there does not make another call."""
        if self._own is None:
            self._own = counted_in(self._chain)
        return id(cell) in self._own

    def _cell(self, layer: Any, name: str, cell: Any) -> Form:
        if any(held(cell) is each for each in self._given):
            return None  # its content is among the arguments, as that may change from call to call
        if layer is not self._inner:
            return _tool(self._canonical, cell)
        try:
            return cell_form(self._canonical, cell)
        except (NoContentError, RecursionError, ValueError) as problem:
            raise UnkeyableArgument(
                f"{self._name} closes over {name!r}, which can't be keyed by content ({problem}); pass "
                f"it as an argument, leave it out with ignore=({name!r},), or call spot.register_key(…) for its class"
            ) from None

    def _layer_form(self, place: int, layer: Any, taken: dict[tuple[int, str], Taken]) -> Form:
        cells = {name: taken[at, name].form for at, name in sorted(taken) if at == place}
        if layer is self._inner:
            return [code_digest(layer.__code__), cells]
        return [place_of_layer(layer), cells]


def _functions(every: Sequence[Layer]) -> list[FunctionType]:
    layers = [layer.thing for layer in every if layer.is_function]
    return [each for layer in layers for each in (layer, *filter(is_told_by_code, functions_in(layer)))]


def _is_told(layer: FunctionType) -> bool:
    """Say whether a layer has something to tell: a decorator's wrapper, or a function whose name is not its own."""
    if is_proxy(layer):
        return True
    return not is_ours(layer) if hasattr(layer, "__wrapped__") else is_told_by_code(layer)


def _tool(canonical: Canonical, cell: Any) -> Form:
    """Return the form of what a decorator's wrapper closes over: its settings, and the names of its functions.

    A lock or a logger there does not change results, and a new release of a retrying library must not lose them.
    Objects of the program's own classes hold settings, too.
    """
    if not _is_full(cell):
        return None
    content = cell.cell_contents
    if isinstance(content, FunctionType) and content not in canonical.active and not is_told_by_code(content):
        return qualified_name(content)
    return lenient_form(canonical, content)


def _is_full(cell: Any) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True
