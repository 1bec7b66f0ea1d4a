"""What a browser calls itself (HTTP ``User-Agent``) in words that its owner knows. Pure; a hint and no proof."""

from copp_bot.core.i18n import gettext as _

_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def agent_words(agent: str) -> str:
    """``Firefox on Linux``, as far as it can be told."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), _("a browser"))
    system = next((name for mark, name in _SYSTEMS if mark in agent), None)
    return _("{browser} on {system}").format(browser=browser, system=system) if system else browser
