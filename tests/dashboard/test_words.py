"""Text that is shown as it is: in colours where a browser can."""

from streamlit.testing.v1 import AppTest


def script(letters: int) -> None:
    from beautyspot_dashboard.views.words import show_code

    show_code("x = 1 \n" * (letters // 7), "python")


def test_a_program_is_shown_in_colours() -> None:
    app = AppTest.from_function(script, args=(50_000,)).run()
    assert (app.code[0].language, len(app.caption)) == ("python", 0)


def test_a_program_that_would_hold_the_browser_up_is_shown_without_colours_and_says_so() -> None:
    app = AppTest.from_function(script, args=(60_000,)).run()
    assert app.code[0].language in (None, "", "plaintext")
    assert "more than 50,000 letters" in app.caption[0].value
