"""Full-text search by character pairs: short words, order of characters, later texts, what is a lead."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.model import Campaign
from patrol.store import Store
from patrol.store.searching import SearchBook, expression_of, words_of
from tests.patrol_console_cases import fill, screening


def index(store: Store) -> SearchBook:
    """Return the search book with everything indexed."""
    book = SearchBook(store)
    while book.catch_up(3):
        pass
    return book


def test_a_text_becomes_its_pairs() -> None:
    assert list(words_of("初二数学，VX abc123")) == ["初二", "二数", "数学", "学", "vx", "abc123"]


@pytest.mark.parametrize("query", ["培", "培训", "晚托培训", "托培", "ABC", "1990000", "晚托 培训"])
def test_words_of_any_length_are_found(store: Store, campaign: Campaign, query: str) -> None:
    fill(store, campaign, [screening(1, text="社区晚托培训，加abc123，19900001234"), screening(2, text="舞蹈兴趣")])
    assert [found.text[:2] for found in index(store).posts(query, campaign=campaign.id)] == ["社区"]


def test_pairs_in_another_order_are_no_hit(store: Store, campaign: Campaign) -> None:
    fill(store, campaign, [screening(1, text="数学英语和语文数学")])
    assert index(store).posts("英语文", campaign=campaign.id) == []


def test_a_changed_text_is_found_by_its_new_words_only(store: Store, campaign: Campaign) -> None:
    fill(store, campaign, [screening(1, text="旧的奥数班", title="甲")])
    book = index(store)
    fill(store, campaign, [screening(1, text="新的作文课", title="甲")])
    assert book.pending() == 1
    index(store)
    assert book.posts("奥数班", campaign=campaign.id) == []
    assert len(book.posts("作文课", campaign=campaign.id)) == 1


def test_the_search_of_leads_leaves_other_posts_out(store: Store, campaign: Campaign) -> None:
    numbers = fill(store, campaign, [screening(1), screening(2)])
    store.database.execute("DELETE FROM leads WHERE number = ?", [numbers[1]])
    assert index(store).lead_numbers("数学", campaign=campaign.id) == [numbers[0]]


def test_an_earlier_database_is_indexed_too(workspace: Path, store: Store, campaign: Campaign) -> None:
    fill(store, campaign, [screening(1)])
    store.close()
    assert len(index(Store.open(workspace)).posts("数学", campaign=campaign.id)) == 1


@given(st.text(max_size=60))
def test_no_query_is_an_error(query: str) -> None:
    expression = expression_of(query)
    assert expression.count('"') % 2 == 0


@given(st.text(alphabet="数学英语 \"'*()AND-OR:^寒假abc", max_size=20))
def test_no_query_breaks_the_index(query: str) -> None:
    expression = expression_of(query)
    parts = [part for part in expression.split(" AND ") if part]
    assert all(part.startswith('"') and part.rstrip("*").endswith('"') for part in parts)
