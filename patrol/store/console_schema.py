"""The console's tables as SQL statements, one a string: people, sessions, audit, the officers' desk, search, child processes.

`lead_desk` is one narrow row a lead for the queue, kept in step by triggers whoever writes; `search_pending` names the posts
whose words are not in the search index yet (character pairs cannot be made in SQL).
"""

# ruff: noqa: S608  statements are put together from constants of this file alone

_PROVIDER_KINDS = "'uscc', 'phone', 'wechat', 'qq', 'account', 'group', 'icp'"
_CONTACT_KEY = f"""(SELECT c.value ->> '$.kind' || ':' || (c.value ->> '$.value') FROM json_each(s.detection, '$.contacts') c
    WHERE c.value ->> '$.kind' IN ({_PROVIDER_KINDS})
    ORDER BY instr('uscc phone wechat qq account group icp', c.value ->> '$.kind') LIMIT 1)"""
_ACCOUNT_KEY = """(CASE WHEN p.author_id <> '' THEN 'author:' || p.platform || ':' || p.author_id END)"""

_CARD = f"""SELECT l.number, l.campaign, p.platform, l.source, l.grade, l.score, l.found_at, date(l.found_at, '+8 hours'),
    coalesce(s.match ->> '$.verdict', ''), l.categories, p.title, p.author, p.region, substr(p.text, 1, 140), p.url,
    coalesce({_CONTACT_KEY}, {_ACCOUNT_KEY}, 'lead:' || l.number), l.evidence
  FROM leads l JOIN posts p ON p.key = l.post_key JOIN screenings s ON s.id = l.screening"""
_CARD_COLUMNS = """number, campaign, platform, source, grade, score, found_at, found_day, verdict, categories, title, author,
    region, excerpt, url, provider, evidence"""
_KEYS = f"""SELECT DISTINCT c.value ->> '$.kind' || ':' || (c.value ->> '$.value'), l.number
  FROM leads l JOIN screenings s ON s.id = l.screening, json_each(s.detection, '$.contacts') c
  WHERE c.value ->> '$.kind' IN ({_PROVIDER_KINDS})"""
_ACCOUNTS = """SELECT 'author:' || p.platform || ':' || p.author_id, l.number
  FROM leads l JOIN posts p ON p.key = l.post_key WHERE p.author_id <> ''"""
_COVERED = "grade, platform, verdict, categories, region, found_day"
_STAGE_OF = """CASE {row}judgement WHEN 'confirmed' THEN 'confirmed' WHEN 'dismissed' THEN 'dismissed' WHEN 'unsure' THEN 'parked'
    WHEN 'handed_over' THEN 'parked' ELSE 'new' END"""
_REFRESHED = ("grade", "score", "verdict", "categories", "title", "author", "region", "excerpt", "url", "provider")

PEOPLE = (
    """CREATE TABLE users (
      id INTEGER PRIMARY KEY, login TEXT NOT NULL UNIQUE COLLATE NOCASE, name TEXT NOT NULL, role TEXT NOT NULL,
      district TEXT NOT NULL DEFAULT '', password TEXT NOT NULL, totp TEXT NOT NULL DEFAULT '',
      active INTEGER NOT NULL DEFAULT 1, must_change INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0,
      locked_until TEXT, created_at TEXT NOT NULL, last_login TEXT)""",
    """CREATE TABLE console_sessions (
      token TEXT PRIMARY KEY, user INTEGER NOT NULL REFERENCES users(id), csrf TEXT NOT NULL, created_at TEXT NOT NULL,
      seen_at TEXT NOT NULL, address TEXT NOT NULL, agent TEXT NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX console_sessions_user ON console_sessions(user)",
    """CREATE TABLE api_tokens (
      id INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE, user INTEGER NOT NULL REFERENCES users(id), name TEXT NOT NULL,
      role TEXT NOT NULL, created_at TEXT NOT NULL, used_at TEXT, revoked_at TEXT)""",
    """CREATE TABLE audit_log (
      id INTEGER PRIMARY KEY, at TEXT NOT NULL, login TEXT NOT NULL, name TEXT NOT NULL, action TEXT NOT NULL,
      object TEXT NOT NULL, detail TEXT NOT NULL, address TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL)""",
    "CREATE INDEX audit_log_object ON audit_log(object, id)",
    "CREATE INDEX audit_log_login ON audit_log(login, id)",
    "CREATE INDEX audit_log_action ON audit_log(action, id)",
    """CREATE TRIGGER audit_log_kept BEFORE UPDATE ON audit_log
      BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END""",
    """CREATE TRIGGER audit_log_whole BEFORE DELETE ON audit_log
      BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END""",
)

DESK = (
    """CREATE TABLE lead_desk (
      number TEXT PRIMARY KEY REFERENCES leads(number), campaign TEXT NOT NULL, platform TEXT NOT NULL, source TEXT NOT NULL,
      grade TEXT NOT NULL, score REAL NOT NULL, found_at TEXT NOT NULL, found_day TEXT NOT NULL, verdict TEXT NOT NULL,
      categories TEXT NOT NULL, title TEXT NOT NULL, author TEXT NOT NULL, region TEXT NOT NULL, excerpt TEXT NOT NULL,
      url TEXT NOT NULL, provider TEXT NOT NULL, evidence TEXT NOT NULL, stage TEXT NOT NULL DEFAULT 'new',
      first_officer TEXT NOT NULL DEFAULT '', second_officer TEXT NOT NULL DEFAULT '', decided_at TEXT,
      version INTEGER NOT NULL DEFAULT 0)""",
    f"CREATE INDEX lead_desk_weight ON lead_desk(campaign, stage, score DESC, number DESC, {_COVERED})",
    f"CREATE INDEX lead_desk_day ON lead_desk(campaign, stage, found_at, number, {_COVERED})",
    f"CREATE INDEX lead_desk_all ON lead_desk(campaign, score DESC, number DESC, {_COVERED})",
    f"CREATE INDEX lead_desk_all_day ON lead_desk(campaign, found_at, number, {_COVERED})",
    "CREATE INDEX lead_desk_found ON lead_desk(campaign, found_day, platform, stage)",
    "CREATE INDEX lead_desk_provider ON lead_desk(campaign, provider)",
    "CREATE TABLE lead_keys (key TEXT NOT NULL, number TEXT NOT NULL, PRIMARY KEY (key, number)) WITHOUT ROWID",
    "CREATE INDEX lead_keys_number ON lead_keys(number)",
    f"""CREATE TRIGGER lead_desk_new AFTER INSERT ON leads BEGIN
      INSERT INTO lead_desk ({_CARD_COLUMNS}) {_CARD} WHERE l.number = NEW.number;
      INSERT OR IGNORE INTO lead_keys {_KEYS} AND l.number = NEW.number;
      INSERT OR IGNORE INTO lead_keys {_ACCOUNTS} AND l.number = NEW.number;
      INSERT OR IGNORE INTO search_pending VALUES (NEW.post_key); END""",
    f"""CREATE TRIGGER lead_desk_again AFTER UPDATE OF screening ON leads BEGIN
      UPDATE lead_desk SET ({", ".join(_REFRESHED)}) = (SELECT l.grade, l.score, coalesce(s.match ->> '$.verdict', ''),
        l.categories, p.title, p.author, p.region, substr(p.text, 1, 140), p.url,
        coalesce({_CONTACT_KEY}, {_ACCOUNT_KEY}, 'lead:' || l.number)
        FROM leads l JOIN posts p ON p.key = l.post_key JOIN screenings s ON s.id = l.screening WHERE l.number = NEW.number)
      WHERE number = NEW.number;
      INSERT OR IGNORE INTO lead_keys {_KEYS} AND l.number = NEW.number; END""",
    """CREATE TRIGGER lead_desk_gone AFTER DELETE ON leads BEGIN
      DELETE FROM lead_keys WHERE number = OLD.number;
      DELETE FROM lead_desk WHERE number = OLD.number; END""",
    f"""CREATE TRIGGER lead_desk_judged AFTER UPDATE OF judgement ON leads WHEN NEW.judgement <> 'unreviewed' BEGIN
      UPDATE lead_desk SET stage = {_STAGE_OF.format(row="NEW.")} WHERE number = NEW.number; END""",
    f"INSERT INTO lead_desk ({_CARD_COLUMNS}) {_CARD}",
    f"UPDATE lead_desk SET stage = (SELECT {_STAGE_OF.format(row='l.')} FROM leads l WHERE l.number = lead_desk.number)",
    f"INSERT OR IGNORE INTO lead_keys {_KEYS}",
    f"INSERT OR IGNORE INTO lead_keys {_ACCOUNTS}",
    "CREATE INDEX judgements_lead ON judgements(lead, id)",
    "CREATE INDEX runs_started ON runs(started_at)",
    "CREATE INDEX screenings_run ON screenings(run)",
    """CREATE TABLE lead_notes (
      id INTEGER PRIMARY KEY, lead TEXT NOT NULL REFERENCES leads(number), name TEXT NOT NULL, at TEXT NOT NULL,
      text TEXT NOT NULL)""",
    "CREATE INDEX lead_notes_lead ON lead_notes(lead)",
    """CREATE TABLE allow_entries (
      id INTEGER PRIMARY KEY, key TEXT NOT NULL, reason TEXT NOT NULL, lead TEXT NOT NULL, name TEXT NOT NULL,
      at TEXT NOT NULL)""",
    "CREATE INDEX allow_entries_key ON allow_entries(key)",
    """CREATE TABLE saved_filters (
      id INTEGER PRIMARY KEY, user INTEGER NOT NULL REFERENCES users(id), name TEXT NOT NULL, query TEXT NOT NULL,
      UNIQUE (user, name))""",
)

# posts are written with an upsert, whose conflict policy overrides OR IGNORE inside these triggers: hence NOT EXISTS
SEARCH = (
    "CREATE TABLE search_pending (post TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE search_docs (doc INTEGER PRIMARY KEY, post TEXT NOT NULL UNIQUE)",
    """CREATE VIRTUAL TABLE post_words USING fts5(words, content='', columnsize=0, detail=none,
      tokenize='unicode61 remove_diacritics 0')""",
    """CREATE TRIGGER search_new AFTER INSERT ON posts BEGIN
      INSERT INTO search_pending SELECT NEW.key WHERE NOT EXISTS (SELECT 1 FROM search_pending WHERE post = NEW.key); END""",
    """CREATE TRIGGER search_again AFTER UPDATE OF content_digest ON posts WHEN NEW.content_digest <> OLD.content_digest BEGIN
      INSERT INTO search_pending SELECT NEW.key WHERE NOT EXISTS (SELECT 1 FROM search_pending WHERE post = NEW.key); END""",
    "INSERT OR IGNORE INTO search_pending SELECT key FROM posts",
)

WORK = (
    """CREATE TABLE console_tasks (
      id INTEGER PRIMARY KEY, kind TEXT NOT NULL, title TEXT NOT NULL, command TEXT NOT NULL, name TEXT NOT NULL,
      started_at TEXT NOT NULL, pid INTEGER, log TEXT NOT NULL DEFAULT '', ended_at TEXT, code INTEGER,
      result TEXT NOT NULL DEFAULT '')""",
    """CREATE TABLE console_campaigns (
      id TEXT PRIMARY KEY, path TEXT NOT NULL, title TEXT NOT NULL, used_at TEXT NOT NULL)""",
    "CREATE TABLE console_facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
)

STATEMENTS = (*PEOPLE, *SEARCH, *DESK, *WORK)

_BY_STAGE, _BY_DAY = "campaign, stage, region", "campaign, found_day, platform, grade, region"


def _counted(table: str, columns: str) -> tuple[str, ...]:
    """Return the statements of a table of counts that triggers keep in step with the desk: no page counts rows itself."""
    names = columns.split(", ")
    old = " AND ".join(f"{name} = OLD.{name}" for name in names)
    less = f"UPDATE {table} SET n = n - 1 WHERE {old};"
    more = f"""INSERT INTO {table} ({columns}, n) VALUES ({", ".join(f"NEW.{name}" for name in names)}, 1)
      ON CONFLICT ({columns}) DO UPDATE SET n = n + 1;"""
    typed = ", ".join(f"{name} TEXT NOT NULL" for name in names)
    changed = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in names)
    return (
        f"CREATE TABLE {table} ({typed}, n INTEGER NOT NULL, PRIMARY KEY ({columns})) WITHOUT ROWID",
        f"INSERT INTO {table} SELECT {columns}, count(*) FROM lead_desk GROUP BY {columns}",
        f"CREATE TRIGGER {table}_new AFTER INSERT ON lead_desk BEGIN {more} END",
        f"CREATE TRIGGER {table}_gone AFTER DELETE ON lead_desk BEGIN {less} END",
        f"CREATE TRIGGER {table}_moved AFTER UPDATE OF {columns} ON lead_desk WHEN {changed} BEGIN {less} {more} END",
    )


COUNTS = (
    *_counted("lead_stage_counts", _BY_STAGE),
    *_counted("lead_day_counts", _BY_DAY),
    "CREATE INDEX capture_orders_state ON capture_orders(campaign, state)",
    "CREATE INDEX judgements_officer ON judgements(officer, at)",
    "CREATE INDEX leads_judged ON leads(campaign, judgement) WHERE judgement IN ('confirmed', 'handed_over')",
    "CREATE INDEX measures_due ON measures(due) WHERE due IS NOT NULL",
)

ALLOWING = (
    """CREATE TABLE allow_rules (
      id INTEGER PRIMARY KEY, kind TEXT NOT NULL, value TEXT NOT NULL, reason TEXT NOT NULL, lead TEXT NOT NULL DEFAULT '',
      officer TEXT NOT NULL, at TEXT NOT NULL, undone_at TEXT, undone_by TEXT NOT NULL DEFAULT '')""",
    "CREATE INDEX allow_rules_lead ON allow_rules(lead)",
    "CREATE INDEX screenings_held ON screenings(rules_version, post_key) WHERE instr(rules_version, '+') > 0",
)
