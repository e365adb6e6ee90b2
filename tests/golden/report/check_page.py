# SPDX-License-Identifier: GPL-2.0-or-later
"""check_page.py PAGE: the page is well formed and self-contained, without foreign markup."""
import re
import sys
from html.parser import HTMLParser

VOID = {"meta", "br", "wbr", "rect", "path", "circle", "use", "polygon"}
TAGS = VOID | set(
    "html head title style body main header nav h1 h2 h3 p a div span dl dt dd strong b i em small"
    " code pre table thead tbody tr th td figure figcaption svg g text tspan defs".split())
TEXT = []


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links = [], [], []
        self.figures = self.cells = 0

    def handle_starttag(self, tag, attrs):
        assert tag in TAGS, f"<{tag}> does not belong here"
        if tag not in VOID:
            self.open.append(tag)
        self.figures += tag == "figure"
        for name, value in attrs:
            assert not name.startswith("on"), f"{name} on <{tag}>"
            if name == "id":
                self.ids.append(value)
            if name in ("href", "xlink:href", "src"):
                assert value.startswith("#"), f"{name}={value} leaves the page"
                self.links.append(value[1:])
            assert "url(" not in (value or ""), f"{name}={value}"

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            TEXT.append(data)


source = open(sys.argv[1], encoding="utf-8").read()
page = Page()
page.feed(source)
page.close()
assert not page.open, f"never closed: {page.open}"
assert len(page.ids) == len(set(page.ids)), "an id occurs twice"
missing = set(page.links) - set(page.ids)
assert not missing, f"links to nowhere: {missing}"
style = re.search(r"<style>(.*?)</style>", source, re.S).group(1)
assert "url(" not in style and "@import" not in style
assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", source), "control characters"
print(f"figures {page.figures}")
print(" ".join(" ".join(TEXT).split()))
