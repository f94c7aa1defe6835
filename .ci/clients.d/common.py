import asyncio
import http.server
import sys
import threading
import time

name, base, token = sys.argv[1:4]
HOOK_SECRET, HOOK_TOKEN = 'hook-secret', 'hook-token'


class NotApplicable(Exception):
    """The reason why a client cannot do a thing at all. It is no failure."""


async def check(what, f):
    """Runs one check and prints its line. .ci/clients counts the lines."""
    try:
        await f()
        print(name, what, 'ok', flush=True)
    except NotApplicable as e:
        print(name, what, 'n/a', e, flush=True)
    except Exception as e:
        print(name, what, 'FAIL', f'{type(e).__name__}: {e}'.replace('\n', ' '), flush=True)


def want(ok, text):
    if not ok:
        raise AssertionError(text)


async def fails(awaitable):
    """What an awaitable raises. One that raises nothing fails the check."""
    try:
        await awaitable
    except Exception as e:
        return e
    raise AssertionError('no error')


class Hook:
    """A webhook. Each notification must show the credentials and the token of the configuration."""

    def __init__(self):
        hook = self
        self.bodies, self.wrong = [], False

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length'])).decode()
                if (self.headers['Authorization'] != 'Bearer ' + HOOK_SECRET
                        or self.headers['X-A2A-Notification-Token'] != HOOK_TOKEN):
                    hook.wrong = True
                hook.bodies.append(body)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f'http://localhost:{server.server_port}/hook'

    async def wait(self, *texts):
        """Waits for a notification that holds all of the texts."""
        limit = time.monotonic() + 10
        while time.monotonic() < limit:
            want(not self.wrong, 'a notification without the credentials or the token of the configuration')
            if any(all(t in body for t in texts) for body in self.bodies):
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f'no notification with {texts} within 10 s')
