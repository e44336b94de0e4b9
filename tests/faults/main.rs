//! What only the real program can show: kill -9, restarts, signals and the command line.
