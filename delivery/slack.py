"""A message to Slack, where a webhook is set."""

import httpx

from delivery.context import Context

TIMEOUT = httpx.Timeout(5.0)
# Slack cuts longer ones: https://docs.slack.dev/reference/methods/chat.postMessage
MOST_CHARACTERS = 4_000


def notify(context: Context, text: str) -> None:
    """Post a message; nothing without `SLACK_WEBHOOK_URL`.

    A Slack that fails is a warning, and never stops a deployment. The address is a secret, so no warning shows it.

    Args:
        context: the command's.
        text: what happened; nothing in it is markup or mentions anybody.
    """
    url = context.environ.get("SLACK_WEBHOOK_URL", "").strip()
    if not url:
        return
    try:
        answer = httpx.post(url, json={"text": escaped(context.console.redacted(text))}, timeout=TIMEOUT)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, UnicodeError) as error:
        context.console.warn(f"Slack was not told: {type(error).__name__} at SLACK_WEBHOOK_URL")
        return
    if not answer.is_success:
        cure = "; make a new webhook" if answer.status_code in (403, 404, 410) else ""
        context.console.warn(f"Slack was not told: SLACK_WEBHOOK_URL answers {answer.status_code}{cure}")


def escaped(text: str) -> str:
    """`text` as Slack shows it literally: https://docs.slack.dev/messaging/formatting-message-text"""
    cut = text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"
    return cut.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
