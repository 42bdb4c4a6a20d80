"""What is found when all images are read once."""

from __future__ import annotations

import dataclasses

from gnn.edges.edges import counted


@dataclasses.dataclass(frozen=True)
class ImageCheck:
    """What `ImageFiles.check` found.

    Attributes:
        images: how many there are.
        gaps: of how many there is no path.
        broken: how many could not be read.
        named: the first 20 of these: path and reason.
    """

    images: int
    gaps: int
    broken: int
    named: tuple[tuple[str, str], ...]

    def text(self) -> str:
        """One line for a person to read.

        Example:

        >>> ImageCheck(3, 0, 0, ()).text()
        '3 images, all readable'
        """
        parts = [counted(self.images, "image")]
        parts += [counted(self.gaps, "gap")] if self.gaps else []
        parts += [f"{self.broken:,} broken"] if self.broken else ["all readable"]
        text = ", ".join(parts)
        if not self.broken:
            return text if not self.gaps else text.replace("all readable", "the others readable")
        shown = ", ".join(f"{path} ({why})" for path, why in self.named[:5])
        more = self.broken - min(len(self.named), 5)
        return f"{text}: {shown}" + (f" and {more:,} more" if more else "")
