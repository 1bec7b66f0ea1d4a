"""``!web``: the chat edge of signing in to the pages."""

from dataclasses import dataclass

from copp_bot.core.commands.declare import Args, Command
from copp_bot.core.context import Context
from copp_bot.core.errors import UserError
from copp_bot.core.feature import Core
from copp_bot.core.i18n import deferred
from copp_bot.core.i18n import gettext as _
from copp_bot.core.reply import Reply
from copp_bot.core.web import notices, sessions
from copp_bot.core.web.entrance import link_address
from copp_bot.core.web.sessions import SIGN_IN


@dataclass(frozen=True)
class Handlers:
    """What the commands need beside their context. ``address`` is that of the pages, where there is one."""

    address: str | None

    def web(self, ctx: Context, args: Args) -> Reply:
        """A link that any browser may use once; privately, wherever it was asked for."""
        if not self.address:
            raise UserError(
                _("The web pages have no address yet: whoever runs the bot sets COPP_WEB_URL. All is here in the chat.")
            )
        viewer = ctx.viewer.user_id
        secret = sessions.new_link(ctx.session, viewer, ctx.now)
        if not secret:
            return notices.render_too_many()
        sessions.carried_by(ctx.session, secret, ctx.answer, ctx.now)
        return notices.render_link(link_address(self.address, secret))

    def off(self, ctx: Context, args: Args) -> Reply:
        """Sign out everywhere, for who has lost a device."""
        sessions.end_everywhere(ctx.effects, ctx.viewer.user_id)
        return notices.render_signed_out()


def declare(core: Core) -> tuple[Command, ...]:
    """The commands of this feature."""
    run = Handlers(core.settings.web_url)
    return (
        Command("web", run.web, deferred("A link that signs you in to the web pages"), SIGN_IN, "!web"),
        Command("web off", run.off, deferred("Sign out of the web pages everywhere"), SIGN_IN, "!web off"),
    )
