"""What leaves the house with evidence: extraction records, letters, lists, packages per recipient, and their register."""
