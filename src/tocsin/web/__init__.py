"""The server-rendered face: reads what the actor may see, renders it, hands forms to use cases. No rule lives here."""
