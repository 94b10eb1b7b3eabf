"""The page to explore an atlas in a real headless browser: no errors, no requests, the right numbers."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from atlas_page_world import EVIL, NAMES, atlas, consistent, make_atlas, page_path
from browsers import browser, visit

from sumh2 import write_atlas_page

__all__ = ["atlas", "browser", "consistent", "page_path", "visit"]  # fixtures
Z95 = 1.959963984540054
#: How a name reads where a browser shows it: line separators are white space.
SHOWN = {name: " ".join(name.split()) for name in NAMES} | {"crp": "C-reactive protein"}


def labels(tab, which="row"):
    return [" ".join(text.split()) for text in tab.locator(f"#{which}-labels button").all_text_contents()]


def click_cell(tab, row, column):
    """Click the cell of two traits by their names; rows and columns are found by the labels."""
    size = float(tab.locator("#size").input_value())
    place = labels(tab, "column").index(SHOWN[column]), labels(tab, "row").index(SHOWN[row])
    tab.locator("#cells").click(position={"x": (place[0] + 0.5) * size, "y": (place[1] + 0.5) * size})


def pixels(tab):
    """Red, green and blue of the map's canvas, (height, width, 3); one read, which the browser has no opinion about."""
    width, height, values = tab.evaluate(
        "() => { const c = document.getElementById('cells'); "
        "return [c.width, c.height, c.getContext('2d').getImageData(0, 0, c.width, c.height).data.join(' ')]; }"
    )
    return np.array(values.split(), dtype=int).reshape(height, width, 4)[..., :3]


def field(tab, name):
    return tab.locator(f'[data-field="{name}"]').text_content()


def pair_row(found, first, second):
    return next(row for row in found.to_records() if {row["trait1"], row["trait2"]} == {first, second})


def listed_pairs(tab):
    return [tuple(row.split("\t")) for row in tab.evaluate(
        "() => [...document.querySelectorAll('#table tbody tr')].map(row => "
        "[...row.cells].slice(0, 2).map(cell => cell.textContent.split(/\\s+/).join(' ')).join('\\t'))")]  # fmt: skip


def test_opens__with_all_traits_clustered_and_all_pairs(visit, page_path, atlas):
    tab = visit(page_path)
    assert tab.title() == "A <b>" and tab.locator("h1").text_content() == "A <b>"
    assert "12 traits · 66 pairs · 60 jackknife blocks" in tab.locator("#facts").text_content()
    assert sorted(labels(tab)) == sorted(SHOWN.values()) and labels(tab)[-1] == "failed"
    assert labels(tab, "row") == labels(tab, "column")
    assert tab.locator("#count").text_content() == "1 to 66 of 66 pairs shown"
    p = [row["rg_log10_p"] for row in atlas.to_records() if np.isfinite(row["rg_log10_p"])]
    first = listed_pairs(tab)[0]
    best = next(row for row in atlas.to_records() if row["rg_log10_p"] == min(p))
    assert first == (SHOWN[best["trait1"]], SHOWN[best["trait2"]])


def test_evil_names__are_text(visit, page_path):
    tab = visit(page_path)
    for name in EVIL:
        assert SHOWN[name] in labels(tab)
    assert tab.locator("img").count() == 0 and tab.locator("script").count() == 2
    click_cell(tab, EVIL[0], EVIL[1])
    assert tab.locator("#pair-body h3").text_content() == f"{EVIL[0]} and {EVIL[1]}"
    tab.locator("#row-labels button").nth(labels(tab).index(SHOWN["failed"])).click()
    assert "no file <b>here</b>; name another" in tab.locator("#forest-body").text_content()
    tab.locator("#search").fill("<!--")
    assert labels(tab) == [SHOWN[EVIL[1]]]
    assert tab.locator("img").count() == 0 and tab.locator("#forest-body b").count() == 0


def test_clicking_a_cell__shows_its_numbers(visit, page_path, atlas, consistent):
    tab = visit(page_path)
    for first, second in (("height", "bmi"), ("scz", "crp"), ("hdl", EVIL[2])):
        click_cell(tab, second, first)
        row, fitted = pair_row(atlas, first, second), pair_row(consistent, first, second)
        assert tab.locator("#chosen-rg").text_content() == f"raw rg {row['rg']:.3f} ({row['rg_se']:.3f})"
        for which, found in (("raw", row), ("consistent", fitted)):
            for name, key in (("rg", "rg"), ("se", "rg_se"), ("z", "rg_z")):
                assert float(field(tab, f"{which}-{name}")) == pytest.approx(found[key], rel=6e-4)
            log10_p = np.log10(float(field(tab, f"{which}-p")))
            assert log10_p == pytest.approx(found["rg_log10_p"], abs=0.003)
            gcov, se = field(tab, f"{which}-gcov").rstrip(")").split(" (")
            assert (float(gcov), float(se)) == pytest.approx((found["gcov"], found["gcov_se"]), rel=6e-4)
            assert field(tab, f"{which}-status") == found["status"]
            assert field(tab, f"{which}-why").split() == (found["why"] or "nothing to say").split()
        assert float(field(tab, "raw-fdr")) == pytest.approx(row["rg_fdr"], rel=6e-3)
        assert float(field(tab, "consistent-moved")) == pytest.approx(fitted["moved_se"], rel=6e-4)
        low, high = row["rg"] - Z95 * row["rg_se"], row["rg"] + Z95 * row["rg_se"]
        assert field(tab, "raw-interval") == f"{low:.3f} to {high:.3f}"
        assert field(tab, "consistent-interval") == f"{fitted['rg_lower']:.3f} to {fitted['rg_upper']:.3f}"
        intercept = field(tab, "raw-intercept")
        assert intercept.endswith(" (0.01)") and float(intercept[:-7]) == pytest.approx(row["gcov_int"], rel=6e-4)
        assert field(tab, "raw-n_snps") == f"{row['n_snps']:,}"
        assert float(field(tab, "raw-h2_1").split(" (")[0]) == pytest.approx(row["h2_1"], rel=6e-4)


def test_a_pair_without_estimate__says_why(visit, page_path):
    tab = visit(page_path)
    click_cell(tab, "failed", "height")
    assert tab.locator("#chosen-rg").text_content() == "raw rg NA"
    assert field(tab, "raw-rg") == field(tab, "raw-p") == field(tab, "raw-fdr") == field(tab, "raw-interval") == "NA"
    assert field(tab, "raw-status") == "unusable" and "look at height again" in field(tab, "raw-why")
    assert field(tab, "consistent-why").startswith("failed is not in the consistent fit: ")


def test_consistent__changes_numbers_colours_and_forest(visit, page_path, atlas, consistent):
    tab = visit(page_path)
    off = np.abs(np.nan_to_num(consistent.rg - consistent.raw_rg))
    first, second = (consistent.names[place] for place in np.unravel_index(off.argmax(), off.shape))
    row, fitted = pair_row(atlas, first, second), pair_row(consistent, first, second)
    assert abs(row["rg"] - fitted["rg"]) > 0.002  # to be seen in three decimals
    click_cell(tab, first, second)
    tab.locator("#row-labels button").nth(labels(tab).index(SHOWN[first])).click()
    before = tab.locator("#cells").screenshot(), tab.locator("#forest-table").inner_text()
    assert tab.locator("#chosen-rg").text_content() == f"raw rg {row['rg']:.3f} ({row['rg_se']:.3f})"
    tab.locator("#consistent").check()
    assert tab.locator("#chosen-rg").text_content() == f"consistent rg {fitted['rg']:.3f} ({fitted['rg_se']:.3f})"
    after = tab.locator("#cells").screenshot(), tab.locator("#forest-table").inner_text()
    assert before[0] != after[0] and before[1] != after[1]
    tab.locator("#raw").check()
    assert tab.locator("#chosen-rg").text_content() == f"raw rg {row['rg']:.3f} ({row['rg_se']:.3f})"
    assert tab.locator("#cells").screenshot() == before[0]


def test_colours__are_those_of_rg(visit, page_path, atlas):
    """Pixels in the middle of cells: red above 0, blue below, in proportion."""
    tab = visit(page_path, color_scheme="light")
    rows, size = labels(tab), float(tab.locator("#size").input_value())
    back = {shown: name for name, shown in SHOWN.items()}
    found, reds = pixels(tab), []
    for i, first in enumerate(rows[:-1]):
        for j in range(i + 1, len(rows) - 1):
            red, _, blue = found[int((i + 0.5) * size), int((j + 0.5) * size)]
            reds.append((pair_row(atlas, back[first], back[rows[j]])["rg"], red - blue))
    reds.sort()
    assert all((shade > 0) == (rg > 0) for rg, shade in reds if abs(rg) > 0.05)
    mild = [shade for rg, shade in reds if abs(rg) < 0.66]  # further out the palette darkens
    assert mild == sorted(mild)


def test_forest_plot__is_sorted_with_its_intervals(visit, page_path, atlas):
    tab = visit(page_path)
    tab.locator("#column-labels button").nth(labels(tab, "column").index("scz")).click()
    assert tab.locator("#forest-trait").text_content() == "scz"
    partners = {SHOWN[name]: pair_row(atlas, "scz", name) for name in NAMES if name not in ("scz", "failed")}
    ordered = sorted(partners, key=lambda name: -partners[name]["rg"])
    shown = [" ".join(text.split()) for text in tab.locator("#forest-table tbody button").all_text_contents()]
    assert shown == ordered
    texts = tab.locator("#forest-table .interval-text").all_text_contents()
    circles = tab.locator("#forest-table circle")
    assert circles.count() == len(ordered) == 10
    places = []
    for place, name in enumerate(ordered):
        row = partners[name]
        low, high = row["rg"] - Z95 * row["rg_se"], row["rg"] + Z95 * row["rg_se"]
        assert texts[place] == f"{row['rg']:.2f} [{low:.2f}, {high:.2f}]"
        assert ("open" in circles.nth(place).get_attribute("class")) == (not row["rg_fdr"] < 0.05)
        places.append(float(circles.nth(place).get_attribute("cx").rstrip("%")))
    # The axis is linear: places of the points against their values.
    slope = np.polyfit([partners[name]["rg"] for name in ordered], places, 1)
    np.testing.assert_allclose(np.polyval(slope, [partners[name]["rg"] for name in ordered]), places, atol=1e-4)
    tab.locator("#forest-order").select_option("z")
    shown = [" ".join(text.split()) for text in tab.locator("#forest-table tbody button").all_text_contents()]
    assert shown == sorted(partners, key=lambda name: -abs(partners[name]["rg_z"]))
    tab.locator("#forest-table tbody button").first.click()
    assert " and " in tab.locator("#pair-body h3").text_content()


def test_search__keeps_traits_by_name_label_and_group(visit, page_path, atlas):
    tab = visit(page_path)
    tab.locator("#search").fill("PROTEIN")
    assert labels(tab) == ["C-reactive protein"] and len(labels(tab, "column")) == 12
    assert tab.locator("#count").text_content() == "1 to 11 of 11 pairs shown"
    tab.locator("#search").fill("crp, scz")
    assert sorted(labels(tab)) == ["C-reactive protein", "scz"]
    assert tab.locator("#count").text_content() == "1 to 21 of 21 pairs shown"
    tab.locator("#both").check()
    assert labels(tab, "column") == labels(tab, "row")
    assert {frozenset(pair) for pair in listed_pairs(tab)} == {frozenset(("C-reactive protein", "scz"))}
    tab.locator("#search").fill("blood")
    groups = {trait.name: trait.group for trait in atlas.traits}
    assert sorted(labels(tab)) == sorted(SHOWN[name] for name in NAMES if groups[name] == "blood")
    tab.locator("#search").fill("nothing like this")
    assert labels(tab) == [] and tab.locator("#count").text_content() == "no pair passes the filters"
    tab.locator("#view").focus()
    tab.keyboard.press("Enter")
    tab.locator("#search").fill("")
    assert len(labels(tab)) == 12


def test_order__by_name_and_as_listed(visit, page_path, atlas):
    tab = visit(page_path)
    tab.locator("#order").select_option("listed")
    assert labels(tab) == list(SHOWN.values())
    tab.locator("#order").select_option("h2")
    h2 = {SHOWN[trait.name]: trait.h2 for trait in atlas.traits[:-1]}
    assert labels(tab) == [*sorted(h2, key=lambda name: -h2[name]), "failed"]
    tab.locator("#order").select_option("name")
    assert labels(tab) == sorted(labels(tab), key=str.lower)


def test_significance__filters_cells_table_and_download(visit, page_path, atlas, consistent):
    tab = visit(page_path)
    tab.locator("#fdr").select_option("0.05")
    expected = {(row["trait1"], row["trait2"]): row for row in atlas.to_records() if row["rg_fdr"] < 0.05}
    assert 0 < len(expected) < 55
    assert tab.locator("#count").text_content() == f"1 to {len(expected)} of {len(expected)} pairs shown"
    with tab.expect_download() as caught:
        tab.locator("#download").click()
    assert caught.value.suggested_filename == "pairs.tsv"
    text = caught.value.path().read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE))
    assert {(row["trait1"], row["trait2"]) for row in rows} == set(expected)
    fitted = {(row["trait1"], row["trait2"]): row for row in consistent.to_records()}
    for row in rows:
        key = row["trait1"], row["trait2"]
        for name in ("rg", "rg_se", "rg_z", "rg_log10_p", "rg_fdr", "gcov", "gcov_se", "gcov_int", "h2_1"):
            assert float(row[name]) == pytest.approx(expected[key][name], rel=1e-6)
        assert float(row["consistent_rg"]) == pytest.approx(fitted[key]["rg"], rel=1e-6)
        assert int(row["n_snps"]) == expected[key]["n_snps"] and row["status"] == expected[key]["status"]
    # A cell that does not pass is empty: the colour of the paper.
    out = next(row for row in atlas.to_records() if row["rg_fdr"] > 0.05)
    size, names = float(tab.locator("#size").input_value()), labels(tab)
    middle = [int((names.index(SHOWN[out[key]]) + 0.5) * size) for key in ("trait1", "trait2")]
    assert pixels(tab)[*middle].tolist() == [255, 255, 255]


def test_table__sorts_by_any_column(visit, page_path, atlas):
    tab = visit(page_path)
    by_rg = sorted((row for row in atlas.to_records() if np.isfinite(row["rg"])), key=lambda row: -row["rg"])
    expected = [(SHOWN[row["trait1"]], SHOWN[row["trait2"]]) for row in by_rg]
    tab.locator('[data-sort="rg"]').click()
    assert listed_pairs(tab)[:55] == expected
    assert tab.locator('th[aria-sort="descending"]').text_content().startswith("rg")
    tab.locator('[data-sort="rg"]').click()  # missing ones stay last
    assert listed_pairs(tab)[:55] == expected[::-1]


def test_keyboard__reaches_cells_numbers_and_forest(visit, page_path, atlas):
    tab = visit(page_path)
    names = labels(tab)
    back = {shown: name for name, shown in SHOWN.items()}
    for _ in range(30):
        tab.keyboard.press("Tab")
        if tab.evaluate("() => document.activeElement.id") == "view":
            break
    else:
        pytest.fail("the heatmap is not reached by the Tab key")
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        tab.keyboard.press(key)
    row = pair_row(atlas, back[names[2]], back[names[1]])
    said = tab.locator("#said").text_content()
    assert " ".join(said.split()).startswith(f"{names[2]} and {names[1]}: raw rg {row['rg']:.3f} ({row['rg_se']:.3f})")
    tab.keyboard.press("Enter")
    assert tab.locator("#chosen-rg").text_content() == f"raw rg {row['rg']:.3f} ({row['rg_se']:.3f})"
    tab.keyboard.press("r")
    assert " ".join(tab.locator("#forest-trait").text_content().split()) == names[2]
    tab.keyboard.press("c")
    assert " ".join(tab.locator("#forest-trait").text_content().split()) == names[1]
    tab.keyboard.press("Control+End")
    assert "failed: h2 NA" in tab.locator("#said").text_content()
    tab.keyboard.press("Enter")
    assert tab.locator("#forest-trait").text_content() == "failed"


def test_light_and_dark__follow_the_system_and_the_button(visit, page_path):
    tab = visit(page_path, color_scheme="dark")
    colours = "() => getComputedStyle(document.body).backgroundColor"
    assert tab.evaluate(colours) == "rgb(23, 23, 26)"
    tab.emulate_media(color_scheme="light")
    tab.locator("html[data-colours=light]").wait_for()  # the browser tells the page a little later
    assert tab.evaluate(colours) == "rgb(255, 255, 255)"
    tab.locator("#theme").click()
    tab.locator("#theme").click()
    assert tab.locator("#theme").text_content() == "Colours: dark" and tab.evaluate(colours) == "rgb(23, 23, 26)"


def test_500_traits__canvas_and_labels_stay_small(visit, tmp_path):
    big = make_atlas([f"trait{number}" for number in range(500)], n_blocks=3)
    tab = visit(write_atlas_page(big, tmp_path / "page.html"))
    assert tab.locator("#count").text_content() == "1 to 100 of 124,750 pairs shown"
    assert tab.locator("#consistent").is_disabled()
    assert "No consistent fit: run sumh2 consistent" in tab.locator("#consistency").text_content()
    tab.locator("#size").fill("20")
    tab.locator("#view").focus()
    tab.keyboard.press("Control+End")
    assert labels(tab)[-1] == "trait499"  # the one that failed
    assert tab.evaluate("() => { const c = document.getElementById('cells'); return c.width * c.height; }") < 2e6
    assert 5 < len(labels(tab)) < 100
    tab.keyboard.press("ArrowUp")
    said = tab.locator("#said").text_content()
    assert said.startswith(f"{labels(tab)[-2]} and trait499: raw rg NA")


def test_300_traits__are_redrawn_at_once(visit, tmp_path):
    """All 90,000 cells are in sight: a redraw took 140 ms when each made objects; 6 ms are usual, 40 a busy machine."""
    tab = visit(write_atlas_page(make_atlas([f"t{k}" for k in range(300)], n_blocks=3), tmp_path / "page.html"))
    assert tab.locator("#size").input_value() == "2"
    shown = tab.evaluate("() => { const c = document.getElementById('cells'); return [c.width, c.height]; }")
    assert shown == [600, 600]
    fastest = tab.evaluate(
        "() => Math.min(...Array.from({ length: 20 }, () => { const s = performance.now(); drawMap(); "
        "return performance.now() - s; }))"
    )
    assert fastest < 40


def test_small_cells__have_the_colours_of_large_ones(visit, page_path):
    """Small cells are pixels of an image, large ones rectangles: the middle of each must look the same."""
    middles, n_traits = {}, len(labels(visit(page_path)))
    for size in (7, 8):
        tab = visit(page_path)  # a browser complains of a canvas that is read twice
        tab.locator("#size").fill(str(size))
        places = (np.arange(n_traits) * size + size // 2).astype(int)
        middles[size] = pixels(tab)[np.ix_(places, places)]
    missing = (middles[8] == middles[8][-1, 0]).all(axis=2)  # crosses, drawn over the paper, differ by their strokes
    assert np.array_equal(middles[7][~missing], middles[8][~missing])
    assert 0 < missing.sum() < missing.size / 2
