"""Published logs, known by their header: yoochoose, diginetica, RetailRocket, OTTO, MovieLens."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import NamedTuple

from gnn.configs.sessions import SessionGraphConfig
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.edges.records.log_files import bare_log, is_log_file, open_log_file
from gnn.edges.records.log_presets import preset_named, preset_of
from gnn.graphs.graph import Graph


class LogFile(NamedTuple):
    """What `gnn.Graph.from_sessions` takes.

    Attributes:
      sessions: the file.
      config: what is an edge; columns are those of the preset.
    """

    sessions: Path
    config: SessionGraphConfig


def graph_of_log(log: LogFile, format: str = "") -> Graph:
    """The graph of a log; records without a session or an item are left out and counted.

    Args:
      log: the file, and what is an edge.
      format: its name, for the notes.

    Raises:
      ValueError: as `gnn.Graph.from_sessions`.
    """
    graph = Graph.from_sessions(log.sessions, config=log.config, missing="drop")
    told = {"format": format, "reading": "items that sessions share are joined"}
    return dataclasses.replace(graph, notes={**graph.notes, **told})


def _log(name: str, about: str) -> FileFormat:
    preset = preset_named(name)

    def is_one(path: Path) -> bool:
        bare = bare_log(path)
        if bare is not None:
            return bare.preset == name
        return preset_of(open_log_file(path).header) is preset

    def claims(sample: Sample) -> bool:
        if sample.names or not is_log_file(sample.path):
            return False
        try:
            return is_one(sample.path)
        except (ImportError, OSError, ValueError):
            return False

    def read(path: Path) -> LogFile:
        if not is_one(path):
            raise ValueError(f"{path.name} is no log of {name}: {about}")
        return LogFile(path, SessionGraphConfig())

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
