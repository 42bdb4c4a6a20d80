"""Tables that a job keeps as Parquet, so that it goes on where it was stopped."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gnn._environment import own_version
from gnn.pipelines.places import Place, describe_files

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# What gives something else each time.
_CHANGING = re.compile(r"current_(date|timestamp|time)|\bnow\(|\buuid\(|\brand\(|\brandn\(")


class Stages:
    """The tables of one job, in a folder of their own in `work`, which is named for the job.

    A table is there once Spark has put its `_SUCCESS` beside it, which it does last. One that is
    there is read and not made again. The folder's name is a digest of the job: what it does, the
    plans of what it reads, and the files of these, with their sizes and times. So no job finds the
    tables of another, and nothing but its own folder is ever removed.

    Where what is read cannot be known to be the same (Spark Connect, tables in memory, a plan that
    asks for the time), the folder has a name of its own, and all tables are made anew.

    Args:
        work: a folder, as `gnn.pipelines.places.Place` takes it.
        sources: the DataFrames that the job reads.
        job: what is done, as JSON holds it.
    """

    def __init__(self, work: str, sources: list[DataFrame], job: Mapping[str, Any]):
        self._work = Place(work)
        reads = [_described(source) for source in sources]
        self._goes_on = None not in reads
        said = {**job, "gnn": own_version(), "reads": reads}
        digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
        name = digest[:16] if self._goes_on else uuid.uuid4().hex[:16]
        self.place = self._work.inside(f"gnn-{name}")

    def table(self, name: str, made: DataFrame) -> DataFrame:
        """A table of the job: read if it is there, else computed and written.

        Args:
            name: of its folder.
            made: what it is.

        Raises:
            OSError: what was written is not seen from here.
        """
        if not (self._goes_on and self.place.has(f"{name}/_SUCCESS")):
            made.write.mode("overwrite").parquet(self.place.uri(name))
            if not self.place.parts(name):
                raise OSError(
                    f"work must be a folder that driver and executors share; {self.place} has none "
                    f"of the table {name!r} that was written"
                )
        return made.sparkSession.read.schema(made.schema).parquet(self.place.uri(name))

    def remove(self) -> None:
        """Removes the tables of the job, and `work` if nothing else is in it."""
        self.place.remove()
        if not self._work.names():
            self._work.remove()


def _described(source: DataFrame) -> Any:
    """What a DataFrame reads, and how; None where that cannot be known."""
    if not hasattr(source, "_jdf"):
        return None
    plan = source._jdf.queryExecution().analyzed()
    leaves = plan.collectLeaves()
    described = []
    for number in range(leaves.size()):
        leaf = leaves.apply(number)
        if leaf.getClass().getSimpleName() != "LogicalRelation":
            return None
        relation = leaf.relation()
        if relation.getClass().getSimpleName() != "HadoopFsRelation":
            return None
        options = relation.options().toString()
        described.append(
            [
                relation.fileFormat().getClass().getName(),
                relation.dataSchema().json(),
                hashlib.sha256(options.encode()).hexdigest(),  # There may be keys among them.
            ]
        )
    text = _text_of(source, plan)
    files = describe_files(source.inputFiles())
    if not files or _CHANGING.search(text):
        return None
    return {"plan": text, "schema": source.schema.json(), "leaves": described, "files": files}


def _text_of(source: DataFrame, plan: Any) -> str:
    """A plan as text, without the numbers that Spark gives its columns."""
    spark, most = source.sparkSession, "spark.sql.debug.maxToStringFields"
    shown = spark.conf.get(most, None)
    spark.conf.set(most, "1000000")  # Or else a long plan ends in dots.
    try:
        return re.sub(r"#\d+L?", "", plan.toString())
    finally:
        if shown is None:
            spark.conf.unset(most)
        else:
            spark.conf.set(most, shown)
