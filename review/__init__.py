"""People decide what is true: queues, leases, decisions, agreement, and what follows of them."""
