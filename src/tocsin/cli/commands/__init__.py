"""One file for each group of commands; imported when the command is called, not before."""
