# SPDX-License-Identifier: GPL-2.0-or-later
"""picture.py PAGE DIRECTORY: checks a report as a browser renders it.

Drives a headless chromium over a pair of pipes (DevTools, one JSON text per NUL), at the
widths of a phone, a tablet and a desktop, in light and dark, and on paper. Leaves the
pictures in DIRECTORY; prints each fault and exits 1. The caller bounds its waits.
"""
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zlib

LOOK = """(() => {
  const root = document.documentElement, wide = [], small = [];
  for (const e of document.querySelectorAll('body *')) {
    if (e.closest('.scroll table, .scroll pre, svg') || !e.getClientRects().length) continue;
    if (e.getBoundingClientRect().right > root.clientWidth + 1) wide.push(e.tagName + '.' + e.className);
  }
  for (const t of document.querySelectorAll('figure text')) {
    const size = t.getBoundingClientRect().height;
    if (t.textContent.trim() && size < 8) small.push(t.textContent + ' ' + size);
  }
  const cut = [...document.querySelectorAll('.scroll table:not(.matrix, .changes table)')].map(t => t.parentNode)
    .filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent.slice(0, 40));
  const box = e => e ? getComputedStyle(e) : {};
  const flat = [...document.querySelectorAll('figure svg')]
    .filter(s => s.getBoundingClientRect().height < 100 || !s.querySelector('path')).length;
  const codes = [...document.querySelectorAll('.plot [stroke^="rgb("]')]
    .filter(e => /^rgb\\(0, [012], \\d+\\)$/.test(getComputedStyle(e).stroke)).length;
  return JSON.stringify({
    scroll: root.scrollWidth, client: root.clientWidth, height: root.scrollHeight, wide, small, cut,
    figures: document.querySelectorAll('figure svg').length, flat, codes,
    page: box(document.body).backgroundColor, ink: box(document.body).color,
    sections: [...document.querySelectorAll('h2')].map(h => h.textContent)});
})()"""


class Browser:
    def __init__(self, profile):
        to_child, self.out = os.pipe()
        self.inp, from_child = os.pipe()

        def wire():
            # to 3 and 4 by way of descriptors that neither pipe has
            read, write = os.dup(to_child), os.dup(from_child)
            os.dup2(read, 3)
            os.dup2(write, 4)

        self.process = subprocess.Popen(
            [shutil.which("chromium"), "--headless", "--no-sandbox", "--disable-gpu",
             "--disable-background-networking", "--hide-scrollbars", "--remote-debugging-pipe",
             f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=wire, close_fds=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_child)
        os.close(from_child)
        self.number, self.buffer, self.requests, self.session = 0, b"", [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def message(self):
        while b"\0" not in self.buffer:
            part = os.read(self.inp, 1 << 20)
            if not part:
                sys.exit("chromium went away")
            self.buffer += part
        text, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(text)
        if message.get("method") == "Network.requestWillBeSent":
            self.requests.append(message["params"]["request"]["url"])
        return message

    def call(self, method, **params):
        self.number += 1
        request = {"id": self.number, "method": method, "params": params}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.out, json.dumps(request).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                if "error" in answer:
                    sys.exit(f"{method}: {answer['error']}")
                return answer["result"]

    def open(self, url):
        self.call("Page.enable")
        self.call("Network.enable")
        self.call("Page.navigate", url=url)
        while self.message().get("method") != "Page.loadEventFired":
            pass

    def close(self):
        self.session = None
        self.call("Browser.close")
        self.process.wait(timeout=30)


def colours(png):
    """A lower bound of the number of colours in the picture; a blank picture has few."""
    at, data = 8, b""
    while at < len(png):
        size = int.from_bytes(png[at:at + 4], "big")
        if png[at + 4:at + 8] == b"IDAT":
            data += png[at + 8:at + 8 + size]
        at += 12 + size
    raw = zlib.decompress(data)
    return len({raw[i:i + 3] for i in range(0, min(len(raw), 3000000), 3)})


def main(page, directory):
    faults = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(profile)
        browser.open("file://" + os.path.abspath(page))
        backgrounds = {}
        for width, scheme in ((360, "light"), (768, "light"), (1200, "light"), (1200, "dark")):
            browser.call("Emulation.setDeviceMetricsOverride", width=width, height=900,
                         deviceScaleFactor=1, mobile=False)
            browser.call("Emulation.setEmulatedMedia", features=[
                {"name": "prefers-color-scheme", "value": scheme}])
            seen = json.loads(browser.call("Runtime.evaluate", expression=LOOK,
                                           returnByValue=True)["result"]["value"])
            name = f"{width}-{scheme}"
            shot = base64.b64decode(browser.call(
                "Page.captureScreenshot", captureBeyondViewport=True,
                clip={"x": 0, "y": 0, "width": width, "height": min(seen["height"], 6000),
                      "scale": 1})["data"])
            with open(os.path.join(directory, name + ".png"), "wb") as out:
                out.write(shot)
            backgrounds[scheme] = seen["page"]
            if seen["scroll"] > seen["client"] or seen["wide"]:
                faults.append(f"{name}: wider than the screen: {seen['wide'][:5]}")
            if seen["cut"] and width >= 1200:
                faults.append(f"{name}: a table of claims or scores is cut off: {seen['cut'][:5]}")
            if seen["small"]:
                faults.append(f"{name}: too small to read: {seen['small'][:5]}")
            if seen["flat"] or not seen["figures"]:
                faults.append(f"{name}: {seen['flat']} of {seen['figures']} drawings are empty")
            if seen["codes"]:
                faults.append(f"{name}: {seen['codes']} strokes keep their colour code")
            if colours(shot) < 20:
                faults.append(f"{name}: the picture is blank")
        if backgrounds["light"] == backgrounds["dark"]:
            faults.append("the dark page is as light as the light one")
        print("sections:", ", ".join(seen["sections"]))
        pdf = base64.b64decode(browser.call("Page.printToPDF", printBackground=True)["data"])
        with open(os.path.join(directory, "page.pdf"), "wb") as out:
            out.write(pdf)
        pages = pdf.count(b"/Type /Page\n") or pdf.count(b"/Type /Page ")
        print("printed pages:", pages)
        if not 1 <= pages <= 16:
            faults.append(f"{pages} printed pages")
        outside = [url for url in browser.requests if not url.startswith("file://" + os.path.abspath(page))]
        if outside:
            faults.append(f"asked for {outside}")
        browser.close()
    print("\n".join(faults) or "looks right")
    return bool(faults)


sys.exit(main(*sys.argv[1:]))
