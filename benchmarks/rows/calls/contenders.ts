import type { Candidate } from '../../suite/row.ts'

/** Those who call; how many calls are under way is the row's affair. */
export const contenders: readonly Candidate[] = [
  {
    name: 'posthorn',
    module: 'posthorn',
    settings: 'a bus that calls and one that answers; mandatory, confirmed both ways, validated both ways',
  },
  {
    name: 'raw amqplib',
    module: 'raw-amqplib',
    packageName: 'amqplib',
    settings:
      'as `connect` sets it up; mandatory, confirmed both ways, acknowledged when the reply is confirmed',
  },
  {
    name: 'raw amqplib, noDelay',
    module: 'raw-no-delay',
    packageName: 'amqplib',
    settings: 'the same with `noDelay`',
  },
  {
    name: 'rabbitmq-client',
    module: 'rabbitmq-client',
    packageName: 'rabbitmq-client',
    settings: '`createRPCClient` with `confirm`, mandatory, `noDelay`; its replies are not confirmed',
  },
  {
    name: '@nestjs/microservices',
    module: 'nestjs',
    packageName: '@nestjs/microservices',
    settings:
      '`Transport.RMQ` with `noAck: false`, `noDelay`; not mandatory, and acknowledged in the handler, before the reply',
  },
  {
    name: '@golevelup/nestjs-rabbitmq',
    module: 'golevelup',
    packageName: '@golevelup/nestjs-rabbitmq',
    settings:
      '`RabbitRPC` and `request`, mandatory, confirmed both ways, `noDelay`; made for Nest 11, here on 12',
  },
  {
    name: 'moleculer',
    module: 'moleculer',
    packageName: 'moleculer',
    settings:
      'AMQP transporter with `disableBalancer`, `noDelay`; queues of its own making, for replies too, nothing confirmed, not mandatory; the newest for Node 20',
  },
]
