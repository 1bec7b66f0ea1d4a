"""The pages of people, and of oneself: the web edge over the same services as ``!me``, ``!find`` and ``!who``."""

from dataclasses import dataclass

from copp_bot.core.errors import NotFound, UserError
from copp_bot.core.feature import Action, Core, Page, RoomDirectory
from copp_bot.core.i18n import deferred
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import UserId
from copp_bot.core.kinds import SHARED_KINDS
from copp_bot.core.languages import language_name
from copp_bot.core.web.page import Deed, Redirect, View, Visit, Where
from copp_bot.core.words import is_translated, role_words, scope_title
from copp_bot.features.profile import service

EDIT, FIND, WHO = "profile.edit", "people.find", "people.who"
LANGUAGES = ("en", "fr", "de", "es", "it", "pt", "pl", "nl", "el", "ro", "fi", "sv", "hr", "uk", "tr", "ru")
"""What is offered to choose from; by chat any language may be said, and is then offered too."""
PERSON = "/people/{person:@[^/]{1,254}}"


@dataclass(frozen=True)
class Pages:
    """What the pages need beside their visit."""

    rooms: RoomDirectory
    bot: UserId

    def people(self, visit: Visit) -> View:
        """Members by interest, as far as they wish to be found."""
        interest = visit.asked("interest")
        found = service.find(visit.session, visit.viewer, interest, self.bot) if interest else ()
        values = {
            "interest": interest,
            "found": [(one, language_name(one.language) if one.language else None) for one in found],
            "has_more": len(found) == service.MOST_FOUND,
            "mine": service.profile(visit.session, visit.viewer.user_id).interests,
        }
        return View("profile/people.html", values)

    def person(self, visit: Visit) -> View:
        """Somebody as the others may see them."""
        user = UserId(visit.path["person"])
        found = service.who(visit.session, user, self.bot)
        if found is None:
            raise NotFound("")
        shared = service.shared(visit.session, visit.viewer, visit.place, user, self.bot, SHARED_KINDS)
        values = {
            "person": found,
            "speaks": language_name(found.language) if found.language else None,
            "shared": [(SHARED_KINDS[one.kind].short_id(one.number), one) for one in shared],
        }
        return View("profile/person.html", values)

    def me(self, visit: Visit) -> View:
        """My own entries, and what I am here."""
        mine, viewer = service.profile(visit.session, visit.viewer.user_id), visit.viewer
        codes = dict.fromkeys((*LANGUAGES, *((mine.language,) if mine.language else ())))
        names = sorted(((code, language_name(code)) for code in codes), key=lambda one: one[1])
        values = {
            "mine": mine,
            "languages": (("", _("not said")), *names),
            "is_spoken": mine.language is None or is_translated(mine.language),
            "clock": visit.now.astimezone(visit.zone).strftime("%H:%M"),
            "groups": [(key, scope_title(self.rooms, f"group:{key}")) for key in sorted(viewer.groups)],
            "roles": [(role_words(one.role), scope_title(self.rooms, one.scope)) for one in viewer.grants],
        }
        return View("profile/me.html", values, Where.ME)

    def save(self, deed: Deed) -> Redirect:
        """Take over what the form says."""
        form, me = deed.form, deed.viewer.user_id
        if form.text("language"):
            service.set_language(deed.effects, me, form.text("language"))
        if form.text("timezone"):
            _set_timezone(deed, form.text("timezone"))
        service.set_interests(deed.effects, me, form.text("interests") or service.NONE)
        service.set_findable(deed.effects, me, form.text("findable") == "on")
        return Redirect("/me?done=saved")


def _set_timezone(deed: Deed, said: str) -> None:
    found = service.set_timezone(deed.effects, deed.viewer.user_id, said)
    if service.profile(deed.session, deed.viewer.user_id).timezone not in found:
        raise UserError(_("Which time zone do you mean? Write one of these: {zones}").format(zones=", ".join(found)))


def pages(core: Core) -> tuple[Page, ...]:
    """The pages of this feature."""
    run = Pages(core.rooms, core.settings.bot)
    return (
        Page("/people", run.people, FIND, deferred("People"), 30),
        Page(PERSON, run.person, WHO),
        Page("/me", run.me, EDIT, deferred("Me"), 40),
    )


def actions(core: Core) -> tuple[Action, ...]:
    """The changes of this feature."""
    run = Pages(core.rooms, core.settings.bot)
    return (Action("/me", run.save, EDIT, run.me),)
