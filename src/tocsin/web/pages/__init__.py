"""One file a screen: reads by the stages' queries, makes a view model, names its template."""
