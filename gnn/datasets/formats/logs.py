"""Published logs, known by their header: yoochoose, diginetica, RetailRocket, OTTO, MovieLens."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from gnn.configs.sessions import SessionGraphConfig
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.edges.records.log_files import bare_log, is_log_file, open_log_file
from gnn.edges.records.log_presets import columns_of_table, preset_named, preset_of


class LogFile(NamedTuple):
    """What `gnn.Graph.from_sessions` takes.

    Attributes:
      sessions: the file.
      config: what is an edge, with the columns named.
    """

    sessions: Path
    config: SessionGraphConfig


def _log(name: str, about: str) -> FileFormat:
    preset = preset_named(name)

    def claims(sample: Sample) -> bool:
        if sample.names or not is_log_file(sample.path):
            return False
        bare = bare_log(sample.path)
        if bare is not None:
            return bare.preset == name
        try:
            return preset_of(open_log_file(sample.path).header) is preset
        except (ImportError, OSError, ValueError):
            return False

    def read(path: Path) -> LogFile:
        config, _ = columns_of_table(open_log_file(path), SessionGraphConfig())
        return LogFile(path, config)

    return FileFormat(name.lower(), f"{about}; {_EDGES}", claims, read, kind="log")


_EDGES = (
    "undirected edges between items that sessions have in common, as gnn.SessionGraphConfig says"
)
YOOCHOOSE = _log(
    "yoochoose",
    "clicks or buys of yoochoose, session,timestamp,item,category, published without a header",
)
DIGINETICA = _log("diginetica", "views of diginetica, sessionId;userId;itemId;timeframe;eventdate")
RETAILROCKET = _log(
    "RetailRocket",
    "events of RetailRocket, timestamp,visitorid,event,itemid,transactionid: sessions of a visitor "
    "end after half an hour, times are milliseconds",
)
OTTO = _log("OTTO", "sessions of OTTO, a line each, with events of aid, ts and type")
MOVIELENS = _log(
    "MovieLens",
    "ratings of MovieLens, userId,movieId,rating,timestamp, u.data and ratings.dat without a "
    "header: a user is a session, whatever the rating",
)
