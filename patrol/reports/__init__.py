"""The official forms. A form is one module with its template in `forms/`; this package reads records and never crawls."""
