"""What is said in the direct chat about signing in to the pages. Pure."""

from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import UserId
from copp_bot.core.reply import Reply, code, link, say
from copp_bot.core.web.sessions import LINK_LIFE

MINUTES = int(LINK_LIFE.total_seconds() // 60)


def render_link(url: str) -> Reply:
    """Asked for in the chat: any browser may use it."""
    return say(
        (_("Open the web pages with this link:"), " ", link(url, url)),
        _("It works once, within {minutes} minutes. Keep it to yourself: whoever opens it is you.").format(
            minutes=MINUTES
        ),
        private=True,
    )


def render_link_for_browser(url: str, user_id: UserId) -> Reply:
    """Asked for on the sign-in page."""
    return say(
        (_("You want to sign in to the web pages? Open this link in the same browser:"), " ", link(url, url)),
        _("It works once, within {minutes} minutes. If you did not ask for it, leave it be.").format(minutes=MINUTES),
        notice=False,
        mentions=(user_id,),
    )


def render_used(agent: str) -> Reply:
    """The link has done its work; it is told where, in case that it was somebody else."""
    return say(
        _("You are signed in to the web pages now, in {agent}.").format(agent=agent),
        (_("That was not you? This signs you out everywhere: "), code("!web off")),
        private=True,
    )


def render_too_many() -> Reply:
    """Held back."""
    return say(
        _("I have sent you some links just now. Use the newest, or ask again in {minutes} minutes.").format(
            minutes=MINUTES
        ),
        private=True,
    )


def render_signed_out() -> Reply:
    """Everywhere."""
    return say(
        (_("You are signed out of the web pages everywhere. To sign in again: "), code("!web")),
        private=True,
    )
