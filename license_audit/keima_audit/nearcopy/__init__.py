# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Finds files that were copied from a corpus and changed: renamed, reformatted, cut up or pasted into others.

Winnowing (S. Schleimer, D. Wilkerson, A. Aiken: Local Algorithms for Document Fingerprinting, SIGMOD 2003): hashes of
all runs of `RUN` tokens, of which each window of `WINDOW` keeps its least. Whatever two texts share that is at least
RUN + WINDOW - 1 tokens long has a fingerprint in common, wherever it stands.
"""
