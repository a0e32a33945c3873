"""One file a stage: takes a form, calls the use case, sends the browser back."""
