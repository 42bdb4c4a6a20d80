"""The one door to Neural Structured Learning (NSL).

``import neural_structured_learning`` fails on TensorFlow 2.16 and later, because two of its
modules import the removed ``tf.estimator``. Imported from here it works: an empty module stands in
for ``tf.estimator`` while NSL is imported and is taken away again, so that ``tensorflow`` is left
as it was. This module then offers NSL's subpackages under their own names.

``nsl.configs``, ``nsl.keras``, ``nsl.lib`` and ``nsl.tools`` work. Where NSL's code does not run on
Keras 3, what takes its place is ours, with NSL's arguments, numbers and names: docs/migration.md
has the list. What needs a real ``tf.estimator`` (``nsl.estimator``) or an older Sonnet
(``nsl.experimental.gnn``) does not work.

Example:
    >>> from gnn import nsl
    >>> nsl.configs.make_graph_reg_config(max_neighbors=3).multiplier
    0.01
"""

from __future__ import annotations

import sys

from gnn.nsl.importing import __version__, configs, estimator, experimental, keras, lib, tools
from gnn.nsl.replacements import put_in_place

__all__ = ["__version__", "configs", "estimator", "experimental", "keras", "lib", "tools"]

put_in_place()

# Without these, `from gnn.nsl.configs import ...` would find no such module in this folder.
for _name, _module in list(sys.modules.items()):
    if _name.startswith("neural_structured_learning."):
        sys.modules[_name.replace("neural_structured_learning", __name__, 1)] = _module
