"""Dates and times as text."""

from __future__ import annotations

import numpy as np


def iso_texts(times: np.ndarray, is_utc: bool = False) -> list[str]:
    """Times in ISO 8601, NaT as "".

    There is no time of day where all are midnight, and no fraction where all are whole seconds.

    Args:
      times: datetime64 of any unit.
      is_utc: whether they are in UTC, which a time of day then says by a `Z`.

    >>> iso_texts(np.array(["2024-02-29", "NaT"], "datetime64[ns]"))
    ['2024-02-29', '']
    >>> iso_texts(np.array(["2024-02-29T10:00:00.000"], "datetime64[ms]"), is_utc=True)
    ['2024-02-29T10:00:00Z']
    """
    there = ~np.isnat(times)
    for unit in ("D", "s"):
        whole = times.astype(f"datetime64[{unit}]")
        if np.array_equal(whole[there], times[there]):
            times = whole
            break
    texts = np.datetime_as_string(times)
    if is_utc and np.datetime_data(times.dtype)[0] != "D":
        texts = np.char.add(texts, "Z")
    return np.where(there, texts, "").tolist()
