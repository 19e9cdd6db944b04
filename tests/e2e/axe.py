"""Pages as axe-core judges them: what keeps people with a screen reader, a keyboard or poor sight out.

Needs a browser context with `bypass_csp=True`: our pages load no script but their own. Only what reads the
pages of a test does without the policy; the pages are the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from playwright.async_api import Page

SCRIPT: Final = (
    Path(__file__).parents[2] / ".cache" / "node" / "node_modules" / "axe-core" / "axe.min.js"
)

RULES: Final = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
"""WCAG 2.2 AA, and what axe's makers advise beyond it."""


def needs_axe() -> None:
    """Skip where it is not installed."""
    if not SCRIPT.is_file():
        pytest.skip("no axe-core: .ci/node-packages installs it")


async def violations(page: Page) -> list[str]:
    """Return what is wrong with the page as it is now: the rule, what it means, and where."""
    if not await page.evaluate("() => 'axe' in window"):
        await page.add_script_tag(path=SCRIPT)
    found: dict[str, Any] = await page.evaluate("rules => axe.run(document, rules)", RULES)
    return [
        f"{each['id']}: {each['help']}: {node['html'][:200]} {node['any'][:1]}"
        for each in found["violations"]
        for node in each["nodes"]
    ]
