"""How a platform's pages are read, as its platform.yml says it: tests, carriers, picks, parts and pages.

These records only hold and check what was written; the engine that obeys them is `spiders.reading`.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from patrol.model import State

PageKind = Literal["detail", "list", "search", "account", "feed"]
StepName = Literal[
    "absolute",
    "after",
    "bing_url",
    "cents",
    "clean",
    "cut",
    "default",
    "digits",
    "first",
    "html_text",
    "join",
    "js_text",
    "last",
    "map",
    "no_space",
    "number",
    "phones",
    "prefix",
    "query",
    "re",
    "re_all",
    "split",
    "squash",
    "sub",
    "suffix",
    "unquote",
]
TimeForm = Literal["", "epoch", "epoch_ms", "utc", "object_id", "month_day"]


class Frozen(BaseModel):
    """A record people write in a file: nothing unknown in it, nothing changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"正则表达式“{pattern}”写错了（{error}）") from error
    return pattern


Regex = Annotated[str, AfterValidator(_compiles)]


class Test(Frozen):
    """One test of a page; every key that is given must hold. Lists of words hold when any one of them occurs.

    `text` looks at what a reader sees, `source` at the decoded bytes, `smaller` counts bytes, `shorter` visible characters.
    `json` is a path into the page's JSON body (or, with `var`, into that script variable); `equals` compares it as text.
    """

    __test__ = False

    status: tuple[int, ...] = ()
    url: Regex = ""
    header: tuple[str, Regex] | None = None
    title: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    css: str = ""
    no_css: str = ""
    var: str = ""
    json_path: str = Field(default="", alias="json")
    equals: tuple[str, ...] = ()
    smaller: int = 0
    shorter: int = 0
    is_json: bool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("空的条件；请至少写一项")
        return self


class StateRule(Frozen):
    """A state that a page may be in (wall, tombstone, soft 404): any of the tests, unless one of the others holds.

    `shown` is a css selector of the notice to quote as the reason. A `late` rule is asked only when nothing could be read.
    """

    state: State
    any: tuple[Test, ...] = Field(min_length=1)
    unless: tuple[Test, ...] = ()
    shown: str = ""
    late: bool = False


class Carrier(Frozen):
    """Where a page keeps its data as JSON: exactly one source, then the path `at` inside it.

    `var` names a script variable (its JavaScript literal is read tolerantly), `script` the id of a script element, `ld` the
    @type of an ld+json block, `call` a function whose first argument is the data; `body` says the whole body is JSON.
    """

    body: bool = False
    var: str = ""
    script: str = ""
    ld: str = ""
    call: str = ""
    at: str = ""
    decode: tuple[Literal["url", "html", "json", "base64", "uncomment"], ...] = ()

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum((self.body, bool(self.var), bool(self.script), bool(self.ld), bool(self.call))) != 1:
            raise ValueError("body、var、script、ld、call 须且只能写一个")
        return self


class Step(Frozen):
    """One change to a picked value: a name, or a name with what it needs, e.g. `{re: '编号：(\\S+)'}`."""

    name: StepName
    args: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        if isinstance(value, str):
            return {"name": value}
        if isinstance(value, dict) and len(value) == 1:
            name, args = next(iter(value.items()))
            if isinstance(args, dict):
                args = [str(part) for pair in args.items() for part in pair]
            return {"name": name, "args": [str(part) for part in (args if isinstance(args, list) else [args])]}
        return value


class Pick(Frozen):
    """One way to find a value: exactly one source, then `do` in order.

    `json` is a path in the page's data; `css` an element (`.`: the entry itself), its text or `attr` (names joined by `|`),
    `all` for every match, `own` for the text outside its child elements; `meta` a meta tag; `re` the first group in the source;
    `pair` the cell beside a heading of that name; `label` the value in «标签：值» rows (searched in `css` when given); `url` a
    named group of the address; `const` itself.
    """

    json_path: str = Field(default="", alias="json")
    css: str = ""
    attr: str = ""
    all: bool = False
    own: bool = False
    meta: str = ""
    re: Regex = ""
    pair: tuple[str, ...] = ()
    label: tuple[str, ...] = ()
    url: str = ""
    const: str = ""
    do: tuple[Step, ...] = ()
    time: TimeForm = ""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        sources = (self.json_path, self.meta, self.re, self.pair, self.label, self.url, self.const)
        given = sum(map(bool, sources))
        if given > 1 or (given == 0 and not (self.css or self.attr)):
            raise ValueError("json、css、meta、re、pair、label、url、const 须写且只写一个")
        return self


FieldName = Literal[
    "title",
    "text",
    "author",
    "author_id",
    "byline",
    "published",
    "region",
    "url",
    "images",
    "links",
    "contacts",
    "snippet",
    "sponsored",
    "tags",
    "price",
    "address",
    "bio",
    "account_alias",
    "licence",
    "quoted",
    "quoted_author",
    "replies",
    "likes",
    "number",
    "next",
]
Fields = dict[FieldName, tuple[Pick, ...]]


class Parts(Frozen):
    """Things that repeat on a page: search hits, list rows, floors of a thread, comments.

    Found by `css`, or by `json` (a path in the page's data). `leads_to` is the kind of page an entry's url leads to; `post`
    says what each is screened as (`snippet`, `floor`, `comment`, `answer`, `card`; empty: only a link).
    """

    css: str = ""
    json_path: str = Field(default="", alias="json")
    skip: str = ""
    fields: Fields = Field(default_factory=dict)
    leads_to: Literal["detail", "list", "search", "account", "external", ""] = "detail"
    post: Literal["snippet", "floor", "comment", "answer", "card", "detail", ""] = ""
    require: tuple[FieldName, ...] = ()
    sponsored: Test | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.css) == bool(self.json_path):
            raise ValueError("css、json 须且只能写一个")
        return self


class PageRule(Frozen):
    """One kind of page of a platform: how it is recognised, where its data lies, what is picked from it.

    `when` holds when any of its tests does (none: always). `require` names fields that must be found, alternatives joined by
    `|`; `items` stands for at least one entry. In elements of `aside` (相关阅读, 导航) the titles that lead to other pages of
    the site are not this page's words; whatever else stands there (an advertisement) is. `empty` tells a search without hits
    from a page that changed; a page of fewer than `fewest` visible characters was not read. With `first_is_main` the first
    entry (the first floor) gives the page's text, author and time.
    """

    name: str
    kind: PageKind = "detail"
    when: tuple[Test, ...] = ()
    unless: tuple[Test, ...] = ()
    uncomment: bool = False
    region: str = ""
    aside: str = ""
    data: tuple[Carrier, ...] = ()
    data_needed: bool = False
    fields: Fields = Field(default_factory=dict)
    items: tuple[Parts, ...] = ()
    first_is_main: bool = False
    next_page: tuple[Pick, ...] = ()
    empty: tuple[Test, ...] = ()
    require: tuple[str, ...] = ()
    fewest: int = Field(default=0, ge=0)
