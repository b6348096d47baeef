"""A real browser, driven over its DevTools protocol: keys as a keyboard sends them, pictures as a person sees them."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

from websockets.sync.client import connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
KEYS = {
    "Enter": (13, "\r"), "Tab": (9, ""), "Backspace": (8, ""), "Escape": (27, ""),
    "F2": (113, ""), "F3": (114, ""), "F4": (115, ""), "F6": (117, ""), "F8": (119, ""),
}  # fmt: skip
SHIFT = 8


class Page:
    """One tab."""

    def __init__(self, socket_url: str) -> None:
        self._socket = connect(socket_url, max_size=None, open_timeout=60, ping_interval=None)
        self._numbers = itertools.count(1)
        self.requests: list[str] = []
        self.said: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: object) -> dict:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=60))
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message["result"]
            self._note(message)

    def _note(self, message: dict) -> None:
        told = message.get("params", {})
        if message["method"] == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif message["method"] == "Log.entryAdded" and told["entry"]["source"] != "network":
            self.said.append(told["entry"]["text"])
        elif message["method"] == "Runtime.exceptionThrown":
            self.said.append(json.dumps(told["exceptionDetails"].get("exception", {}).get("description")))

    def open(self, url: str) -> None:
        self.send("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def run(self, script: str) -> object:
        """Value of an expression; a promise is waited for."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"].get("description"))
        return answer["result"].get("value")

    def wait(self, condition: str, timeout_s: float = 60.0) -> None:
        """Wait until an expression is true."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                if self.run(f"Boolean({condition})"):
                    return
            except RuntimeError:
                pass  # the page is changing under our feet
            if time.monotonic() > deadline:
                raise TimeoutError(f"{condition}; the page: {self.run('document.body.innerText')}")
            time.sleep(0.02)

    def press(self, key: str, shift: bool = False) -> None:
        """One key, down and up."""
        code, text = KEYS[key] if key in KEYS else (ord(key.upper()), key)
        facts = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": SHIFT if shift else 0}
        self.send("Input.dispatchKeyEvent", type="keyDown", **facts, **({"text": text} if text else {}))
        self.send("Input.dispatchKeyEvent", type="keyUp", **facts)

    def type(self, text: str) -> None:
        for char in text:
            self.press(char)

    def look(self, width: int, height: int, dark: bool = False, scale: float = 1.0, mobile: bool = False) -> None:
        """Size of the screen, and its colours."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=mobile
        )
        scheme = "dark" if dark else "light"
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))

    def close(self) -> None:
        self._socket.close()


class Browser:
    """Chromium without a window."""

    def __init__(self, profile: Path) -> None:
        self._process = subprocess.Popen(
            [
                CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--no-first-run", "--disable-background-networking", "--disable-component-update",
                "--hide-scrollbars", "--remote-debugging-port=0", "--remote-allow-origins=*",
                f"--user-data-dir={profile}", "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        port_file = profile / "DevToolsActivePort"
        deadline = time.monotonic() + 90
        while not (port_file.exists() and port_file.read_text().strip()):
            if time.monotonic() > deadline:
                raise TimeoutError("the browser did not start")
            time.sleep(0.1)
        self._base = f"http://127.0.0.1:{port_file.read_text().splitlines()[0]}"

    def new_page(self) -> Page:
        request = urllib.request.Request(f"{self._base}/json/new?about:blank", method="PUT")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return Page(json.load(answer)["webSocketDebuggerUrl"])

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)
