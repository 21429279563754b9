"""One module a page: each function takes a Call and answers it."""
