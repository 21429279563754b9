"""Scrapy settings of every spider: identity, manners, limits. Made from the knobs of `patrol.settings` for one job."""

from patrol.browsers import find_browser, launch_arguments
from patrol.identity import PRODUCT, user_agent
from patrol.spider_job import SpiderJob

__all__ = ["BROWSER_SHARE", "MAX_REDIRECTS", "PRODUCT", "scrapy_settings", "user_agent"]

BROWSER_SHARE = 3
MAX_REDIRECTS = 10


def scrapy_settings(job: SpiderJob) -> dict[str, object]:
    """Return the settings of one spider process."""
    knobs = job.settings
    shared: dict[str, object] = {
        "PATROL_JOB": job.dump(),
        "BOT_NAME": "patrol",
        "SPIDER_MODULES": ["spiders.generic"],
        "SCHEDULER": "patrol.frontier.scheduler.LeaseScheduler",
        "ITEM_PIPELINES": {"patrol.pipeline.KeepPages": 100},
        "USER_AGENT": user_agent(knobs),
        "DEFAULT_REQUEST_HEADERS": {
            "Accept": "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8",
            "Accept-Language": "zh-CN,zh;q=0.9",
        },
        "DOWNLOADER_MIDDLEWARES": _MIDDLEWARES,
        "SPIDER_MIDDLEWARES": _SPIDER_MIDDLEWARES,
        "EXTENSIONS": _EXTENSIONS,
        # Scrapy starts this many tasks for each response; we yield one item a page
        "CONCURRENT_ITEMS": 4,
        "CONCURRENT_REQUESTS": 32,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
        "DOWNLOAD_TIMEOUT": knobs.number("page_seconds"),
        "DOWNLOAD_MAXSIZE": int(knobs.number("max_page_bytes")),
        "DOWNLOAD_WARNSIZE": 0,
        # a page cut short is kept as far as it came, and counted as a gap by the spider
        "DOWNLOAD_FAIL_ON_DATALOSS": False,
        "REDIRECT_MAX_TIMES": MAX_REDIRECTS,
        "ROBOTSTXT_OBEY": knobs.flag("obey_robots"),
        "HTTPERROR_ALLOW_ALL": True,
        "RETRY_ENABLED": False,
        "METAREFRESH_ENABLED": False,
        "COOKIES_ENABLED": False,
        "REFERER_ENABLED": False,
        "ROBOTSTXT_USER_AGENT": PRODUCT.partition("/")[0],
        # the first executes Python for whoever reads a token file, the second is a console: neither has a place here
        "REMOTE_CONTROL_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "DNS_TIMEOUT": 10,
        "DNSCACHE_ENABLED": True,
        "LOG_LEVEL": knobs.text("log_level"),
        "LOGSTATS_INTERVAL": 0,
        "MEMUSAGE_ENABLED": False,
    }
    return shared | _browser_settings(job) if job.mode == "browser" else shared


def _browser_settings(job: SpiderJob) -> dict[str, object]:
    handler = "spiders.browsing.GuardedBrowserHandler"
    return {
        "DOWNLOAD_HANDLERS": {"http": handler, "https": handler},
        "CONCURRENT_REQUESTS": 3,
        "PLAYWRIGHT_BROWSER_TYPE": "chromium",
        "PLAYWRIGHT_BROWSER_PROVIDER": "spiders.browsing.GuardedProvider",
        "PLAYWRIGHT_ABORT_REQUEST": "spiders.browsing.not_needed",
        "PLAYWRIGHT_DOWNLOAD_TIMEOUT": 5_000,
        "PLAYWRIGHT_LAUNCH_OPTIONS": {
            "executable_path": str(find_browser(job.settings)),
            "args": list(launch_arguments()),
            "handle_sigint": False,
            "handle_sigterm": False,
        },
    }


_MIDDLEWARES: dict[str, int | None] = {
    "spiders.guard.GuardMiddleware": 50,
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "spiders.pacing.RobotsMiddleware": 100,
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
    "spiders.pacing.PatienceMiddleware": 550,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "spiders.capturing.CaptureMiddleware": 590,
    "patrol.seen_pages.SeenMiddleware": 595,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "spiders.pacing.RedirectMiddleware": 600,
    "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": None,
    "scrapy.downloadermiddlewares.stats.DownloaderStats": None,
    "spiders.pacing.PaceMiddleware": 900,
}
_SPIDER_MIDDLEWARES: dict[str, int | None] = {
    "scrapy.spidermiddlewares.start.StartSpiderMiddleware": None,
    "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,
    "scrapy.spidermiddlewares.referer.RefererMiddleware": None,
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
}
_EXTENSIONS: dict[str, int | None] = {
    "scrapy.extensions.corestats.CoreStats": None,
    "scrapy.extensions.memusage.MemoryUsage": None,
    "scrapy.extensions.logstats.LogStats": None,
    "scrapy.extensions.throttle.AutoThrottle": None,
    "scrapy.extensions.feedexport.FeedExporter": None,
    "scrapy.extensions.spiderstate.SpiderState": None,
    "scrapy.extensions.closespider.CloseSpider": None,
    "spiders.guard.ConnectGuard": 1,
}
