"""The three ways to move the state of a model: all rows, a block of rows, or one row to an update."""
