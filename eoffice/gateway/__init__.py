"""Between documents and the axis: outbox, arrivals, receipts, statuses; the only user of `exchange` here."""
