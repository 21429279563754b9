"""Fold what a page's own JSON answers said into what the page shows: one page, one post."""

from collections.abc import Sequence
from dataclasses import replace

from patrol.model import Post, Reading, State


def fold_answers(reading: Reading, answers: Sequence[Reading]) -> Reading:
    """Return the reading of a page with its answers' posts and links.

    On a detail page everything the answers say belongs to its one post: an entry of a catalogue is a line of it, a missing
    author or time is filled in. On a list the answers' entries stand beside the page's own. The page is read when one answer was.
    """
    for answered in answers:
        read = answered.state is State.OK
        reading = replace(
            reading,
            state=State.OK if read else reading.state,
            missing=() if read else reading.missing,
            reason="" if read else reading.reason,
            posts=_joined(reading, answered.posts),
            links=(*reading.links, *answered.links),
            next_page=reading.next_page or answered.next_page,
        )
    return reading


def _joined(reading: Reading, more: Sequence[Post]) -> tuple[Post, ...]:
    if reading.kind != "detail":
        return (*reading.posts, *more)
    posts = list(reading.posts)
    for post in more:
        if posts and posts[0].kind == "detail":
            posts[0] = _filled(posts[0], post)
        elif post.kind == "detail":
            posts.insert(0, replace(post, key=reading.url or post.key, url=reading.url or post.url))
        else:
            posts.append(post)
    return tuple(posts)


def _filled(main: Post, post: Post) -> Post:
    """Return the page's post with an answer's words and, where they are missing, its facts."""
    said = [part for part in (post.title, post.text) if part and part not in main.text and part != main.title]
    own = post.kind == "detail"
    return replace(
        main,
        title=main.title or (post.title if own else ""),
        text="\n".join([main.text, *said]) if main.text else "\n".join(said),
        author=main.author or (post.author if own else ""),
        author_id=main.author_id or (post.author_id if own else ""),
        published_at=main.published_at or (post.published_at if own else None),
        published_shown=main.published_shown or (post.published_shown if own else ""),
        images=tuple(dict.fromkeys((*main.images, *post.images))),
        contacts=tuple(dict.fromkeys((*main.contacts, *post.contacts))),
        mini_programs=tuple(dict.fromkeys((*main.mini_programs, *post.mini_programs))),
    )
