"""Images are keyed by all that a function can see of them: pixels, frames, and what their file says of them."""

import threading
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from beautyspot.errors import UnkeyableArgument
from beautyspot.keys import KeyRegistry
from beautyspot.keys.canonical import Canonical, pack
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo


def key(value: Any) -> bytes:
    return pack(Canonical(KeyRegistry()).form(value))


def saved(image: Image.Image, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, **options)
    return file.getvalue()


def read(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def film(shade: int, format: str) -> bytes:  # noqa: A002 - as Pillow says it
    first, *others = [Image.new("L", (8, 8), grey) for grey in (200, 10, shade)]
    return saved(first, format=format, save_all=True, append_images=others)


FORMATS = ["GIF", "PNG", "TIFF", "MPO"]


@pytest.mark.parametrize("format", FORMATS)
def test_all_frames_count(format: str):  # noqa: A002 - as above
    one, two = film(100, format), film(150, format)
    assert key(read(one)) == key(read(one)) != key(read(two))


@pytest.mark.parametrize("format", FORMATS)
def test_an_image_shows_the_frame_that_it_showed_and_keeps_what_was_drawn_on_it(format: str):  # noqa: A002 - as above
    image = read(film(100, format))
    image.seek(1)
    ImageDraw.Draw(image).line((0, 0, 7, 7), fill=77)
    before = image.tobytes(), image.tell()
    drawn = key(image)
    assert (image.tobytes(), image.tell()) == before
    assert key(image) == drawn
    image.seek(2)
    assert image.convert("L").getpixel((4, 4)) == pytest.approx(100, abs=3)


def test_what_was_drawn_on_the_first_frame_of_a_film_stays():
    image = read(film(100, "GIF"))
    before = key(image)
    ImageDraw.Draw(image).line((0, 0, 7, 7), fill=77)
    drawn = image.tobytes()
    assert key(image) != before
    assert image.tobytes() == drawn


def test_a_closed_film_is_the_frame_that_it_shows(tmp_path: Path):
    path = tmp_path / "a.gif"
    path.write_bytes(film(100, "GIF"))
    with Image.open(path) as image:
        image.load()
        whole = key(image)
    assert key(image) != whole


def test_a_film_whose_other_frames_are_out_of_reach_is_refused():
    assert key(read(saved(Image.new("L", (8, 8)), format="WEBP")))
    with pytest.raises(UnkeyableArgument, match="frames that can't be read"):
        key(read(film(100, "WEBP")))


def turned(orientation: int) -> Image.Image:
    exif = Image.Exif()
    exif[0x112], exif[0x11A] = orientation, 72.5
    return read(saved(Image.new("RGB", (8, 4)), format="JPEG", exif=exif))


def test_the_orientation_counts_as_it_is_in_the_file_or_was_set():
    assert key(turned(1)) == key(turned(1)) != key(turned(6))
    plain, other = Image.new("RGB", (8, 4)), Image.new("RGB", (8, 4))
    other.getexif()[0x112] = 6
    assert key(plain) != key(other)


def test_what_a_file_says_of_its_image_counts():
    def noted(text: str) -> Image.Image:
        notes = PngInfo()
        notes.add_text("parameters", text)
        return read(saved(Image.new("RGB", (8, 4)), format="PNG", pnginfo=notes))

    assert key(noted("a")) == key(noted("a")) != key(noted("b"))


def test_the_transparent_colour_counts_and_what_has_no_content_does_not():
    def seen(colour: int) -> Image.Image:
        image = Image.new("P", (4, 4))
        image.info.update(transparency=colour, lock=threading.Lock())
        return image

    assert key(seen(0)) == key(seen(0)) != key(seen(1))


def test_an_image_has_its_key_before_and_after_it_is_loaded():
    image = turned(6)
    before = key(image)
    image.load()
    assert key(image) == before
