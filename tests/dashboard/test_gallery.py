"""Every kind of content in a real browser: it is shown, a film seeks, and nothing that is kept reaches the page."""

from collections.abc import Callable, Iterator

import pytest
from dashboard.gallery import MAKERS, Gallery, fill, gallery_of
from playwright.sync_api import Browser, Page, expect

pytestmark = [pytest.mark.external_service, pytest.mark.slow]
Check = Callable[[Page], None]


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Gallery]:
    with gallery_of(fill(tmp_path_factory.mktemp("gallery")), browser) as gallery:
        yield gallery


def _says(words: str) -> Check:
    return lambda page: expect(page.get_by_text(words).first).to_be_visible()


def _is_drawn(test_id: str, part: str) -> Check:
    return lambda page: expect(page.get_by_test_id(test_id).locator(part).first).to_be_visible()


def _has_table(page: Page) -> None:
    expect(page.get_by_test_id("stDataFrame")).to_have_count(2)
    expect(page.get_by_test_id("stVegaLiteChart")).to_be_visible()


def _has_picture(page: Page) -> None:
    page.wait_for_function("document.querySelector('[data-testid=stImage] img')?.naturalWidth > 0")


def _plays(element: str) -> Check:
    return lambda page: page.wait_for_function(f"document.querySelector('{element}')?.readyState >= 1") and None


LOOKS: dict[str, Check] = {
    "words": _says("The stage hand keeps every word."),
    "settings": _says('"acts"'),
    "settings_text": _says('"acts"'),
    "programme": lambda page: expect(page.get_by_role("heading", name="Acts")).to_be_visible(),
    "notice": lambda page: expect(page.frame_locator("iframe").get_by_text("No script ran.")).to_be_visible(),
    "sequence": _is_drawn("stMermaidChart", "img"),
    "graph": _is_drawn("stGraphVizChart", "svg"),
    "takings": _has_table,
    "archive": _has_table,
    "frame": _has_table,
    "array": _has_table,
    **dict.fromkeys(("still", "photograph", "sketch", "flicker", "emblem", "leaflet"), _has_picture),
    **dict.fromkeys(("gong", "song", "hum", "whistle"), _plays("audio")),
    **dict.fromkeys(("clip", "film"), _plays("video")),
    "noise": _says("00000000  00 01 02"),
    "shapes": _says('"two"'),
}


def test_each_kind_of_the_gallery_has_a_look() -> None:
    assert LOOKS.keys() == MAKERS.keys()


@pytest.mark.parametrize("name", LOOKS)
def test_each_kind_of_content_is_shown_as_what_it_is(gallery: Gallery, name: str) -> None:
    LOOKS[name](gallery.show(name))


def test_a_pages_scripts_run_only_when_they_are_asked_for(gallery: Gallery) -> None:
    page = gallery.show("notice")
    page.get_by_text("Run the page's scripts").click()
    expect(page.frame_locator("iframe").get_by_text("A script ran.")).to_be_visible()


@pytest.mark.parametrize(("name", "what"), [("notice", "iframe"), ("emblem", "[data-testid=stImage] img")])
def test_black_words_of_a_kept_page_or_picture_are_seen_in_the_dark(gallery: Gallery, name: str, what: str) -> None:
    gallery.page.emulate_media(color_scheme="dark")
    shown = gallery.show(name).locator(what)
    expect(shown).to_have_css("background-color", "rgb(255, 255, 255)")
    gallery.page.emulate_media(color_scheme="light")


def test_a_pdf_turns_its_pages(gallery: Gallery) -> None:
    page = gallery.show("leaflet")
    first = page.get_by_alt_text("Page 1 of 2")
    expect(first).to_be_visible()
    page.get_by_test_id("stNumberInputStepUp").click()
    expect(page.get_by_alt_text("Page 2 of 2")).to_be_visible()


def test_bytes_of_no_type_can_be_shown_as_what_a_person_says(gallery: Gallery) -> None:
    page = gallery.show("still")
    page.get_by_role("combobox", name="Show as").fill("octet")
    page.keyboard.press("Enter")
    expect(page.get_by_text("89 50 4e 47")).to_be_visible()


def test_content_that_is_not_what_its_type_says_gets_a_sentence(gallery: Gallery) -> None:
    page = gallery.show("noise")
    page.get_by_role("combobox", name="Show as").fill("pdf")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This can't be shown as application/pdf")).to_be_visible()
    expect(page.get_by_text("00000000  00 01 02")).to_be_visible()
