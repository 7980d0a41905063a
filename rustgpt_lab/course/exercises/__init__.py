"""The exercises as data, one file for each notebook: `EXERCISES` and `QUESTIONS`."""
