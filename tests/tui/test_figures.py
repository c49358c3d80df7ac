"""What pages say of money and of counts where something is not known, or there is just one."""

from kedge.agent.stores.summary import Summary
from kedge.cli.tui.pages.cost import stats_page
from kedge.cli.tui.pages.page import Page


def told(page: Page) -> str:
    return "\n".join(row.text for row in page.rows)


def test_a_price_that_is_not_known_is_no_zero() -> None:
    only = told(stats_page((), (Summary("a", cost_usd=None),)))
    assert "cost unknown" in only and "$0.0000" not in only
    some = told(stats_page((), (Summary("a", cost_usd=None), Summary("b", cost_usd=0.5))))
    assert "$0.5000 in all, and 1 session whose price is not known" in some


def test_one_is_not_many() -> None:
    assert "1 session, 1 prompt" in told(stats_page((), (Summary("a", prompts=1),)))
