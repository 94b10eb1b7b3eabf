"""The report in a real headless browser: no errors, no requests, sorted tables, figures that show, names that are text."""

from __future__ import annotations

import plot_worlds as worlds
import pytest
from atlas_page_world import EVIL, build_world
from browsers import browser, visit
from report_worlds import evil_h2

from sumh2 import write_report

__all__ = ["browser", "visit"]  # fixtures


@pytest.fixture(scope="module")
def page_path(tmp_path_factory):
    results = [evil_h2(), worlds.rg_result(), worlds.screen_result(), build_world()[1]]
    return write_report(results, tmp_path_factory.mktemp("report") / "page.html", title=EVIL[1], most_rows=40)


def column(tab, table, place):
    return tab.evaluate(
        "([table, place]) => [...document.querySelectorAll('table.sortable')[table].tBodies[0].rows]"
        ".map(row => row.cells[place].textContent.trim())", [table, place])  # fmt: skip


def heading(tab, words):
    return tab.locator("table.sortable thead button", has_text=words).first


def test_opens__with_all_sections_and_figures(visit, page_path):
    tab = visit(page_path)
    assert tab.title() == EVIL[1] and tab.locator("h1").text_content().strip() == EVIL[1]
    assert tab.locator("article").count() == 4 and tab.locator("nav li").count() == 4
    shown = tab.evaluate(
        "() => Promise.all([...document.images].map(async image => "
        "{ await image.decode(); return [image.naturalWidth, image.clientWidth, image.alt.length]; }))"
    )
    assert len(shown) >= 4 and all(min(sizes) > 20 for sizes in shown)
    tab.locator("nav a").nth(1).click()
    assert tab.url.endswith("#result-2")


def test_names__are_text_in_the_browser(visit, page_path):
    tab = visit(page_path)
    title = tab.locator("#title-1").text_content()
    assert EVIL[0] in title and EVIL[1] in tab.locator("#result-1 .status").text_content()
    assert tab.locator("script").count() == 1 and tab.locator("img:not([src^='data:image/svg+xml'])").count() == 0


def test_table__sorts_by_numbers_on_a_click(visit, page_path):
    tab = visit(page_path)
    table = 1 + tab.evaluate("() => [...document.querySelectorAll('table.sortable')].findIndex("
                             "table => table.textContent.includes('FDR')) - 1")  # fmt: skip
    button = tab.locator("table.sortable").nth(table).locator("thead button", has_text="z").first
    place = tab.evaluate("button => button.closest('th').cellIndex", button.element_handle())

    def numbers():
        return [float(text.replace("−", "-")) for text in column(tab, table, place)]

    button.click()
    assert numbers() == sorted(numbers()) and len(numbers()) == 40
    assert button.evaluate("one => one.closest('th').ariaSort") == "ascending"
    button.press("Enter")
    assert numbers() == sorted(numbers(), reverse=True)
    names = tab.locator("table.sortable").nth(table).locator("thead button").first
    names.click()
    listed = [int(name.split(".")[1].split("_")[0]) for name in column(tab, table, 0)]
    assert listed == sorted(listed)
    assert button.evaluate("one => one.closest('th').ariaSort") is None


def test_dark_and_light__by_the_system(visit, page_path):
    tab = visit(page_path, color_scheme="light")
    colour = "() => getComputedStyle(document.body).backgroundColor"
    light = tab.evaluate(colour)
    tab.emulate_media(color_scheme="dark")
    assert light == "rgb(255, 255, 255)" and tab.evaluate(colour) != light
    assert tab.evaluate("() => getComputedStyle(document.images[0]).backgroundColor") == "rgb(255, 255, 255)"


def test_print__opens_everything_on_white(visit, page_path):
    tab = visit(page_path, color_scheme="dark")
    assert tab.locator("details:not([open])").count() > 0
    tab.emulate_media(media="print")
    tab.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    assert tab.locator("details:not([open])").count() == 0
    assert tab.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_without_javascript__only_sorting_is_missing(browser, page_path):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(page_path.as_uri())
    assert tab.locator("article").count() == 4 and tab.locator("thead button").count() == 0
    assert tab.locator("td").count() > 100 and tab.locator("img").count() >= 4
    context.close()


def test_narrow_screen__tables_scroll_in_themselves(visit, page_path):
    tab = visit(page_path)
    tab.set_viewport_size({"width": 400, "height": 800})
    assert tab.evaluate("() => document.documentElement.scrollWidth") <= 400
