"""The page is self-contained, runs only its own code, and trusts nothing it shows."""

import base64
import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser

from helloworld.page import Page
from helloworld.settings import Settings
from hypothesis import given
from hypothesis import strategies as st
from service_harness import Service

FACTS = {"message": "Hi", "version": "1", "commit": "c", "host": "h", "timestamp": 1}
PAGE = Page()


class Outline(HTMLParser):
    """Collects the tags with their attributes, and the texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_nothing_is_loaded_from_elsewhere() -> None:
    page = PAGE.render(FACTS)
    references = [
        value for _, attributes in Outline(page).tags for name, value in attributes.items() if name in ("src", "href")
    ]
    assert references == ["data:,"]
    assert "http://" not in page
    assert "https://" not in page
    assert "@import" not in page
    assert "url(" not in page


def test_the_policy_allows_exactly_the_script_and_style_that_are_there() -> None:
    page = PAGE.render(FACTS)
    for directive, tag in (("script-src", "script"), ("style-src", "style")):
        texts = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
        sources = " ".join(f"'sha256-{digest}'" for digest in digests)
        assert f"{directive} {sources};" in PAGE.policy
    assert "unsafe" not in PAGE.policy
    assert "*" not in PAGE.policy


def test_there_are_no_inline_handlers_or_styles_which_the_policy_would_block() -> None:
    attributes = {name for _, attributes in Outline(PAGE.render(FACTS)).tags for name in attributes}
    assert not {name for name in attributes if name.startswith("on") or name == "style"}


def test_the_script_never_turns_text_into_markup() -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", PAGE.render(FACTS))


markup = st.lists(st.sampled_from(["<b>", "</dd>", "<script>", "<!--", "&lt;", '"', "'", "a"]), min_size=1).map("".join)


@given(markup | st.text(min_size=1), markup | st.text(min_size=1))
def test_facts_are_shown_as_text_whatever_they_hold(message: str, commit: str) -> None:
    outline = Outline(PAGE.render({**FACTS, "message": message, "commit": commit}))
    assert [tag for tag, _ in outline.tags] == [tag for tag, _ in Outline(PAGE.render(FACTS)).tags]


def test_a_message_with_markup_in_it_is_escaped(make_service: Callable[..., Service]) -> None:
    service = make_service(Settings(message="<script>alert('&')</script> $rows"))
    page = service.ask(headers=[(b"accept", b"text/html")]).body.decode()
    assert page.count("<script>") == 1
    assert "&lt;script&gt;alert(&#x27;&amp;&#x27;)&lt;/script&gt; $rows" in page
