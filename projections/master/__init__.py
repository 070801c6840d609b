"""Master data as of a moment: what ids are called, what is aimed at, when the doors are open."""
