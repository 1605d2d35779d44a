"""The warehouse: a client of the allocation domain that shares no code with it.

Written with pika from docs/reference/wire-format.md. Prints one JSON object a line:

    warehouse.py call ChangeBatchQuantity '{"ref": "batch-001", "qty": 5}' [--timeout 10] [--message-id UUID]
    warehouse.py watch [--count N]

AMQP_URL holds the broker's address and this client's own user, AMQP_VHOST the domain's vhost.
"""

import argparse
import json
import os
import re
import time
import uuid
from collections.abc import Callable
from copy import copy
from datetime import datetime, timezone
from typing import Any, NamedTuple

import pika
from pika import BasicProperties
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError, ChannelClosedByBroker, NackError, UnroutableError

Json = dict[str, Any]

REPLIES = 'amq.rabbitmq.reply-to'
VERSION = 1
MAX_BODY = 1_048_576
NAME = r'[a-z][a-z0-9]*(?:-[a-z0-9]+)*'
TYPE = re.compile(rf'(command|event|reply|error):({NAME})\.([A-Z][A-Za-z0-9]+)\.v([1-9][0-9]{{0,2}})')
UUID = re.compile(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')
DEALLOCATED = {'orderId': str, 'sku': str, 'qty': int, 'batchRef': str, 'reason': str, 'version': int}
COPIED_HEADERS = ('x-posthorn-time', 'x-posthorn-causation-id', 'traceparent', 'tracestate')


class Refused(Exception):
    """What was received must not be applied. Its text is the reason, in the wire format's words."""


class Sender(NamedTuple):
    """Who made a message, as far as the broker or an own copy vouches for it."""

    name: str | None
    attempt: int


class Warehouse:
    """A connection to the vhost of one domain, as one user."""

    def __init__(self, url: str, vhost: str) -> None:
        parameters = pika.URLParameters(url)
        parameters.virtual_host = vhost
        parameters.blocked_connection_timeout = 30
        self.user: str = parameters.credentials.username
        self.domain = vhost.rpartition('.')[2]
        self._connection = pika.BlockingConnection(parameters)

    def close(self) -> None:
        if self._connection.is_open:
            self._connection.close()

    def call(self, command: str, payload: Any, timeout: float, message_id: str) -> Json:
        """Sends a command and waits for its answer. To ask again, use the same message id and payload.

        The outcome is `result` or `error` as the domain answered; `unroutable` when the broker knows nobody
        to whom this user may send it; `timeout` or `unknown` when it may or may not have been executed.
        """
        deadline = time.monotonic() + timeout
        answers: list[Json] = []

        def on_answer(_channel: Any, _method: Any, properties: BasicProperties, body: bytes) -> None:
            kind = self._kind_of_answer(properties, command, message_id)
            if kind == 'reply':
                answers.append({'outcome': 'result', 'result': decode(body)})
            elif kind == 'error':
                answers.append({'outcome': 'error', 'error': decode(body)})

        try:
            channel = self._open_channel()
            channel.basic_consume(REPLIES, on_answer, auto_ack=True)
            channel.basic_publish(
                f'x.cmd.{self.user}',
                f'call.{command}',
                json.dumps(payload, ensure_ascii=False, allow_nan=False).encode(),
                self._call_properties(command, message_id, timeout),
                mandatory=True,
            )
            while not answers and (left := deadline - time.monotonic()) > 0:
                self._connection.process_data_events(time_limit=left)
        except UnroutableError:
            return {'outcome': 'unroutable'}
        except NackError:
            return {'outcome': 'unknown', 'reason': 'a queue is full'}
        except ChannelClosedByBroker as closed:
            outcome = 'unroutable' if closed.reply_code in (403, 404) else 'unknown'
            return {'outcome': outcome, 'reason': closed.reply_text}
        except (AMQPError, Refused) as error:
            return {'outcome': 'unknown', 'reason': repr(error)}
        return answers[0] if answers else {'outcome': 'timeout'}

    def watch(self, apply: Callable[[Json], None], count: int | None = None) -> None:
        """Applies what arrives in this client's queue and acknowledges it; returns after `count` deliveries.

        What was applied before is acknowledged in silence; what fails a check goes to the dead queue.
        """
        queue = f'{self.user}.q.events'
        channel = self._open_channel()
        channel.basic_qos(prefetch_count=10)
        applied: set[str] = set()
        for seen, (method, properties, body) in enumerate(channel.consume(queue), start=1):
            sender = sender_of(properties, self.user)
            try:
                event = deallocated(properties, body, sender, self.domain)
            except Refused as refused:
                apply({'refused': str(refused), 'sender': sender.name, 'type': properties.type})
                dead = self._dead_letter(properties, sender, str(refused))
                channel.basic_publish(f'{self.user}.x.dlx', f'{queue}.dead', body, dead, mandatory=True)
            else:
                if event['messageId'] not in applied:
                    apply(event)
                    applied.add(event['messageId'])
            channel.basic_ack(method.delivery_tag)
            if seen == count:
                break
        channel.close()

    def _open_channel(self) -> BlockingChannel:
        """A channel on which publishing returns when the broker has confirmed."""
        channel = self._connection.channel()
        channel.confirm_delivery()
        return channel

    def _call_properties(self, command: str, message_id: str, timeout: float) -> BasicProperties:
        return BasicProperties(
            type=f'command:{self.domain}.{command}.v{VERSION}',
            user_id=self.user,
            message_id=message_id,
            correlation_id=message_id,
            content_type='application/json',
            delivery_mode=1,
            timestamp=int(time.time()),
            app_id=f'{self.user}-{os.getpid()}',
            reply_to=REPLIES,
            expiration=str(max(1, int(timeout * 1000))),
            headers={'x-posthorn-time': now()},
        )

    def _kind_of_answer(self, properties: BasicProperties, command: str, message_id: str) -> str | None:
        """`reply` or `error` if this answers that call; None for what must be dropped."""
        kind, _, name = (properties.type or '').partition(':')
        causation_id = (properties.headers or {}).get('x-posthorn-causation-id')
        is_answer = (
            properties.user_id == self.domain
            and name == f'{self.domain}.{command}.v{VERSION}'
            and causation_id == message_id
        )
        return kind if is_answer else None

    def _dead_letter(self, properties: BasicProperties, sender: Sender, reason: str) -> BasicProperties:
        dead = copy(properties)
        dead.user_id = self.user
        dead.expiration = dead.reply_to = None
        original = properties.headers or {}
        dead.headers = {name: original[name] for name in COPIED_HEADERS if name in original}
        if sender.name is not None:
            dead.headers['x-posthorn-orig-user'] = sender.name
        dead.headers['x-posthorn-attempt'] = sender.attempt
        dead.headers['x-posthorn-failed-at'] = now()
        dead.headers['x-posthorn-reason'] = reason
        return dead


def sender_of(properties: BasicProperties, user: str) -> Sender:
    """The user for whom the broker vouches; on a copy that `user` published itself, the original's."""
    headers = properties.headers or {}
    original = headers.get('x-posthorn-orig-user')
    if properties.user_id == user and original is not None:
        return Sender(original, headers.get('x-posthorn-attempt', 1))
    return Sender(properties.user_id, 1)


def deallocated(properties: BasicProperties, body: bytes, sender: Sender, domain: str) -> Json:
    """The domain's event Deallocated in a delivery. Raises Refused for anything else."""
    headers = properties.headers or {}
    causation_id = headers.get('x-posthorn-causation-id')
    if len(body) > MAX_BODY:
        raise Refused('too-large')
    if sender.name is None:
        raise Refused('no-user-id')
    if sender.name != domain:
        raise Refused('foreign-sender')
    matched = TYPE.fullmatch(properties.type or '')
    if matched is None:
        raise Refused('bad-type')
    kind, owner, name, version = matched.groups()
    if kind != 'event':
        raise Refused('wrong-kind')
    if (owner, name) != (domain, 'Deallocated'):
        raise Refused('unknown-message')
    ids = [properties.message_id, *filter(None, (properties.correlation_id, causation_id))]
    if not all(isinstance(value, str) and UUID.fullmatch(value) for value in ids):
        raise Refused('bad-id')
    if properties.content_type != 'application/json' or properties.content_encoding not in (None, 'utf-8'):
        raise Refused('bad-content-type')
    payload = decode(body)
    if int(version) > VERSION:
        raise Refused('unknown-version')
    if not isinstance(payload, dict):
        raise Refused('invalid-payload')
    if any(type(payload.get(key)) is not needed for key, needed in DEALLOCATED.items()):
        raise Refused('invalid-payload')
    return {
        'event': name,
        'messageId': properties.message_id,
        'sender': sender.name,
        'correlationId': properties.correlation_id or properties.message_id,
        'causationId': causation_id,
        'time': headers.get('x-posthorn-time'),
        'payload': payload,
    }


def decode(body: bytes) -> Any:
    try:
        return json.loads(body.decode())
    except UnicodeDecodeError:
        raise Refused('bad-encoding') from None
    except ValueError:
        raise Refused('bad-json') from None
    except RecursionError:
        raise Refused('too-deep') from None


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec='milliseconds').replace('+00:00', 'Z')


def print_line(value: Json) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description='A client of the allocation domain')
    actions = parser.add_subparsers(dest='action', required=True)
    call = actions.add_parser('call', help='send a command and wait for its answer')
    call.add_argument('command')
    call.add_argument('payload', type=json.loads)
    call.add_argument('--timeout', type=float, default=10.0, help='seconds')
    call.add_argument('--message-id', default=None, help='of an earlier call, to ask again')
    watch = actions.add_parser('watch', help='print the events in the own queue')
    watch.add_argument('--count', type=int, default=None, help='end after so many deliveries')
    options = parser.parse_args()

    warehouse = Warehouse(os.environ['AMQP_URL'], os.environ.get('AMQP_VHOST', 'allocation'))
    try:
        if options.action == 'call':
            message_id = options.message_id or str(uuid.uuid4())
            answer = warehouse.call(options.command, options.payload, options.timeout, message_id)
            print_line({'messageId': message_id, **answer})
        else:
            warehouse.watch(print_line, options.count)
    finally:
        warehouse.close()


if __name__ == '__main__':
    main()
