"""Ports of this machine, which nobody else may reach."""

import socket

from copp_bot.core.errors import SetupError
from copp_bot.core.i18n import gettext as _

HOST = "127.0.0.1"


def free_port(port: int, option: str) -> int:
    """The port itself when nobody listens there, or a free one for 0.

    Args:
        option: by which another one is chosen, such as ``--web-port``.

    Raises:
        SetupError: it is taken.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise SetupError(
                _("Port {port} of this machine is already in use.").format(port=port),
                _("Choose another one ({option} N), or let a free one be picked ({option} 0).").format(option=option),
            ) from error
        return int(probe.getsockname()[1])
