"""What a record is. Everyone may import this package; it imports nobody."""
