"""The one exception of detection: rules that cannot be used."""


class RuleError(ValueError):
    """A rule, lexicon or fold table is wrong; the text is Chinese and names file and field. Callers refuse the file whole."""
