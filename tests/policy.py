"""Every surface, and the gate that what it shows passes. The leak tests are made from this table.

- ``items``: the read gate of ``core/items.py``, by viewer and place.
- ``members``: facts of a group or of its people, for those who are in it.
- ``findable``: what a person lets others find, among members.
- ``own``: what belongs to the one who asks alone, answered in the direct chat.
- ``role``: records of the house, by permission alone, answered in the direct chat or a room of roles.
- ``nothing``: shows nothing that anyone has shared.
"""

ITEMS, MEMBERS, FINDABLE, OWN, ROLE, NOTHING = "items", "members", "findable", "own", "role", "nothing"

SURFACES = {
    "!help": NOTHING,
    "!activity": ROLE,
    "job activity.weekly": ROLE,
    "!audit": ROLE,
    "!groups": MEMBERS,
    "!group join": MEMBERS,
    "!group leave": OWN,
    "!group members": MEMBERS,
    "!group invite": MEMBERS,
    "!group accept": MEMBERS,
    "!group decline": MEMBERS,
    "!group new": ROLE,
    "!group open": ROLE,
    "!group close": ROLE,
    "!group reopen": ROLE,
    "job groups.ends": ROLE,
    "!library add": ITEMS,
    "!library audience": ITEMS,
    "!library dismiss": NOTHING,
    "!library edit": ITEMS,
    "!library get": ITEMS,
    "!library list": ITEMS,
    "!library search": ITEMS,
    "!library show": ITEMS,
    "!library tags": ITEMS,
    "!library withdraw": ITEMS,
    "offer library": NOTHING,
    "!meet new": ITEMS,
    "!meet list": ITEMS,
    "!meet show": ITEMS,
    "!meet move": ITEMS,
    "!meet cancel": ITEMS,
    "!meet rsvp": ITEMS,
    "job meetings.remind": ITEMS,
    "!me": OWN,
    "!me findable": OWN,
    "!me interests": OWN,
    "!me language": OWN,
    "!me timezone": OWN,
    "!find": FINDABLE,
    "!who": FINDABLE,
    "!role grant": ROLE,
    "!role list": ROLE,
    "!role revoke": ROLE,
    "job roles.end": NOTHING,
    "!rooms plan": ROLE,
    "!rooms apply": ROLE,
    "job rooms.rights": NOTHING,
    "job rooms.look": ROLE,
    "job welcome": NOTHING,
}
