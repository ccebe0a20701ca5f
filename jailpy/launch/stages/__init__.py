"""The acts that steps are carried out by, one file for each part of a jail.

Between fork and exec nothing but ``kernel``, ``model`` and ``errors`` is imported.
"""
