"""What the catalogue can do, one module a subject. Called through the modules: `stock.take(…)`."""
