"""What more than one stage calls outside with: guarded HTTP, SMTP, PromQL."""
