"""The spider for pages that only a browser can read: mini-program shells, script-rendered shops, live rooms."""

from functools import partial

from scrapy import Request

from patrol.browser_profiles import folder_of
from patrol.model import Lease
from patrol.platforms import Platform
from spiders.actions import page_methods, prepare
from spiders.browsing import context_options
from spiders.frontier import holder_of
from spiders.settings import user_agent
from spiders.walking import Walker


class Browse(Walker):
    """Walk a source in a browser, on the platform's device."""

    name = "browse"
    mode = "browser"

    def request_for(self, lease: Lease) -> Request:
        """Return the request that opens a leased page in a context of its own."""
        request = super().request_for(lease)
        if lease.mode != "browser":
            return request
        request.meta["playwright_page_methods"] = page_methods(request)
        return request

    def extra_meta(self, lease: Lease, platform: Platform) -> dict[str, object]:
        """Return the browser's part of a request."""
        job = holder_of(self.crawler).job
        context = context_options(platform.device, user_agent(job.settings, platform.device))
        if platform.profile:
            context["user_data_dir"] = str(folder_of(job.workspace, platform.profile))
        return {
            "playwright": True,
            "playwright_context": f"profile-{platform.profile}" if platform.profile else f"lease-{lease.key}",
            "playwright_context_kwargs": context,
            "playwright_page_goto_kwargs": {"wait_until": "domcontentloaded", "timeout": platform.browser.timeout * 1000},
            "playwright_page_init_callback": partial(prepare, folder=job.workspace / "spool"),
            "actions": platform.browser,
            "popups": [],
        }
