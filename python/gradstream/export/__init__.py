"""A model as one file for machines that have neither Python nor gradstream: C99 or JSON."""

from gradstream.export.as_c import c_source
from gradstream.export.as_json import json_text
from gradstream.export.served import Learning, ServedModel

__all__ = ["Learning", "ServedModel", "c_source", "json_text"]
