"""Tables that a job keeps as Parquet, so that it goes on where it was stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gnn.pipelines.places import Place, describe_files

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_JOB = "gnn_job.json"


class Stages:
    """The tables of one job, in a folder of their own.

    A table is there once Spark has put its `_SUCCESS` beside it, which it does last. One that is
    there is read and not made again, if the job is the same: what it does, the plan of what it
    reads, and the files of that, with their sizes and times. Where Spark does not tell the plan
    (Spark Connect), or there are no files, all tables are made anew.

    Args:
        work: the folder, as `gnn.pipelines.places.Place` takes it.
        sources: the DataFrames that the job reads.
        job: what is done, as JSON holds it.

    Raises:
        FileExistsError: the folder holds something else.
    """

    def __init__(self, work: str, sources: list[DataFrame], job: Mapping[str, Any]):
        self.place = Place(work)
        read = [_described(source) for source in sources]
        text = json.dumps({**job, "reads": read}, indent=1) if None not in read else ""
        names = self.place.names()
        if names and _JOB not in names:
            raise FileExistsError(
                f"work must be a new folder, or that of a job; {self.place} holds {names[0]!r}"
            )
        self._goes_on = bool(text) and _JOB in names and self.place.read(_JOB) == text
        if not self._goes_on:
            for name in names:
                if name != _JOB:
                    self.place.remove(name)
            self.place.write(_JOB, text)

    def table(self, name: str, made: DataFrame) -> DataFrame:
        """A table of the job: read if it is there, else computed and written.

        Args:
            name: of its folder.
            made: what it is.
        """
        if not (self._goes_on and self.place.has(f"{name}/_SUCCESS")):
            made.write.mode("overwrite").parquet(self.place.uri(name))
        return made.sparkSession.read.schema(made.schema).parquet(self.place.uri(name))


def _described(source: DataFrame) -> Any:
    """What a DataFrame reads, and how; None where that cannot be known."""
    files = source.inputFiles() if hasattr(source, "_jdf") else []
    if not files:
        return None
    spark, most = source.sparkSession, "spark.sql.debug.maxToStringFields"
    shown = spark.conf.get(most, None)
    spark.conf.set(most, "1000000")  # Or else a long plan ends in dots.
    try:
        plan = source._jdf.queryExecution().analyzed().canonicalized().toString()
    finally:
        spark.conf.unset(most) if shown is None else spark.conf.set(most, shown)
    return {"plan": plan, "files": describe_files(files)}
