"""The client of the official Python SDK for A2A 0.3, as it comes. Arguments: the name to print, the agent's URL, an access token."""
import asyncio
import contextlib
import uuid

import httpx
from a2a import types as a2a
from a2a.client import A2ACardResolver, ClientConfig, ClientFactory

from common import HOOK_SECRET, HOOK_TOKEN, Hook, NotApplicable, base, check, fails, token, want


def question(*parts, task=None):
    return a2a.Message(message_id=str(uuid.uuid4()), role=a2a.Role.user, task_id=task, parts=parts)


def text(t):
    return a2a.Part(root=a2a.TextPart(text=t))


class Seen:
    """What a stream has told."""

    def __init__(self):
        self.task, self.state, self.answer = '', None, False

    async def follow(self, stream, once=False):
        async with contextlib.aclosing(stream):
            async for task, _ in stream:
                self.task, self.state, self.answer = task.id, task.status.state, bool(task.artifacts)
                if once:
                    return

    def complete(self):
        want(self.state == a2a.TaskState.completed and self.answer, f'the stream ended in {self.state}, answer: {self.answer}')


async def main():
    hc = httpx.AsyncClient(headers={'Authorization': 'Bearer ' + token}, timeout=30)
    card = await A2ACardResolver(hc, base).get_agent_card()
    blocking = ClientFactory(ClientConfig(httpx_client=hc, streaming=False)).create(card)
    c = ClientFactory(ClientConfig(httpx_client=hc)).create(card)
    done = None

    async def ask(*parts, task=None):
        async for t, _ in blocking.send_message(question(*parts, task=task)):
            return t

    async def begin(t):
        """Asks and leaves when the task is known, while the person is still being asked."""
        seen = Seen()
        await seen.follow(c.send_message(question(text(t))), once=True)
        return seen.task

    async def card_check():
        want(card.name and card.skills, 'a card without a name or skills')

    async def extended():
        want((await c.get_card()).skills, 'a card without skills')

    async def asking():
        nonlocal done
        done = await ask(text('Does jdoe@staff0.com work here?'))
        want(done.id, 'no task')

    async def get():
        nonlocal done
        for _ in range(50):
            done = await c.get_task(a2a.TaskQueryParams(id=done.id))
            if done.status.state == a2a.TaskState.completed:
                break
            await asyncio.sleep(0.1)
        want(done.status.state == a2a.TaskState.completed and done.artifacts, f'the task is {done.status.state}')

    async def stream():
        seen = Seen()
        await seen.follow(c.send_message(question(text('Is bwong@staff0.com an employee?'))))
        seen.complete()

    async def subscribe():
        seen = Seen()
        await seen.follow(c.send_message(question(text('Is asmith@staff0.com an employee?'))), once=True)
        want(seen.state != a2a.TaskState.completed, 'the first event of a stream is the last')
        await seen.follow(c.resubscribe(a2a.TaskIdParams(id=seen.task)))
        seen.complete()

    async def listing():
        raise NotApplicable('0.3 has no list over JSON-RPC')

    async def follow_up():
        t = await ask(text('Does John Doe work here?'))
        want(t.status.state == a2a.TaskState.input_required, f'a question without an address is {t.status.state}')
        await ask(text('jdoe@staff0.com'), task=t.id)

    async def cancel():
        task = await begin('Does asmith@staff0.com work here?')
        t = await c.cancel_task(a2a.TaskIdParams(id=task))
        want(t.status.state == a2a.TaskState.canceled, f'the task is {t.status.state}')

    def config(task, url):
        return a2a.TaskPushNotificationConfig(task_id=task, push_notification_config=a2a.PushNotificationConfig(
            id='hook', url=url, token=HOOK_TOKEN,
            authentication=a2a.PushNotificationAuthenticationInfo(schemes=['Bearer'], credentials=HOOK_SECRET)))

    # This SDK neither lists nor deletes configurations.
    async def push():
        hook = Hook()
        task = await begin('Does bwong@staff0.com work here?')
        await c.set_task_callback(config(task, hook.url))
        await c.get_task_callback(a2a.GetTaskPushNotificationConfigParams(id=task, push_notification_config_id='hook'))
        await hook.wait(task, '"completed"')

    def error(wanted, call):
        async def f():
            e = await fails(call())
            want(getattr(getattr(e, 'error', None), 'code', None) == wanted, f'want {wanted}, got {type(e).__name__}: {e}')
        return f

    async def unauthorized():
        bare = ClientFactory(ClientConfig(httpx_client=httpx.AsyncClient())).create(card)
        e = await fails(bare.get_task(a2a.TaskQueryParams(id=done.id)))
        want('401' in str(e), f'want a 401, got {type(e).__name__}: {e}')

    await check('card', card_check)
    await check('extended-card', extended)
    await check('ask', asking)
    await check('get', get)
    await check('stream', stream)
    await check('subscribe', subscribe)
    await check('list', listing)
    await check('follow-up', follow_up)
    await check('cancel', cancel)
    await check('push', push)
    await check('error-not-found', error(-32001, lambda: c.get_task(a2a.TaskQueryParams(id='nope'))))
    await check('error-not-cancelable', error(-32002, lambda: c.cancel_task(a2a.TaskIdParams(id=done.id))))
    await check('error-content-type', error(
        -32005, lambda: ask(a2a.Part(root=a2a.FilePart(file=a2a.FileWithBytes(bytes='eA==', mime_type='image/png'))))))
    await check('error-invalid-params', error(-32602, lambda: ask()))
    await check('error-unsupported', error(-32004, lambda: ask(text('And now?'), task=done.id)))
    await check('error-webhook', error(
        -32602, lambda: c.set_task_callback(config(done.id, 'https://10.0.0.1/hook'))))
    await check('error-401', unauthorized)

    async def interceptor():
        raise NotApplicable('tried with the SDK for 1.0')

    await check('auth-interceptor', interceptor)


asyncio.run(main())
