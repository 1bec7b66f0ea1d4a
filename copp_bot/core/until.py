"""An end, as people say it with ``until:…``: a date (its whole day counts) or a date with a time."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from copp_bot.core.days import in_iso_order
from copp_bot.core.errors import UserError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.reply import shorten
from copp_bot.core.schedule import instant

LONGEST = timedelta(days=5 * 365)


def parse_until(said: str | None, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The UTC instant of ``until:…`` (ISO 8601, or the day first), None when nothing is said.

    Args:
        zone: the reader's, for dates and for times without an offset.

    Raises:
        UserError: it is no date, has passed, or lies more than five years ahead.
    """
    if said is None:
        return None
    until = _instant(said, zone)
    if until <= now:
        raise UserError(_("until:{said} has passed already. Name a day that is still to come.").format(said=said))
    if until - now > LONGEST:
        raise UserError(
            _("until:{said} is more than five years ahead. Leave it out where there is no end.").format(said=said)
        )
    return until


def _instant(said: str, zone: ZoneInfo) -> datetime:
    written = in_iso_order(said)
    try:
        if len(written) == len("2027-01-31"):
            return instant(datetime.combine(date.fromisoformat(written) + timedelta(days=1), time.min), zone)
        moment = datetime.fromisoformat(written)
        return instant(moment, zone) if moment.tzinfo is None else moment.astimezone(zone)
    except (ValueError, OverflowError):
        raise UserError(
            _("“{said}” is not a date. Write it like until:2027-01-31 or until:2027-01-31T18:00.").format(
                said=shorten(said, 40)
            )
        ) from None
