import type { Candidate, Row } from '../../suite/row.ts'

/** The packages, and some peers to compare them with. */
function candidate(name: string, argument: string): Candidate {
  return {
    name,
    module: 'package-cost',
    argument,
    packageName: name,
    settings: 'with its dependencies, and its peers that are not optional',
  }
}

export const row: Row = {
  name: 'packages',
  title: 'What a package costs before it does anything',
  work: 'Its main entry point is imported in a fresh process; its size is that of an installation, unpacked.',
  measures: { 'import ms': 'less', 'MB unpacked': 'less', packages: 'less' },
  contenders: [
    candidate('@posthorn/core', 'core'),
    candidate('@posthorn/rabbitmq', 'rabbitmq'),
    candidate('@posthorn/uow-drizzle', 'uow-drizzle'),
    candidate('@nestjs/cqrs', 'cqrs'),
    candidate('@event-driven-io/emmett', 'emmett'),
    candidate('amqplib', 'amqplib'),
    candidate('typeorm', 'typeorm'),
    candidate('@mikro-orm/postgresql', 'mikro-orm'),
  ],
  targets: [],
  rounds: 3,
  size: { full: 3, smoke: 1 },
}
