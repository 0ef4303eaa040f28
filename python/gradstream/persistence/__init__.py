"""Fitted objects as files: no pickle inside, nothing executed on loading, damage refused.

``layout`` is the bytes of a file, ``codec`` what may be in it, ``register`` which classes may, ``replace`` how a file
comes into being at once or not at all. Which estimators there are is not known here: they register themselves.
"""

from gradstream.persistence.codec import plain_copy
from gradstream.persistence.files import load, save
from gradstream.persistence.register import register

__all__ = ["load", "plain_copy", "register", "save"]
