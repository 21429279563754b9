"""The steps that bring a database of any earlier version up to today's: one function a step, applied once, in order.

A step is never edited after it has shipped; a change is a new function at the end. Names sort by their number:
0001 the core, 0020 lists, 0030 evidence, 0040 reports, 0050 console, 0060 the clock, 0070 seen before.
"""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from patrol.store.console_schema import ALLOWING, COUNTS
from patrol.store.console_schema import STATEMENTS as CONSOLE
from patrol.store.seen import STATEMENTS as SEEN

MIGRATIONS = Migrations("patrol")

_CORE = """
CREATE TABLE campaigns (
  id TEXT PRIMARY KEY, title TEXT NOT NULL, region TEXT NOT NULL, start TEXT NOT NULL, "end" TEXT NOT NULL,
  digest TEXT NOT NULL, file_text TEXT NOT NULL, opened_at TEXT NOT NULL);
CREATE TABLE runs (
  id TEXT PRIMARY KEY, campaign TEXT NOT NULL REFERENCES campaigns(id), source TEXT NOT NULL, started_at TEXT NOT NULL,
  ended_at TEXT, outcome TEXT NOT NULL, counts TEXT NOT NULL DEFAULT '{}', error TEXT NOT NULL DEFAULT '');
CREATE INDEX runs_campaign ON runs(campaign, source, started_at);
CREATE TABLE visits (
  run TEXT NOT NULL REFERENCES runs(id), campaign TEXT NOT NULL, url TEXT NOT NULL, source TEXT NOT NULL, state TEXT NOT NULL,
  kind TEXT NOT NULL, status INTEGER NOT NULL, items INTEGER NOT NULL, reason TEXT NOT NULL, sha256 TEXT NOT NULL,
  search_word TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (run, url)) WITHOUT ROWID;
CREATE INDEX visits_coverage ON visits(campaign, source, at);
CREATE TABLE posts (
  key TEXT PRIMARY KEY, platform TEXT NOT NULL, url TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
  author TEXT NOT NULL, author_id TEXT NOT NULL, published_at TEXT, published_shown TEXT NOT NULL, region TEXT NOT NULL,
  kind TEXT NOT NULL, content_digest TEXT NOT NULL, record TEXT NOT NULL, first_seen TEXT NOT NULL, last_seen TEXT NOT NULL);
CREATE INDEX posts_author ON posts(platform, author_id);
CREATE INDEX posts_content ON posts(content_digest);
CREATE TABLE screenings (
  id INTEGER PRIMARY KEY, post_key TEXT NOT NULL REFERENCES posts(key), campaign TEXT NOT NULL, run TEXT NOT NULL,
  screened_at TEXT NOT NULL, content_digest TEXT NOT NULL, rules_version TEXT NOT NULL, list_version TEXT NOT NULL,
  violation INTEGER NOT NULL, ad_violation INTEGER NOT NULL, score REAL NOT NULL, grade TEXT NOT NULL,
  detection TEXT NOT NULL, match TEXT NOT NULL,
  UNIQUE (post_key, campaign, content_digest, rules_version, list_version));
CREATE TABLE leads (
  number TEXT PRIMARY KEY, campaign TEXT NOT NULL REFERENCES campaigns(id), post_key TEXT NOT NULL REFERENCES posts(key),
  screening INTEGER NOT NULL REFERENCES screenings(id), source TEXT NOT NULL, found_at TEXT NOT NULL, grade TEXT NOT NULL,
  score REAL NOT NULL, categories TEXT NOT NULL, judgement TEXT NOT NULL DEFAULT 'unreviewed', evidence TEXT NOT NULL DEFAULT '',
  UNIQUE (campaign, post_key));
CREATE INDEX leads_found ON leads(campaign, found_at);
CREATE TABLE judgements (
  id INTEGER PRIMARY KEY, lead TEXT NOT NULL REFERENCES leads(number), judgement TEXT NOT NULL, officer TEXT NOT NULL,
  role TEXT NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL, undone_at TEXT);
CREATE TABLE capture_orders (
  evidence TEXT PRIMARY KEY, lead TEXT NOT NULL REFERENCES leads(number), campaign TEXT NOT NULL, url TEXT NOT NULL,
  platform TEXT NOT NULL, device TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', attempts INTEGER NOT NULL DEFAULT 0,
  note TEXT NOT NULL DEFAULT '', ordered_at TEXT NOT NULL, done_at TEXT);
CREATE TABLE issues (
  id INTEGER PRIMARY KEY, campaign TEXT NOT NULL, source TEXT NOT NULL, cause TEXT NOT NULL, text TEXT NOT NULL,
  threshold_why TEXT NOT NULL, opened_at TEXT NOT NULL, last_at TEXT NOT NULL, closed_at TEXT, times INTEGER NOT NULL DEFAULT 1);
"""


def _run_script(db: Database, script: str) -> None:
    # sqlite3.executescript commits first, which would break the step's transaction
    for statement in script.split(";"):
        if statement.strip():
            db.execute(statement)


@MIGRATIONS()
def m0001_core(db: Database) -> None:
    """Campaigns, runs, visits, posts, screenings, leads, judgements, capture orders, issues."""
    _run_script(db, _CORE)


_LISTS = """
CREATE TABLE list_versions (
  list_name TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, dated TEXT NOT NULL, imported_at TEXT NOT NULL,
  file_name TEXT NOT NULL, sha256 TEXT NOT NULL, rows INTEGER NOT NULL, unreadable INTEGER NOT NULL, officer TEXT NOT NULL,
  PRIMARY KEY (list_name, number)) WITHOUT ROWID;
CREATE TABLE list_rows (
  list_name TEXT NOT NULL, number INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, identity TEXT NOT NULL,
  record TEXT NOT NULL, PRIMARY KEY (list_name, number, position),
  FOREIGN KEY (list_name, number) REFERENCES list_versions(list_name, number)) WITHOUT ROWID;
CREATE TABLE list_answers (
  number INTEGER PRIMARY KEY, key TEXT NOT NULL, name TEXT NOT NULL, city TEXT NOT NULL, institution TEXT NOT NULL,
  listed_name TEXT NOT NULL, opinion TEXT NOT NULL, officer TEXT NOT NULL, at TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '',
  undone_at TEXT, undone_by TEXT NOT NULL DEFAULT '');
CREATE INDEX list_answers_key ON list_answers(key);
"""


@MIGRATIONS()
def m0020_lists(db: Database) -> None:
    """Versions of licence lists, their rows, officers' answers about names."""
    _run_script(db, _LISTS)


_HANDLING = """
CREATE TABLE looks (id INTEGER PRIMARY KEY, lead TEXT NOT NULL REFERENCES leads(number), at TEXT NOT NULL, state TEXT NOT NULL);
CREATE INDEX looks_lead ON looks(lead, at);
CREATE TABLE measures (
  id INTEGER PRIMARY KEY, lead TEXT NOT NULL REFERENCES leads(number), kind TEXT NOT NULL, at TEXT NOT NULL,
  receiver TEXT NOT NULL, document TEXT NOT NULL, state TEXT NOT NULL, due TEXT, done_at TEXT, text TEXT NOT NULL,
  officer TEXT NOT NULL, recorded_at TEXT NOT NULL);
CREATE INDEX measures_lead ON measures(lead, at);
CREATE TABLE list_changes (
  id INTEGER PRIMARY KEY, campaign TEXT NOT NULL, name TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL,
  at TEXT NOT NULL, reason TEXT NOT NULL, identifier TEXT NOT NULL, document TEXT NOT NULL, lead TEXT NOT NULL,
  officer TEXT NOT NULL, recorded_at TEXT NOT NULL);
CREATE TABLE manual_patrols (
  id INTEGER PRIMARY KEY, campaign TEXT NOT NULL, source TEXT NOT NULL, hours REAL NOT NULL, people INTEGER NOT NULL,
  at TEXT NOT NULL, officer TEXT NOT NULL, recorded_at TEXT NOT NULL);
CREATE TABLE case_choices (campaign TEXT NOT NULL, lead TEXT NOT NULL REFERENCES leads(number), PRIMARY KEY (campaign, lead));
CREATE TABLE report_snapshots (
  id INTEGER PRIMARY KEY, campaign TEXT NOT NULL, form TEXT NOT NULL, batch INTEGER NOT NULL, revision INTEGER NOT NULL,
  digest TEXT NOT NULL, previous TEXT NOT NULL, reason TEXT NOT NULL, officer TEXT NOT NULL, at TEXT NOT NULL,
  content TEXT NOT NULL, UNIQUE (campaign, form, batch, revision));
"""


@MIGRATIONS()
def m0040_handling(db: Database) -> None:
    """Later looks, measures, list changes, hours by hand, chosen cases, submitted forms."""
    _run_script(db, _HANDLING)


_CLOCK = """
CREATE TABLE occurrences (
  id INTEGER PRIMARY KEY, campaign TEXT NOT NULL, job TEXT NOT NULL, due_at TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'planned',
  reason TEXT NOT NULL DEFAULT '', started_at TEXT, ended_at TEXT, owner TEXT NOT NULL DEFAULT '',
  attempts INTEGER NOT NULL DEFAULT 0, UNIQUE (campaign, job, due_at));
CREATE INDEX occurrences_due ON occurrences(state, due_at);
CREATE TABLE paused_jobs (
  campaign TEXT NOT NULL, job TEXT NOT NULL, at TEXT NOT NULL, officer TEXT NOT NULL, PRIMARY KEY (campaign, job));
CREATE TABLE clock_events (id INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE notices (
  id INTEGER PRIMARY KEY, day TEXT NOT NULL, cause TEXT NOT NULL, text TEXT NOT NULL, at TEXT NOT NULL, sent_at TEXT,
  UNIQUE (day, cause));
"""


@MIGRATIONS()
def m0060_clock(db: Database) -> None:
    """Planned occurrences of jobs, pauses, what happened to the clock, notices (one a day and cause)."""
    _run_script(db, _CLOCK)


@MIGRATIONS()
def m0061_clock_telling(db: Database) -> None:
    """Campaigns that were closed, and which channel has taken which notice."""
    db.execute(
        "CREATE TABLE campaign_closures (campaign TEXT PRIMARY KEY, at TEXT NOT NULL, officer TEXT NOT NULL, note TEXT NOT NULL)"
    )
    db.execute(
        """CREATE TABLE notice_deliveries (notice INTEGER NOT NULL REFERENCES notices(id), channel TEXT NOT NULL,
           sent_at TEXT, tried_at TEXT NOT NULL, attempts INTEGER NOT NULL, error TEXT NOT NULL,
           PRIMARY KEY (notice, channel)) WITHOUT ROWID"""
    )


@MIGRATIONS()
def m0050_console(db: Database) -> None:
    """People, sessions, audit, the officers' desk with its triggers, the search index, what the console started."""
    for statement in CONSOLE:
        db.execute(statement)


@MIGRATIONS()
def m0051_leads_by_post(db: Database) -> None:
    """The search index asks of every post whether it is a lead."""
    db.execute("CREATE INDEX leads_post ON leads(post_key)")


@MIGRATIONS()
def m0052_leads_by_day(db: Database) -> None:
    """The first page counts leads by day without touching their rows."""
    db.execute("CREATE INDEX lead_desk_days ON lead_desk(campaign, found_day, grade, platform, region)")


@MIGRATIONS()
def m0053_counts(db: Database) -> None:
    """Leads by stage and by day, counted as they change."""
    for statement in COUNTS:
        db.execute(statement)


@MIGRATIONS()
def m0054_allowing(db: Database) -> None:
    """What officers decided that later screening should let pass: by whom, when, from which lead, and taken back."""
    for statement in ALLOWING:
        db.execute(statement)


@MIGRATIONS()
def m0062_accepted_normals(db: Database) -> None:
    """Runs that an officer declared to be a source's normal from then on: what was usual before counts no more."""
    db.execute(
        """CREATE TABLE accepted_normals (source TEXT NOT NULL, run TEXT NOT NULL REFERENCES runs(id), at TEXT NOT NULL,
           officer TEXT NOT NULL, reason TEXT NOT NULL, withdrawn_at TEXT, PRIMARY KEY (source, at)) WITHOUT ROWID"""
    )


@MIGRATIONS()
def m0055_pictures(db: Database) -> None:
    """A post's pictures are found among the visits by their address."""
    db.execute("CREATE INDEX visits_pictures ON visits(url) WHERE kind = 'image'")


@MIGRATIONS()
def m0063_look_evidence(db: Database) -> None:
    """What a later look found in words, and the number of the evidence sealed of it."""
    db.execute("ALTER TABLE looks ADD COLUMN note TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE looks ADD COLUMN evidence TEXT NOT NULL DEFAULT ''")


@MIGRATIONS()
def m0070_seen(db: Database) -> None:
    """What was seen before: validators and digests of pages, pages that did not change, posts that repeat a lead."""
    for statement in SEEN:
        db.execute(statement)
