import { createServer } from 'node:http';
import { once } from 'node:events';

export const [, , name, base, token] = process.argv;
export const hookSecret = 'hook-secret', hookToken = 'hook-token';

// na is the reason why a client cannot do a thing at all. It is no failure.
class NotApplicable extends Error {}
export const na = (reason) => { throw new NotApplicable(reason); };

// check runs one check and prints its line. .ci/clients counts the lines.
export async function check(what, f) {
  try {
    await f();
    console.log(name, what, 'ok');
  } catch (e) {
    const text = `${e.name}: ${e.message}`.replaceAll('\n', ' ');
    console.log(name, what, e instanceof NotApplicable ? `n/a ${e.message}` : `FAIL ${text}`);
  }
}

export function want(ok, text) {
  if (!ok) throw new Error(text);
}

// fails is what a promise is rejected with. One that is fulfilled fails the check.
export const fails = (promise) => promise.then(() => { throw new Error('no error'); }, (e) => e);

// sending is fetch with an access token, or without one. It keeps the status of the last response, of which the SDKs do not tell.
export const sending = (tok) => async (url, o = {}) => {
  const headers = new Headers(o.headers);
  if (tok) headers.set('Authorization', `Bearer ${tok}`);
  const res = await fetch(url, { ...o, headers });
  lastStatus = res.status;
  return res;
};
export let lastStatus;

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// listen starts a webhook: await(texts) waits for a notification that holds all of the texts, and each must show the credentials and the token.
export async function listen() {
  const bodies = [];
  let wrong = false;
  const server = createServer(async (req, res) => {
    let body = '';
    for await (const chunk of req) body += chunk;
    if (req.headers.authorization !== `Bearer ${hookSecret}` || req.headers['x-a2a-notification-token'] !== hookToken) wrong = true;
    bodies.push(body);
    res.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  return {
    url: `http://localhost:${server.address().port}/hook`,
    async await(...texts) {
      for (let i = 0; i < 100; i++) {
        want(!wrong, 'a notification without the credentials or the token of the configuration');
        if (bodies.some((b) => texts.every((t) => b.includes(t)))) return;
        await sleep(100);
      }
      throw new Error(`no notification with ${texts} within 10 s`);
    },
  };
}
