from __future__ import annotations

import enum
from collections import namedtuple
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import InitVar, dataclass, field
from functools import cached_property
from typing import Annotated, Any, ClassVar, Generic, Literal, NamedTuple, NewType, TypedDict, TypeVar

import pytest
from beautyspot.errors import ConfigurationError, DamagedEntryError, SerializationError
from beautyspot.serializers import MsgpackSerializer
from beautyspot.testing.serializer import assert_same
from pydantic import BaseModel, ConfigDict, PrivateAttr, RootModel, field_validator

T = TypeVar("T")


class Color(enum.Enum):
    RED = "r"
    GREEN = ("g", 1)


class Access(enum.IntFlag):
    READ = 1
    WRITE = 2


@dataclass
class Point:
    x: int
    y: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    start: Point
    tags: tuple[str, ...] = ()


@dataclass
class Computed:
    side: int
    scale: InitVar[int]
    kind: ClassVar[str] = "square"
    area: int = field(init=False)
    unset: int = field(init=False, repr=False, compare=False)

    def __post_init__(self, scale: int) -> None:
        self.area = self.side**2 * scale
        self.beside = "not a field"

    @cached_property
    def lock(self) -> Any:
        return object()


@dataclass
class Box(Generic[T]):
    item: T


class Pair(NamedTuple):
    left: int
    right: Color


Old = namedtuple("Old", "a b")


class Model(BaseModel):
    model_config = ConfigDict(extra="allow")
    x: int
    point: Point | None = None
    _secret: int = PrivateAttr(default=0)

    @field_validator("x")
    @classmethod
    def refuse_negative(cls, x: int) -> int:
        assert x >= 0
        return x


class Names(RootModel[list[str]]):
    pass


class Tree(BaseModel):
    children: list[Tree] = []


class Options(TypedDict):
    line: Line


class Plain:
    pass


class MyDict(dict[str, int]):
    pass


Alias = NewType("Alias", Point)


def kept(value: Any, annotation: Any) -> Any:
    def function() -> None: ...

    function.__annotations__["return"] = annotation
    # Two views: what one has learnt while writing must not be needed for reading.
    data = MsgpackSerializer().for_function(function).dumps(value)
    return MsgpackSerializer().for_function(function).loads(data)


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        (Point(1), Point),
        (Point(1), "Point"),
        ([Point(1)], list[Point]),
        ({"a": [Point(1)]}, "dict[str, list[Point]]"),
        (Point(1), Point | None),
        (None, Point | None),
        (Point(1), Annotated[Point, "note"]),
        (Alias(Point(1)), Alias),
        (Line(Point(1), ("t",)), Line),
        ({Line.__name__: {"line": Line(Point(2))}}, dict[str, Options]),
        (Box(Point(1)), Box[Point]),
        (Box[Point](Point(1)), "Box[Point]"),
        (Color.GREEN, Color),
        (Color.RED, Literal[Color.RED]),
        ({Color.RED: 1}, dict[Color, int]),
        (Access.READ | Access.WRITE, Access),
        (Access(0), Access),
        (Pair(1, Color.RED), Pair),
        (Old(1, (2,)), Old),
        ([Point(1)], Iterator[Point]),
        ([Point(1)], AsyncIterator["Point"]),
        (Names(["a"]), Names),
        (Tree(children=[Tree()]), Tree),
        (Model(x=1, point=Point(2), more=(1,)), Model),
    ],
    ids=repr,
)
def test_a_class_that_the_return_annotation_names_comes_back(value: Any, annotation: Any) -> None:
    assert_same(kept(value, annotation), value)


def test_a_whole_pydantic_model_comes_back_and_no_validator_runs() -> None:
    value = Model.model_construct(x=-1, more={"a": (1,)})
    value._secret = 7
    again = kept(value, Model)
    assert again == value
    assert (again._secret, again.model_extra, again.model_fields_set) == (
        7,
        {"more": {"a": (1,)}},
        value.model_fields_set,
    )


def test_no_constructor_runs_and_what_it_had_set_comes_back() -> None:
    value = Computed(3, 2)
    _ = value.lock
    again = kept(value, Computed)
    assert_same(vars(again), {"side": 3, "area": 18, "beside": "not a field"})


def test_a_registered_class_needs_no_annotation() -> None:
    serializer = MsgpackSerializer()
    view = serializer.for_function(len)
    serializer.register(Line)
    assert view.loads(view.dumps([Line(Point(1))])) == [Line(Point(1))]
    assert serializer.loads(view.dumps(Line(Point(1)))) == Line(Point(1))


@pytest.mark.parametrize(
    "value", [Point(1), Color.RED, Pair(1, Color.RED), Model(x=1)], ids=lambda value: type(value).__name__
)
def test_a_class_that_nothing_names_is_refused_with_both_ways_out(value: Any) -> None:
    name = type(value).__name__
    with pytest.raises(SerializationError, match=rf"return annotation, or call spot.register_type\({name}\)"):
        MsgpackSerializer().for_function(len).dumps({"a": [value]})


def stands_for_a_tool(text: str) -> str:
    return text


stands_for_a_tool.__module__ = "langchain.tool"


@pytest.mark.parametrize("function", [None, lambda: None, stands_for_a_tool], ids=["none", "lambda", "stand-in"])
def test_one_of_a_function_that_nobody_can_annotate_is_refused_with_the_one_way_out(function: Any) -> None:
    serializer = MsgpackSerializer()
    with pytest.raises(SerializationError, match=r"expected [\w ]+; call spot.register_type\(Point\)$"):
        (serializer.for_function(function) if function else serializer).dumps({"a": [Point(1)]})


@pytest.mark.parametrize("value", [MyDict(a=1), Plain(), [MyDict()]], ids=lambda value: type(value).__name__)
def test_what_has_no_known_fields_is_never_flattened(value: Any) -> None:
    with pytest.raises(SerializationError, match=r"register_type\(\w+, code=…, encoder=…, decoder=…\)"):
        kept(value, MyDict | Plain)


def test_a_class_that_the_reader_does_not_know_is_damage() -> None:
    writer = MsgpackSerializer()
    writer.register(Point)
    with pytest.raises(DamagedEntryError, match=r"name '.*Point' there"):
        MsgpackSerializer().loads(writer.dumps(Point(1)))
    assert MsgpackSerializer().describe(writer.dumps([Point(1)])) == [
        {"class": f"{Point.__module__}.Point", "x": 1, "y": 0}
    ]


def test_a_class_that_changed_its_fields_is_damage() -> None:
    writer, reader = MsgpackSerializer(), MsgpackSerializer()
    writer.register(Point)
    changed = dataclass(type("Point", (), {"__annotations__": {"x": "int"}, "__module__": Point.__module__}))
    reader.register(changed)
    with pytest.raises(DamagedEntryError, match=r"kept with the fields \['x', 'y'\]; expected \['x'\]"):
        reader.loads(writer.dumps(Point(1)))


def test_an_enum_member_that_went_away_is_damage() -> None:
    writer, reader = MsgpackSerializer(), MsgpackSerializer()
    writer.register(Color)
    reader.register(enum.Enum("Color", ["GREEN"], module=Color.__module__))
    with pytest.raises(DamagedEntryError, match="RED"):
        reader.loads(writer.dumps(Color.RED))


def test_an_object_of_a_redefined_class_is_refused_by_name() -> None:
    serializer = MsgpackSerializer()
    serializer.register(dataclass(type("Point", (), {"__module__": Point.__module__})))
    with pytest.raises(SerializationError, match="belongs to another class now"):
        serializer.dumps(Point(1))


def test_a_forward_reference_is_read_when_it_is_needed() -> None:
    space: dict[str, Any] = {}
    exec("def function() -> 'list[Later]': ...", space)
    view = MsgpackSerializer().for_function(space["function"])
    with pytest.raises(SerializationError, match="name 'Later' is not defined"):
        view.dumps(Point(1))
    space["Later"] = Point
    assert view.loads(view.dumps([Point(1)])) == [Point(1)]


def test_wrapped_functions_methods_and_callables_are_looked_into() -> None:
    class Maker:
        def __call__(self) -> Point: ...

        def method(self) -> list[Point]: ...

        @classmethod
        def of_class(cls) -> Point: ...

    from functools import partial, wraps

    @wraps(Maker.method)
    def wrapper() -> None: ...

    for function in (Maker(), Maker().method, Maker.of_class, Maker.method, partial(Maker.method), wrapper):
        view = MsgpackSerializer().for_function(function)
        assert view.loads(view.dumps(Point(1))) == Point(1)


@pytest.mark.parametrize("function", [len, int, None, Callable, 3, "text"], ids=lambda value: type(value).__name__)
def test_a_function_without_an_annotation_is_served_too(function: Any) -> None:
    view = MsgpackSerializer().for_function(function)
    assert view.loads(view.dumps((1,))) == (1,)
    with pytest.raises(SerializationError):
        view.dumps(Point(1))


def test_an_attrs_class_comes_back() -> None:
    attrs = pytest.importorskip("attrs")
    frozen = attrs.frozen(type("Frozen", (), {"__annotations__": {"x": int}, "__module__": __name__}))
    assert kept([frozen(1)], list[frozen]) == [frozen(1)]


def test_only_classes_with_fields_register_without_functions() -> None:
    with pytest.raises(ConfigurationError, match="encoder=…"):
        MsgpackSerializer().register(Plain)
    with pytest.raises(ConfigurationError, match="not a class: 3"):
        MsgpackSerializer().register(3)  # type: ignore[arg-type] - the mistake under test


def test_a_subclass_of_a_named_class_is_refused() -> None:
    class Point3(Point):
        pass

    with pytest.raises(SerializationError, match="Point3"):
        kept(Point3(1), Point)


def moved(*, former_names: Any) -> tuple[MsgpackSerializer, type]:
    """Return what knows a class that was `Point`, and that class."""
    place = dataclass(type("Place", (), {"__annotations__": {"x": int, "y": int}, "__module__": "app.places"}))
    serializer = MsgpackSerializer()
    serializer.register(place, None, None, None, former_names)
    return serializer, place


def test_a_class_that_moved_is_read_by_its_former_name_and_kept_by_its_new_one() -> None:
    writer = MsgpackSerializer()
    writer.register(Point)
    serializer, place = moved(former_names=["old.Point", f"{__name__}.Point"])
    again = serializer.loads(writer.dumps([Point(1, 2)]))
    assert again == [place(1, 2)]
    assert b"app.places.Place" in serializer.dumps(again)


def test_a_class_that_bears_the_name_now_is_itself() -> None:
    serializer, _ = moved(former_names=[f"{__name__}.Point"])
    serializer.register(Line)  # has a Point
    assert_same(serializer.loads(serializer.dumps(Line(Point(1)))), Line(Point(1)))


def test_a_code_is_no_name_that_could_change() -> None:
    with pytest.raises(ConfigurationError, match="leave former_names= out"):
        MsgpackSerializer().register(Plain, 3, vars, Plain, ["old.Plain"])
