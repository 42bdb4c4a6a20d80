"""What labels can be: the names that constructors, flags and files know them by."""

LABEL_KINDS = ("class", "regression", "multilabel")
