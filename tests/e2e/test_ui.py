"""The Dagster UI in a browser: what a person sees of a day."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.conftest import Cli, command
from playwright.sync_api import Page, expect, sync_playwright

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]

#: Pages fetch their data after they load, on machines that do other work.
PATIENCE = 60_000


@pytest.fixture(scope="module")
def ui(demo_home: Path, demo: Cli) -> Iterator[str]:
    """Address of the UI that ``litlake dev`` serves."""
    line, environment = command(demo_home, "dev", "--port", "0")
    process = subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    told = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
    assert told is not None
    deadline = time.monotonic() + 180
    while not answers(told[0]):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.2)
    yield told[0]
    from orchestration.dev import stop
    from orchestration.settings import load_settings

    assert stop(load_settings(home=demo_home))
    process.wait(60)


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/server_info", timeout=5) as response:
            return bool(json.load(response))
    except (OSError, urllib.error.URLError):
        return False


@pytest.fixture(scope="module")
def browser_page() -> Iterator[Page]:
    chromium = shutil.which("chromium")
    if chromium is None:
        missing = "the browser tests need chromium: `make system`"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1500, "height": 950})
        page.set_default_timeout(PATIENCE)
        yield page
        browser.close()


def visit(page: Page, address: str) -> None:
    page.goto(address)
    skip = page.get_by_role("button", name="Skip")
    page.wait_for_load_state("networkidle")
    if skip.count():  # the community dialog of a first visit
        skip.first.click()


def test_the_asset_graph_shows_the_groups_of_the_flow(ui: str, browser_page: Page) -> None:
    visit(browser_page, f"{ui}/asset-groups")
    for group in ("raw", "listings", "day_models", "enrichment", "gate", "release", "marts"):
        expect(browser_page.get_by_text(group, exact=True).first).to_be_visible(timeout=PATIENCE)


def test_a_refused_day_shows_its_reason(ui: str, browser_page: Page) -> None:
    visit(browser_page, f"{ui}/assets/gate?view=partitions&partition=2025-06-24")
    expect(browser_page.get_by_text("records.abstract_share").first).to_be_visible(timeout=PATIENCE)
    expect(browser_page.get_by_text("refused", exact=True).first).to_be_visible(timeout=PATIENCE)
    visit(browser_page, f"{ui}/assets/release?view=partitions&partition=2025-06-24")
    expect(browser_page.get_by_text("did not materialize this asset").first).to_be_visible(timeout=PATIENCE)


def test_days_can_be_backfilled_from_the_page_of_the_job(ui: str, browser_page: Page) -> None:
    visit(browser_page, f"{ui}/locations/orchestration.definitions/jobs/day/partitions")
    expect(browser_page.get_by_text("Backfill history").first).to_be_visible(timeout=PATIENCE)
    browser_page.get_by_role("button", name=re.compile("Materialize")).first.click()
    expect(browser_page.get_by_text(re.compile("Launch|backfill", re.I)).first).to_be_visible(timeout=PATIENCE)
