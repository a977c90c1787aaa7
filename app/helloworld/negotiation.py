"""Tells browsers from tools."""


def prefers_html(accept: str) -> bool:
    """Say whether an Accept header asks for HTML rather than JSON (RFC 9110, section 12.5.1).

    JSON wins a tie, so that tools which accept anything get what they can parse. Never raises: what cannot be
    understood is passed over.
    """
    accept = accept.lower()
    if "text/" not in accept:
        return False
    qualities = dict(_parse(part) for part in accept.split(","))
    return _quality(qualities, "text", "html") > _quality(qualities, "application", "json")


def _parse(part: str) -> tuple[str, float]:
    media_range, *parameters = (piece.strip() for piece in part.split(";"))
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            quality = _parse_quality(value.strip())
    return media_range, quality


def _parse_quality(value: str) -> float:
    try:
        quality = float(value)
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0


def _quality(qualities: dict[str, float], kind: str, subtype: str) -> float:
    for media_range in (f"{kind}/{subtype}", f"{kind}/*", "*/*"):
        if media_range in qualities:
            return qualities[media_range]
    return 0.0
