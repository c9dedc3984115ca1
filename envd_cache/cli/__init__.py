"""The command line: reads arguments, calls one function of the pipeline, prints."""
