// The client of the official JS SDK for A2A 1.0, as it comes. Arguments: the name to print, the agent's URL, an access token.
import { Role, TaskState } from '@a2a-js/sdk';
import { ClientFactory, ClientFactoryOptions, JsonRpcTransportFactory, DefaultAgentCardResolver } from '@a2a-js/sdk/client';
import { base, check, fails, hookSecret, hookToken, lastStatus, listen, sending, sleep, token, want, na } from './common.mjs';

const connect = (tok) => {
  const fetchImpl = sending(tok);
  return new ClientFactory(ClientFactoryOptions.createFrom(ClientFactoryOptions.default, {
    transports: [new JsonRpcTransportFactory({ fetchImpl })], cardResolver: new DefaultAgentCardResolver({ fetchImpl }),
  }));
};
const part = (content, mediaType = '') => ({ content, metadata: undefined, filename: '', mediaType });
const text = (value) => part({ $case: 'text', value });
const question = (parts, taskId = '') => ({
  tenant: '', metadata: undefined, configuration: undefined,
  message: {
    messageId: crypto.randomUUID(), contextId: '', taskId, role: Role.ROLE_USER, extensions: [], referenceTaskIds: [], metadata: undefined, parts,
  },
});
const id = (id) => ({ id, tenant: '' });
const reason = async (promise, wanted) => {
  const e = await fails(promise);
  want(e.reason === wanted, `want ${wanted}, got ${e.reason} ${e.name}: ${e.message}`);
};
// follow adds what a stream tells to seen.
const follow = async (stream, seen, once = false) => {
  for await (const { payload: { $case, value } } of stream) {
    if ($case === 'task') Object.assign(seen, { task: value.id, state: value.status.state, answer: value.artifacts.length > 0 });
    if ($case === 'statusUpdate') seen.state = value.status.state;
    if ($case === 'artifactUpdate') seen.answer = true;
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
const complete = (seen) => want(seen.state === TaskState.TASK_STATE_COMPLETED && seen.answer, `the stream ended with ${JSON.stringify(seen)}`);

let c, done;
await check('card', async () => { c = await connect(token).createFromUrl(base); });
await check('extended-card', async () => want((await c.getAgentCard()).skills.length > 0, 'a card without skills'));
await check('ask', async () => {
  done = await c.sendMessage(question([text('Does jdoe@staff0.com work here?')]));
  want(done.id && done.status, 'no task');
});
await check('get', async () => {
  for (let i = 0; i < 50 && done.status.state !== TaskState.TASK_STATE_COMPLETED; i++) {
    await sleep(100);
    done = await c.getTask(id(done.id));
  }
  want(done.status.state === TaskState.TASK_STATE_COMPLETED && done.artifacts.length > 0, `the task is ${done.status.state}`);
});
await check('stream', async () => complete(await follow(c.sendMessageStream(question([text('Is bwong@staff0.com an employee?')])), {})));
await check('subscribe', async () => {
  const cut = new AbortController();
  const seen = await follow(c.sendMessageStream(question([text('Is asmith@staff0.com an employee?')]), { signal: cut.signal }), {}, true);
  cut.abort();
  want(seen.state !== TaskState.TASK_STATE_COMPLETED, 'the first event of a stream is the last');
  complete(await follow(c.resubscribeTask(id(seen.task)), seen));
});
await check('list', async () => {
  const { tasks } = await c.listTasks({ tenant: '', contextId: done.contextId, status: 0, pageToken: '' });
  want(tasks.length === 1 && tasks[0].id === done.id, `${tasks.length} tasks in the context of one`);
});
await check('follow-up', async () => {
  const t = await c.sendMessage(question([text('Does John Doe work here?')]));
  want(t.status.state === TaskState.TASK_STATE_INPUT_REQUIRED, `a question without an address is ${t.status.state}`);
  await c.sendMessage(question([text('jdoe@staff0.com')], t.id));
});
await check('cancel', async () => {
  const { status: { state } } = await c.cancelTask(id(await begin('Does asmith@staff0.com work here?')));
  want(state === TaskState.TASK_STATE_CANCELED, `the task is ${state}`);
});
const config = (taskId, url) => ({
  tenant: '', id: 'hook', taskId, url, token: hookToken, authentication: { scheme: 'Bearer', credentials: hookSecret },
});
await check('push', async () => {
  const h = await listen();
  const task = await begin('Does bwong@staff0.com work here?');
  await c.createTaskPushNotificationConfig(config(task, h.url));
  await c.getTaskPushNotificationConfig({ tenant: '', taskId: task, id: 'hook' });
  const { configs } = await c.listTaskPushNotificationConfig({ tenant: '', taskId: task, pageSize: 0, pageToken: '' });
  want(configs.length === 1, `${configs.length} configurations`);
  await h.await(task, 'TASK_STATE_COMPLETED');
  await c.deleteTaskPushNotificationConfig({ tenant: '', taskId: task, id: 'hook' });
});

await check('error-not-found', () => reason(c.getTask(id('nope')), 'TASK_NOT_FOUND'));
await check('error-not-cancelable', () => reason(c.cancelTask(id(done.id)), 'TASK_NOT_CANCELABLE'));
await check('error-content-type', () => reason(
  c.sendMessage(question([part({ $case: 'raw', value: Buffer.from('x') }, 'image/png')])), 'CONTENT_TYPE_NOT_SUPPORTED'));
await check('error-invalid-params', () => reason(c.sendMessage(question([])), 'INVALID_PARAMS'));
await check('error-unsupported', () => reason(c.sendMessage(question([text('And now?')], done.id)), 'UNSUPPORTED_OPERATION'));
await check('error-webhook', () => reason(c.createTaskPushNotificationConfig(config(done.id, 'https://10.0.0.1/hook')), 'INVALID_PARAMS'));
await check('error-401', async () => {
  const e = await fails((await connect('').createFromUrl(base)).getTask(id(done.id)));
  want(lastStatus === 401 && e.message.includes('Unauthorized'), `want a 401, got ${lastStatus} ${e.name}: ${e.message}`);
});
await check('auth-interceptor', async () => na('the SDK has none that goes by the card'));
