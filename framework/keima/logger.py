# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Loggers of the framework and of programs that use it, under the standard library's `logging`."""

from __future__ import annotations

import logging
import os
import sys
from typing import TextIO

__all__ = ["enable_debug_log", "get_logger", "set_log_file", "set_log_level"]

ROOT = "keima"
_handler: logging.Handler | None = None


class KeimaLogFormatter(logging.Formatter):
    """Date, file and line, level and message: `24 14:03:07[train.py:12] WARNING lr is 0`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s[%(filename)s:%(lineno)d] %(levelname)s %(message)s", "%d %H:%M:%S")


def get_logger(name: str | None = None, formatter: type[logging.Formatter] = KeimaLogFormatter) -> logging.Logger:
    """The logger `name`, or the framework's own; it writes to stderr unless :func:`set_log_file` said otherwise.

    The first call gives the framework's logger its handler: importing alone changes nothing of the program's logging.
    """
    root = logging.getLogger(ROOT)
    if _handler is None:
        _replace_handler(logging.StreamHandler(sys.stderr), formatter)
        root.setLevel(logging.INFO)
        root.propagate = False
    return root if name is None else root.getChild(name)


def set_log_file(fout: str | os.PathLike[str] | TextIO, mode: str = "a") -> None:
    """Write the log to a file (its path, or an object with `write` and `flush`) from now on."""
    get_logger()
    handler: logging.Handler
    if isinstance(fout, str | os.PathLike):
        handler = logging.FileHandler(fout, mode, encoding="utf-8")
    else:
        handler = logging.StreamHandler(fout)
    _replace_handler(handler, KeimaLogFormatter)


def set_log_level(level: int | str, update_existing: bool = True) -> None:
    """The least level that is logged, as in `logging`; `update_existing` resets the levels of named loggers too."""
    root = get_logger()
    root.setLevel(level)
    if not update_existing:
        return
    for name, logger in logging.Logger.manager.loggerDict.items():
        if name.startswith(ROOT + ".") and isinstance(logger, logging.Logger):
            logger.setLevel(logging.NOTSET)


def enable_debug_log() -> None:
    """Log everything."""
    set_log_level(logging.DEBUG)


def _replace_handler(handler: logging.Handler, formatter: type[logging.Formatter]) -> None:
    global _handler  # one handler a process
    root = logging.getLogger(ROOT)
    if _handler is not None:
        root.removeHandler(_handler)
        _handler.close()
    handler.setFormatter(formatter())
    root.addHandler(handler)
    _handler = handler
