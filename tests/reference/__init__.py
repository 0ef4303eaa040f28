"""Slow twins: docs/guide/numerics.md in plain NumPy, one row at a time, written to be read and never to be fast.

They are written from that page alone: where the compiled core disagrees, one of the two misreads the page.
"""
