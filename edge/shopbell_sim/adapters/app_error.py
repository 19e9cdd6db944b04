"""What goes wrong between us and the server.

Owns: the one error of all that asks it something; apart, so that it is known before anything is asked.
"""


class AppError(Exception):
    """The server did not do it. The message says what was asked and what it answered."""
