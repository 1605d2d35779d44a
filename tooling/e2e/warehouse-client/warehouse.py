"""The warehouse, a client of the allocation domain in a language that is not Posthorn's.

Written with pika from docs/reference/wire-format.md; it shares no code with the services. Prints one JSON object a line:

    warehouse.py call ChangeBatchQuantity '{"ref": "batch-001", "qty": 5}' [--timeout 10] [--message-id UUID]
    warehouse.py watch [--count N]

AMQP_URL has the broker's address and this client's own user, AMQP_VHOST the domain's vhost.
"""

import argparse
import json
import os
import re
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError, ChannelClosedByBroker, NackError, UnroutableError

Json = dict[str, Any]

REPLIES = 'amq.rabbitmq.reply-to'
VERSION = 1
MAX_BODY = 1_048_576
UUID = re.compile(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')
DEALLOCATED = {'orderId': str, 'sku': str, 'qty': int, 'batchRef': str, 'reason': str, 'version': int}


class Refused(Exception):
    """A delivery that must not be applied. Its text is the reason, in the wire format's words."""


class Warehouse:
    """A connection to the vhost of one domain, as one user."""

    def __init__(self, url: str, vhost: str) -> None:
        parameters = pika.URLParameters(url)
        parameters.virtual_host = vhost
        self.user: str = parameters.credentials.username
        self.domain = vhost.rpartition('.')[2]
        self._connection = pika.BlockingConnection(parameters)

    def close(self) -> None:
        if self._connection.is_open:
            self._connection.close()

    def call(self, command: str, payload: Any, timeout: float, message_id: str) -> Json:
        """Sends a command and waits for its answer. To ask again, use the same message id and the same payload.

        The outcome is `result` or `error` when the domain has answered; `unroutable` when the broker knows nobody to whom
        this user could send the command; `timeout` or `unknown` when the command may or may not have been executed.
        """
        deadline = time.monotonic() + timeout
        answers: list[Json] = []

        def on_answer(_channel: Any, _method: Any, properties: pika.BasicProperties, body: bytes) -> None:
            answer = self._answer(command, message_id, properties, body)
            if answer is not None:
                answers.append(answer)

        try:
            channel = self._confirming_channel()
            channel.basic_consume(REPLIES, on_answer, auto_ack=True)
            channel.basic_publish(
                f'x.cmd.{self.user}',
                f'call.{command}',
                encode(payload),
                self._properties(f'command:{self.domain}.{command}.v{VERSION}', message_id, timeout),
                mandatory=True,
            )
            while not answers and time.monotonic() < deadline:
                self._connection.process_data_events(time_limit=max(0.0, deadline - time.monotonic()))
        except UnroutableError:
            return {'outcome': 'unroutable'}
        except NackError:
            return {'outcome': 'unknown', 'reason': 'the broker did not take the message'}
        except ChannelClosedByBroker as error:
            if error.reply_code in (403, 404):
                return {'outcome': 'unroutable', 'reason': error.reply_text}
            return {'outcome': 'unknown', 'reason': error.reply_text}
        except AMQPError as error:
            return {'outcome': 'unknown', 'reason': repr(error)}
        return answers[0] if answers else {'outcome': 'timeout'}

    def watch(self, apply: Callable[[Json], None], count: int | None = None) -> None:
        """Applies what arrives in this client's own queue and then acknowledges it; returns after `count` deliveries.

        An event that was applied before is acknowledged in silence. What fails a check goes to the dead queue.
        """
        queue = f'{self.user}.q.events'
        channel = self._confirming_channel()
        channel.basic_qos(prefetch_count=10)
        applied: set[str] = set()
        for seen, (method, properties, body) in enumerate(channel.consume(queue), start=1):
            try:
                event = self._event(properties, body)
            except Refused as refused:
                apply({'refused': str(refused), 'sender': properties.user_id, 'type': properties.type})
                self._bury(channel, queue, str(refused), properties, body)
            else:
                if event['messageId'] not in applied:
                    apply(event)
                    applied.add(event['messageId'])
            channel.basic_ack(method.delivery_tag)
            if seen == count:
                return

    def _confirming_channel(self) -> BlockingChannel:
        channel = self._connection.channel()
        channel.confirm_delivery()
        return channel

    def _properties(self, message_type: str, message_id: str, timeout: float) -> pika.BasicProperties:
        now = datetime.now(timezone.utc)
        return pika.BasicProperties(
            type=message_type,
            message_id=message_id,
            correlation_id=message_id,
            user_id=self.user,
            app_id=f'{self.user}-{os.getpid()}',
            content_type='application/json',
            delivery_mode=1,
            timestamp=int(now.timestamp()),
            reply_to=REPLIES,
            expiration=str(int(timeout * 1000)),
            headers={'x-posthorn-time': iso(now)},
        )

    def _answer(
        self, command: str, message_id: str, properties: pika.BasicProperties, body: bytes
    ) -> Json | None:
        """The answer to the call that waits, or None for what must be dropped."""
        kind, _, name = (properties.type or '').partition(':')
        expected = (
            properties.user_id == self.domain
            and name == f'{self.domain}.{command}.v{VERSION}'
            and (properties.headers or {}).get('x-posthorn-causation-id') == message_id
        )
        if not expected:
            return None
        if kind == 'reply':
            return {'outcome': 'result', 'result': json.loads(body)}
        if kind == 'error':
            return {'outcome': 'error', 'error': json.loads(body)}
        return None

    def _event(self, properties: pika.BasicProperties, body: bytes) -> Json:
        """A Deallocated that may be believed. Raises Refused for anything else."""
        headers = properties.headers or {}
        if len(body) > MAX_BODY:
            raise Refused('too-large')
        if not properties.user_id:
            raise Refused('no-user-id')
        is_own_copy = properties.user_id == self.user
        sender = headers.get('x-posthorn-orig-user') if is_own_copy else properties.user_id
        if sender != self.domain:
            raise Refused('foreign-sender')
        matched = re.fullmatch(r'(command|event|reply|error):([^.]+)\.([^.]+)\.v([1-9][0-9]{0,2})', properties.type or '')
        if matched is None:
            raise Refused('bad-type')
        kind, domain, name, version = matched.groups()
        if kind != 'event':
            raise Refused('wrong-kind')
        if (domain, name) != (self.domain, 'Deallocated'):
            raise Refused('unknown-message')
        causation_id = headers.get('x-posthorn-causation-id')
        if not is_uuid(properties.message_id) or not all(
            value is None or is_uuid(value) for value in (properties.correlation_id, causation_id)
        ):
            raise Refused('bad-id')
        if properties.content_type != 'application/json' or properties.content_encoding not in (None, 'utf-8'):
            raise Refused('bad-content-type')
        payload = decode(body)
        if int(version) > VERSION:
            raise Refused('unknown-version')
        if not isinstance(payload, dict) or not all(type(payload.get(key)) is of for key, of in DEALLOCATED.items()):
            raise Refused('invalid-payload')
        return {
            'event': name,
            'messageId': properties.message_id,
            'sender': sender,
            'correlationId': properties.correlation_id or properties.message_id,
            'causationId': causation_id,
            'time': headers.get('x-posthorn-time'),
            'payload': payload,
        }

    def _bury(
        self, channel: BlockingChannel, queue: str, reason: str, properties: pika.BasicProperties, body: bytes
    ) -> None:
        """Copies a delivery to the dead queue; returns when the broker has the copy."""
        original = properties.headers or {}
        kept = ('x-posthorn-time', 'x-posthorn-causation-id', 'traceparent')
        headers = {name: original[name] for name in kept if name in original}
        if properties.user_id:
            headers['x-posthorn-orig-user'] = properties.user_id
        headers['x-posthorn-attempt'] = 1
        headers['x-posthorn-failed-at'] = iso(datetime.now(timezone.utc))
        headers['x-posthorn-handler'] = 'watch'
        headers['x-posthorn-reason'] = reason
        properties.headers = headers
        properties.user_id = self.user
        properties.expiration = None
        properties.reply_to = None
        channel.basic_publish(f'{self.user}.x.dlx', f'{queue}.dead', body, properties, mandatory=True)


def encode(payload: Any) -> bytes:
    return json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(',', ':')).encode()


def decode(body: bytes) -> Any:
    try:
        return json.loads(body.decode())
    except UnicodeDecodeError:
        raise Refused('bad-encoding') from None
    except ValueError:
        raise Refused('bad-json') from None


def is_uuid(value: object) -> bool:
    return isinstance(value, str) and UUID.fullmatch(value) is not None


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec='milliseconds').replace('+00:00', 'Z')


def print_line(value: Json) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description='A client of the allocation domain')
    actions = parser.add_subparsers(dest='action', required=True)
    call = actions.add_parser('call', help='send a command and wait for its answer')
    call.add_argument('command')
    call.add_argument('payload', type=json.loads)
    call.add_argument('--timeout', type=float, default=10.0, help='seconds')
    call.add_argument('--message-id', default=None, help='of the earlier call, to ask again')
    watch = actions.add_parser('watch', help='print the events of the own queue')
    watch.add_argument('--count', type=int, default=None, help='end after so many')
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
