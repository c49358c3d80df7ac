"""What runs inside: a small program of its own that enters the sandbox and starts commands in it.

It is started by path, without the rest of kedge, and imports next to nothing: its start is part of
every first command, its memory is held as long as the session lasts.
"""
