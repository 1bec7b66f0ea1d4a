"""How the bot signs in: with a kept token, the operator's token, or a password, and under one device id for life.

The rule it keeps: transaction ids are remembered by the server per device, so the device id never changes; and no
device keys are uploaded, so that clients open unencrypted chats with the bot.
"""

from nio import Api

from copp_bot.core.errors import SetupError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import UserId
from copp_bot.core.matrix.client import Client
from copp_bot.core.matrix.http import Http, Timeouts
from copp_bot.core.matrix.paths import NO_TOKEN, by_hand, by_nio
from copp_bot.core.matrix.port import Forbidden, MatrixError, Missing, RateLimited, Unavailable, UnknownToken
from copp_bot.core.settings import Settings, is_token

DEVICE_ID = "COPPBOT"
DEVICE_NAME = "copp_bot"


async def connect(
    settings: Settings,
    *,
    device_id: str = DEVICE_ID,
    kept_token: str | None = None,
    timeouts: Timeouts | None = None,
) -> Client:
    """Sign in as the account of the settings.

    Args:
        device_id: for the password login; the same for life.
        kept_token: the ``access_token`` of an earlier client; tried first, so that the password is used once.

    Raises:
        SetupError: with what to do. Its ``__cause__`` is ``Unavailable`` when waiting may help.
    """
    http = Http(settings.homeserver, timeouts=timeouts)
    try:
        token = await _token(http, settings, device_id, kept_token)
    except MatrixError as error:
        await http.close()
        raise _explained(error, settings) from error
    except BaseException:
        await http.close()
        raise
    admin = settings.admin_token
    return Client(http, settings.bot, token, admin.get_secret_value() if admin else None)


async def account_exists(settings: Settings) -> bool | None:
    """Is there such an account? None where the homeserver does not say."""
    http = Http(settings.homeserver)
    method, path, _data = by_nio(Api.profile_get_displayname(settings.user_id))
    try:
        await http.call(method, path)
    except Missing:
        return False
    except MatrixError:
        return None
    finally:
        await http.close()
    return True


async def _token(http: Http, settings: Settings, device_id: str, kept: str | None) -> str:
    given = settings.access_token.get_secret_value() if settings.access_token else None
    for token in filter(None, (kept, given)):
        if await _belongs(http, token, settings.bot):
            return token
    if settings.password is None:
        raise _without_password(given)
    return await _login(http, settings.bot, settings.password.get_secret_value(), device_id)


async def _belongs(http: Http, token: str, user_id: UserId) -> bool:
    """Is the token valid? SetupError when it is another account's."""
    method, path, _data = by_nio(Api.whoami(NO_TOKEN))
    try:
        owner = (await http.call(method, path, token=token)).get("user_id")
    except UnknownToken:
        return False
    if owner != user_id:
        raise SetupError(
            _("The access token belongs to {owner}, not to {user}.").format(owner=owner, user=user_id),
            _("Set COPP_USER_ID and COPP_ACCESS_TOKEN of the same account."),
        )
    return True


async def _login(http: Http, user_id: UserId, password: str, device_id: str) -> str:
    body = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": user_id},
        "password": password,
        "device_id": device_id,
        "initial_device_display_name": DEVICE_NAME,
    }
    method, path, data = by_hand("POST", "v3", "login", body=body)
    token = (await http.call(method, path, data)).get("access_token")
    if not isinstance(token, str) or not is_token(token):
        raise Unavailable("", "the answer has no access_token", 200)
    return token


def _without_password(given: str | None) -> SetupError:
    if given:
        return SetupError(
            _("The homeserver does not know the access token any more."),
            _("Set a new COPP_ACCESS_TOKEN, or COPP_PASSWORD."),
        )
    return SetupError(_("The bot has nothing to sign in with."), _("Set COPP_PASSWORD or COPP_ACCESS_TOKEN."))


def _explained(error: MatrixError, settings: Settings) -> SetupError:
    address, user = settings.homeserver, settings.user_id
    if isinstance(error, RateLimited):
        return SetupError(
            _("The homeserver takes no more sign-ins for now."),
            _("Wait {seconds} seconds and start again.").format(seconds=round(error.retry_after) + 1),
        )
    if isinstance(error, Forbidden) and error.errcode == "M_USER_DEACTIVATED":
        return SetupError(
            _("The account {user} is deactivated.").format(user=user), _("Reactivate it, or set another COPP_USER_ID.")
        )
    if isinstance(error, Forbidden):
        return SetupError(
            _("The homeserver does not accept the password of {user}.").format(user=user),
            _("Check COPP_USER_ID and COPP_PASSWORD."),
        )
    if isinstance(error, Unavailable) and error.status == 0:
        return SetupError(
            _("The homeserver at {address} does not answer.").format(address=address),
            _("Check COPP_HOMESERVER, and that the homeserver is running."),
        )
    return SetupError(
        _("What answers at {address} is not a working Matrix homeserver (status {status}).").format(
            address=address, status=error.status
        ),
        _("Check COPP_HOMESERVER: it is the address that Matrix clients use.")
        if error.status not in {502, 503, 504}
        else _("A proxy answers in its place: check that the homeserver behind it is running."),
    )
