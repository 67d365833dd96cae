#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""page.py PAGE FUNCTION...: the page is well-formed HTML of the tags that it is made of, names
these functions, and refers to nothing outside of itself."""
import html.parser
import sys

TAGS = set("html head meta title style body h1 h2 h3 p div span section header table tr th td a "
           "code details summary pre br".split())
ATTRIBUTES = set("lang charset http-equiv content name class id href colspan".split())


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.text = [], set(), set(), ""

    def handle_starttag(self, tag, attributes):
        assert tag in TAGS, tag
        for name, value in attributes:
            assert name in ATTRIBUTES, name
            if name == "id":
                self.ids.add(value)
            if name == "href":
                assert value.startswith("#"), value
                self.links.add(value[1:])
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open, self.getpos())
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            assert "url(" not in data and "@import" not in data
        else:
            self.text += data


page = Page()
page.feed(open(sys.argv[1], encoding="utf-8").read())
page.close()
assert not page.open, page.open
assert page.links and page.links <= page.ids
for name in sys.argv[2:]:
    assert name in page.text, name
