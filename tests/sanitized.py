"""What a sanitizer changes for tests: code is tens of times slower, and memory goes to what it keeps beside it."""

import pytest

from gradstream import _core

SANITIZED = "sanitizer" in _core.build_info()
SLOWER = 20 if SANITIZED else 1  # what large problems are divided by, so that the same is tested in about the same time

measures = pytest.mark.skipif(SANITIZED, reason="measures time or memory, and would measure the sanitizer's")
