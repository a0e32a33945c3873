"""What works with no server: run and record, snapshot, scratch, the spool, the dated cache. Standard library and psutil only."""
