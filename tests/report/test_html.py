"""The page in a real browser: it makes no request, runs nothing but its filter, and everybody can read it."""

import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from aisposture.report.html import DRAWN, render
from tests.report.sample import PATHS, empty, report
from tests.report.sample_extremes import hostile, many

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder: Path = tmp_path_factory.mktemp("pages")
    made = {}
    for name, what in {"northwind": report(), "hostile": hostile(), "empty": empty()}.items():
        (folder / f"{name}.html").write_text(render(what))
        made[name] = (folder / f"{name}.html").as_uri()
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.fail("no Chromium: `make test` installs it, or run scripts/system-packages chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


def opened(
    browser: Browser,
    uri: str,
    *,
    script: bool = True,
    guarded: bool = True,
    scheme: str = "light",
    width: int = 1280,
) -> tuple[Page, list[str]]:
    """The page, and what it said or asked for that it should not have."""
    context = browser.new_context(
        java_script_enabled=script,
        bypass_csp=not guarded,
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page, noise = context.new_page(), list[str]()
    page.on("console", lambda message: noise.append(message.text))
    page.on("pageerror", lambda error: noise.append(str(error)))
    page.on("request", lambda request: noise.append(request.url) if request.url != uri else None)
    page.goto(uri)
    return page, noise


def shown(page: Page) -> int:
    return page.locator("[data-b]:not(.gone)").count()


@pytest.mark.parametrize("name", ["northwind", "hostile", "empty"])
def test_no_request_and_no_console_message(browser: Browser, pages: dict[str, str], name: str) -> None:
    page, noise = opened(browser, pages[name])
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert noise == []


def test_hostile_strings_run_nothing_even_without_the_content_security_policy(
    browser: Browser, pages: dict[str, str]
) -> None:
    page, noise = opened(browser, pages["hostile"], guarded=False)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("window.pwned") is None
    assert page.locator("#pwned").count() == 0
    assert page.locator("script").count() == 1
    assert page.locator("img, iframe, object, embed, base, link").count() == 0
    assert page.locator("a[href]:not([href^='#'])").count() == 0
    assert noise == []


def test_content_security_policy_stops_what_would_get_in(browser: Browser, pages: dict[str, str]) -> None:
    page, noise = opened(browser, pages["northwind"])
    page.evaluate(
        "const s = document.createElement('script'); s.textContent = 'window.pwned = 1'; document.body.append(s)"
    )
    assert page.evaluate("window.pwned") is None
    assert noise


def test_filters(browser: Browser, pages: dict[str, str]) -> None:
    page, _ = opened(browser, pages["northwind"])
    everything = len(report().findings)
    assert shown(page) == everything
    page.get_by_label("Critical", exact=True).check()
    expect(page.locator("output")).to_have_text(f"1 of {everything} shown")
    page.get_by_label("High", exact=True).check()
    page.get_by_label("Paths", exact=True).check()
    expect(page.locator("output")).to_have_text(f"3 of {everything} shown")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("output")).to_have_text(f"{everything} of {everything} shown")
    page.get_by_label("Search findings").fill("passrole LAMBDA:createfunction")
    expect(page.locator("output")).to_have_text(f"1 of {everything} shown")
    assert page.locator("details[data-b]:not(.gone) h3").inner_text().startswith("ops-helper")
    page.get_by_label("Search findings").fill("")
    page.get_by_label("Agent", exact=True).select_option(label="invoice-clerk")
    expect(page.locator("output")).to_have_text(f"1 of {everything} shown")
    page.get_by_label("Agent", exact=True).select_option("")
    page.get_by_label("Rule", exact=True).select_option("PO-11")
    expect(page.locator("output")).to_have_text(f"5 of {everything} shown")
    assert page.locator("[data-group]:not(.gone)").count() == 1
    page.get_by_label("Account", exact=True).select_option("111122223333")
    expect(page.locator("output")).to_have_text(f"0 of {everything} shown")


def test_hop_of_the_drawing_leads_to_its_evidence_by_keyboard(
    browser: Browser, pages: dict[str, str]
) -> None:
    page, _ = opened(browser, pages["northwind"])
    page.locator("details.f > summary").first.press("Enter")
    page.locator("svg a").nth(3).press("Enter")
    target = page.locator(".hops > li:target")
    assert "can assume" in target.inner_text()
    assert "sts:AssumeRole" in target.locator("pre").first.inner_text()
    assert target.is_visible()


def test_link_to_a_finding_opens_it(browser: Browser, pages: dict[str, str]) -> None:
    page, _ = opened(browser, f"{pages['northwind']}#f{PATHS[1].fingerprint[:12]}")
    assert page.locator("details.f[open] h3").inner_text() == PATHS[1].story


def test_readable_without_scripts(browser: Browser, pages: dict[str, str]) -> None:
    page, _ = opened(browser, pages["northwind"], script=False)
    assert not page.locator("form.filter").is_visible()
    page.locator("details.f > summary").first.click()
    assert page.locator("details.f svg a").first.is_visible()
    assert page.get_by_text("Require IAM sign-in on the function URL").is_visible()


def test_print_shows_the_worst_findings_whole(browser: Browser, pages: dict[str, str]) -> None:
    page, _ = opened(browser, pages["northwind"], script=False)
    page.emulate_media(media="print")
    assert page.get_by_text("Require IAM sign-in on the function URL").is_visible()
    assert not page.locator("form.filter").is_visible()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
@pytest.mark.parametrize("name", ["northwind", "hostile"])
def test_accessible_and_no_wider_than_the_screen(
    browser: Browser, pages: dict[str, str], scheme: str, width: int, name: str
) -> None:
    page, _ = opened(browser, pages[name], guarded=False, scheme=scheme, width=width)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    page.add_style_tag(content=".f { content-visibility: visible !important }")
    page.add_script_tag(content=AXE)
    found = page.evaluate("axe.run()")
    assert [
        (each["id"], [node["html"][:200] for node in each["nodes"][:3]]) for each in found["violations"]
    ] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_first_screen_says_what_was_not_assessed() -> None:
    made = render(report())
    before = made[: made.index('id="findings"')]
    assert "1 critical, 2 high and 1 medium attack paths." in before
    assert "2 rules could not be settled and 3 things could not be read" in before
    assert "lambda:GetPolicy on invoice-payout" in before


def test_five_thousand_findings_stay_below_15_megabytes_and_say_what_is_not_drawn() -> None:
    made = render(many(5000))
    assert len(made.encode()) < 15_000_000
    assert made.count("<svg viewBox") == DRAWN
    assert f"Only the first {DRAWN} paths are drawn here." in made
