"""Browsers get a page, tools get JSON."""

import pytest
from helloworld.negotiation import prefers_html
from hypothesis import given
from hypothesis import strategies as st

FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
CHROME = f"{FIREFOX},image/avif,image/webp,image/apng,application/signed-exchange;v=b3;q=0.7"


@pytest.mark.parametrize("accept", [FIREFOX, CHROME, "text/html", "TEXT/HTML", "text/*", "text/html;q=0.1, */*;q=0.05"])
def test_who_prefers_html_gets_html(accept: str) -> None:
    assert prefers_html(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/json",
        "application/json, text/plain, */*",
        "text/html, application/json",
        "text/html;q=0.5, application/json;q=0.6",
        "text/html;q=0, text/*",
        "text/html;q=nan",
        "text/html;q=2",
        "text/html;q=-1",
        "text/html;q=much",
        "text/plain",
        "text/htmlx",
    ],
)
def test_everybody_else_gets_json(accept: str) -> None:
    assert not prefers_html(accept)


@given(st.text() | st.lists(st.sampled_from(["text/html", "*/*", ";", "q=", "0.5", ",", " ", "=", "é"])).map("".join))
def test_no_accept_value_is_too_odd(accept: str) -> None:
    assert prefers_html(accept) in (True, False)


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_the_higher_quality_wins_whatever_the_order(html: int, json: int) -> None:
    parts = [f"text/html;q={html / 1000}", f"application/json;q={json / 1000}"]
    assert prefers_html(",".join(parts)) == prefers_html(",".join(reversed(parts))) == (html > json)
