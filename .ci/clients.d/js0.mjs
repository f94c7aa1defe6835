// The client of the official JS SDK for A2A 0.3, as it comes. Arguments: the name to print, the agent's URL, an access token.
import { ClientFactory, ClientFactoryOptions, JsonRpcTransportFactory, DefaultAgentCardResolver } from '@a2a-js/sdk/client';
import { base, check, fails, hookSecret, hookToken, lastStatus, listen, na, sending, sleep, token, want } from './common.mjs';

const connect = (tok) => {
  const fetchImpl = sending(tok);
  return new ClientFactory(ClientFactoryOptions.createFrom(ClientFactoryOptions.default, {
    transports: [new JsonRpcTransportFactory({ fetchImpl })], cardResolver: new DefaultAgentCardResolver({ fetchImpl }),
  }));
};
const text = (text) => ({ kind: 'text', text });
const question = (parts, taskId) => ({ message: { kind: 'message', messageId: crypto.randomUUID(), role: 'user', parts, ...(taskId && { taskId }) } });
const id = (id) => ({ id });
const code = async (promise, wanted) => {
  const e = await fails(promise);
  const got = e.errorResponse?.error?.code;
  want(got === wanted || (got === undefined && e.message.includes(wanted)), `want ${wanted}, got ${got} ${e.name}: ${e.message}`);
};
// follow adds what a stream tells to seen.
const follow = async (stream, seen, once = false) => {
  for await (const e of stream) {
    if (e.kind === 'task') Object.assign(seen, { task: e.id, state: e.status.state, answer: e.artifacts?.length > 0 });
    if (e.kind === 'status-update') seen.state = e.status.state;
    if (e.kind === 'artifact-update') seen.answer = true;
    if (once) break;
  }
  return seen;
};
// begin asks and leaves when the task is known, while the person is still being asked.
const begin = async (value) => {
  const cut = new AbortController();
  const { task } = await follow(c.sendMessageStream(question([text(value)]), { signal: cut.signal }), {}, true);
  cut.abort();
  return task;
};
const complete = (seen) => want(seen.state === 'completed' && seen.answer, `the stream ended with ${JSON.stringify(seen)}`);

let c, done;
await check('card', async () => { c = await connect(token).createFromUrl(base); });
await check('extended-card', async () => want((await c.getAgentCard()).skills.length > 0, 'a card without skills'));
await check('ask', async () => {
  done = await c.sendMessage(question([text('Does jdoe@staff0.com work here?')]));
  want(done.id && done.status, 'no task');
});
await check('get', async () => {
  for (let i = 0; i < 50 && done.status.state !== 'completed'; i++) {
    await sleep(100);
    done = await c.getTask(id(done.id));
  }
  want(done.status.state === 'completed' && done.artifacts.length > 0, `the task is ${done.status.state}`);
});
await check('stream', async () => complete(await follow(c.sendMessageStream(question([text('Is bwong@staff0.com an employee?')])), {})));
await check('subscribe', async () => {
  const cut = new AbortController();
  const seen = await follow(c.sendMessageStream(question([text('Is asmith@staff0.com an employee?')]), { signal: cut.signal }), {}, true);
  cut.abort();
  want(seen.state !== 'completed', 'the first event of a stream is the last');
  complete(await follow(c.resubscribeTask(id(seen.task)), seen));
});
await check('list', () => na('0.3 has no list over JSON-RPC'));
await check('follow-up', async () => {
  const t = await c.sendMessage(question([text('Does John Doe work here?')]));
  want(t.status.state === 'input-required', `a question without an address is ${t.status.state}`);
  await c.sendMessage(question([text('jdoe@staff0.com')], t.id));
});
await check('cancel', async () => {
  const { status: { state } } = await c.cancelTask(id(await begin('Does asmith@staff0.com work here?')));
  want(state === 'canceled', `the task is ${state}`);
});
const config = (taskId, url) => ({
  taskId, pushNotificationConfig: { id: 'hook', url, token: hookToken, authentication: { schemes: ['Bearer'], credentials: hookSecret } },
});
await check('push', async () => {
  const h = await listen();
  const task = await begin('Does bwong@staff0.com work here?');
  await c.setTaskPushNotificationConfig(config(task, h.url));
  await c.getTaskPushNotificationConfig({ id: task, pushNotificationConfigId: 'hook' });
  const configs = await c.listTaskPushNotificationConfig({ id: task });
  want(configs.length === 1, `${configs.length} configurations`);
  await h.await(task, '"completed"');
  await c.deleteTaskPushNotificationConfig({ id: task, pushNotificationConfigId: 'hook' });
});

await check('error-not-found', () => code(c.getTask(id('nope')), -32001));
await check('error-not-cancelable', () => code(c.cancelTask(id(done.id)), -32002));
await check('error-content-type', () => code(
  c.sendMessage(question([{ kind: 'file', file: { bytes: 'eA==', mimeType: 'image/png' } }])), -32005));
await check('error-invalid-params', () => code(c.sendMessage(question([])), -32602));
await check('error-unsupported', () => code(c.sendMessage(question([text('And now?')], done.id)), -32004));
await check('error-webhook', () => code(c.setTaskPushNotificationConfig(config(done.id, 'https://10.0.0.1/hook')), -32602));
await check('error-401', async () => {
  const e = await fails((await connect('').createFromUrl(base)).getTask(id(done.id)));
  want(lastStatus === 401 && e.message.includes('Unauthorized'), `want a 401, got ${lastStatus} ${e.name}: ${e.message}`);
});
await check('auth-interceptor', async () => na('the SDK has none that goes by the card'));
