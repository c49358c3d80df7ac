"""What pages say of money and of counts where something is not known, or there is just one."""

from tui.happening import Happening

from kedge.agent.events import MessageAdded, ModelRequest
from kedge.agent.messages import Text, Usage
from kedge.agent.spending import ModelLost
from kedge.agent.stores.summary import Summary
from kedge.cli.tui.pages.cost import cost_page, stats_page
from kedge.cli.tui.pages.page import Page
from kedge.config.settings import Settings


def told(page: Page) -> str:
    return "\n".join(row.text for row in page.rows)


def test_a_price_that_is_not_known_is_no_zero() -> None:
    only = told(stats_page((), (Summary("a", cost_usd=None),)))
    assert "cost unknown" in only and "$0.0000" not in only
    some = told(stats_page((), (Summary("a", cost_usd=None), Summary("b", cost_usd=0.5))))
    assert "$0.5000 in all, and 1 session whose price is not known" in some


def test_one_is_not_many() -> None:
    assert "1 session, 1 prompt" in told(stats_page((), (Summary("a", prompts=1),)))


def test_what_came_to_nothing_is_paid_for_and_an_estimate_is_marked() -> None:
    happens = Happening()
    whole = MessageAdded("assistant", (Text("Yes."),), model="m", usage=Usage(100), cost_usd=0.25)
    facts = [
        happens(ModelRequest("main", "m", 100)),
        happens(ModelLost("m", Usage(100), 0.125)),
        happens(whole),
    ]
    exact = told(cost_page(facts, Settings()))
    assert "$0.3750     1 call         200 in" in exact and "~" not in exact
    facts.append(happens(ModelLost("m", Usage(100), 0.125, estimated=True)))
    assert "~$0.5000     1 call         300 in" in told(cost_page(facts, Settings()))
