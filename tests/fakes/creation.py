"""What a new room of the fake is made of: Synapse's presets and default power levels, as pure functions."""

from tests.fakes.rules import Raw

DEFAULT_EVENTS = {
    "m.room.name": 50,
    "m.room.power_levels": 100,
    "m.room.history_visibility": 100,
    "m.room.canonical_alias": 50,
    "m.room.avatar": 50,
    "m.room.server_acl": 100,
    "m.room.encryption": 100,
}


def first_state(
    creator: str, name: str | None, version: str, body: Raw, alias: str | None
) -> list[tuple[str, str, Raw]]:
    """What a room is made of, in Synapse's order; ``initial_state`` takes the place of defaults."""
    public = body.get("preset") == "public_chat"
    given = {(one["type"], one.get("state_key", "")): one["content"] for one in body.get("initial_state", ())}
    levels = given.pop(("m.room.power_levels", ""), None) or power_levels(creator, version, body)
    creation = {**body.get("creation_content", {}), "room_version": version}
    trusted = body.get("preset") == "trusted_private_chat"
    if trusted and int(version) >= 12:
        extra = [*creation.get("additional_creators", []), *body.get("invite", ())]
        creation["additional_creators"] = list(dict.fromkeys(extra))
    defaults: dict[tuple[str, str], Raw] = {
        ("m.room.canonical_alias", ""): {"alias": alias} if alias else {},
        ("m.room.join_rules", ""): {"join_rule": "public" if public else "invite"},
        ("m.room.history_visibility", ""): {"history_visibility": "shared"},
        ("m.room.guest_access", ""): {} if public else {"guest_access": "can_join"},
        **given,
        ("m.room.name", ""): {"name": body["name"]} if "name" in body else {},
        ("m.room.topic", ""): {"topic": body["topic"]} if "topic" in body else {},
    }
    return [
        ("m.room.create", "", creation),
        ("m.room.member", creator, {"membership": "join", "displayname": name}),
        ("m.room.power_levels", "", levels),
        *((kind, key, content) for (kind, key), content in defaults.items() if content or (kind, key) in given),
    ]


def power_levels(creator: str, version: str, body: Raw) -> Raw:
    """Synapse's default power levels with the caller's override."""
    has_creators = int(version) >= 12
    public = body.get("preset") == "public_chat"
    levels: Raw = {
        "users": {} if has_creators else {creator: 100},
        "users_default": 0,
        "events": DEFAULT_EVENTS | {"m.room.tombstone": 150 if has_creators else 100},
        "events_default": 0,
        "state_default": 50,
        "ban": 50,
        "kick": 50,
        "redact": 50,
        "invite": 50 if public else 0,
        "historical": 100,
    }
    override: Raw = body.get("power_level_content_override", {})
    return levels | override
