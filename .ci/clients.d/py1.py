"""The client of the official Python SDK for A2A 1.0, as it comes. Arguments: the name to print, the agent's URL, an access token."""
import asyncio
import contextlib
import uuid

import httpx
from a2a.client import A2ACardResolver, ClientConfig, ClientFactory
from a2a.client.auth import AuthInterceptor, CredentialService
from a2a.types import a2a_pb2 as pb
from a2a.utils import errors

from common import HOOK_SECRET, HOOK_TOKEN, Hook, base, check, fails, token, want


def question(*parts, task=''):
    return pb.SendMessageRequest(message=pb.Message(message_id=str(uuid.uuid4()), role=pb.ROLE_USER, task_id=task, parts=parts))


def text(t):
    return pb.Part(text=t)


class Seen:
    """What a stream has told."""

    def __init__(self):
        self.task, self.state, self.answer = '', 0, False

    async def follow(self, stream, once=False):
        async with contextlib.aclosing(stream):
            async for e in stream:
                if e.HasField('task'):
                    self.task, self.state, self.answer = e.task.id, e.task.status.state, len(e.task.artifacts) > 0
                elif e.HasField('status_update'):
                    self.state = e.status_update.status.state
                elif e.HasField('artifact_update'):
                    self.answer = True
                if once:
                    return

    def complete(self):
        want(self.state == pb.TASK_STATE_COMPLETED and self.answer, f'the stream ended in {self.state}, answer: {self.answer}')


async def main():
    hc = httpx.AsyncClient(headers={'Authorization': 'Bearer ' + token}, timeout=30)
    card = await A2ACardResolver(hc, base).get_agent_card()
    blocking = ClientFactory(ClientConfig(httpx_client=hc, streaming=False)).create(card)
    c = ClientFactory(ClientConfig(httpx_client=hc)).create(card)
    done = None

    async def ask(*parts, task=''):
        async for e in blocking.send_message(question(*parts, task=task)):
            return e.task

    async def begin(t):
        """Asks and leaves when the task is known, while the person is still being asked."""
        seen = Seen()
        await seen.follow(c.send_message(question(text(t))), once=True)
        return seen.task

    async def card_check():
        want(card.name and card.skills, 'a card without a name or skills')

    async def extended():
        want((await c.get_extended_agent_card(pb.GetExtendedAgentCardRequest())).skills, 'a card without skills')

    async def asking():
        nonlocal done
        done = await ask(text('Does jdoe@staff0.com work here?'))
        want(done.id, 'no task')

    async def get():
        nonlocal done
        for _ in range(50):
            done = await c.get_task(pb.GetTaskRequest(id=done.id))
            if done.status.state == pb.TASK_STATE_COMPLETED:
                break
            await asyncio.sleep(0.1)
        want(done.status.state == pb.TASK_STATE_COMPLETED and done.artifacts, f'the task is {done.status.state}')

    async def stream():
        seen = Seen()
        await seen.follow(c.send_message(question(text('Is bwong@staff0.com an employee?'))))
        seen.complete()

    async def subscribe():
        seen = Seen()
        await seen.follow(c.send_message(question(text('Is asmith@staff0.com an employee?'))), once=True)
        want(seen.state != pb.TASK_STATE_COMPLETED, 'the first event of a stream is the last')
        await seen.follow(c.subscribe(pb.SubscribeToTaskRequest(id=seen.task)))
        seen.complete()

    async def listing():
        tasks = (await c.list_tasks(pb.ListTasksRequest(context_id=done.context_id))).tasks
        want([t.id for t in tasks] == [done.id], f'{len(tasks)} tasks in the context of one')

    async def follow_up():
        t = await ask(text('Does John Doe work here?'))
        want(t.status.state == pb.TASK_STATE_INPUT_REQUIRED, f'a question without an address is {t.status.state}')
        await ask(text('jdoe@staff0.com'), task=t.id)

    async def cancel():
        task = await begin('Does asmith@staff0.com work here?')
        t = await c.cancel_task(pb.CancelTaskRequest(id=task))
        want(t.status.state == pb.TASK_STATE_CANCELED, f'the task is {t.status.state}')

    def config(task, url):
        return pb.TaskPushNotificationConfig(
            id='hook', task_id=task, url=url, token=HOOK_TOKEN,
            authentication=pb.AuthenticationInfo(scheme='Bearer', credentials=HOOK_SECRET))

    async def push():
        hook = Hook()
        task = await begin('Does bwong@staff0.com work here?')
        await c.create_task_push_notification_config(config(task, hook.url))
        await c.get_task_push_notification_config(pb.GetTaskPushNotificationConfigRequest(task_id=task, id='hook'))
        have = await c.list_task_push_notification_configs(pb.ListTaskPushNotificationConfigsRequest(task_id=task))
        want(len(have.configs) == 1, f'{len(have.configs)} configurations')
        await hook.wait(task, 'TASK_STATE_COMPLETED')
        await c.delete_task_push_notification_config(pb.DeleteTaskPushNotificationConfigRequest(task_id=task, id='hook'))

    def error(wanted, call):
        async def f():
            e = await fails(call())
            want(isinstance(e, wanted), f'want {wanted.__name__}, got {type(e).__name__}: {e}')
        return f

    async def unauthorized():
        bare = ClientFactory(ClientConfig(httpx_client=httpx.AsyncClient())).create(card)
        e = await fails(bare.get_task(pb.GetTaskRequest(id=done.id)))
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
    await check('error-not-found', error(errors.TaskNotFoundError, lambda: c.get_task(pb.GetTaskRequest(id='nope'))))
    await check('error-not-cancelable', error(errors.TaskNotCancelableError, lambda: c.cancel_task(pb.CancelTaskRequest(id=done.id))))
    await check('error-content-type', error(
        errors.ContentTypeNotSupportedError, lambda: ask(pb.Part(raw=b'x', media_type='image/png'))))
    await check('error-invalid-params', error(errors.InvalidParamsError, lambda: ask()))
    await check('error-unsupported', error(errors.UnsupportedOperationError, lambda: ask(text('And now?'), task=done.id)))
    await check('error-webhook', error(
        errors.InvalidParamsError, lambda: c.create_task_push_notification_config(config(done.id, 'https://10.0.0.1/hook'))))
    await check('error-401', unauthorized)

    class Purse(CredentialService):
        async def get_credentials(self, scheme, context):
            return token

    async def interceptor():
        bare = httpx.AsyncClient(timeout=30)
        with_token = ClientFactory(ClientConfig(httpx_client=bare)).create(card, interceptors=[AuthInterceptor(Purse())])
        want((await with_token.get_task(pb.GetTaskRequest(id=done.id))).id == done.id, 'another task')

    await check('auth-interceptor', interceptor)


asyncio.run(main())
