import { DIRECT_REPLY_TO } from '@posthorn/core/transport'

/** `amq.rabbitmq.reply-to.<process>.<key>`, both in base64. */
const ADDRESS = /^amq\.rabbitmq\.reply-to\.([A-Za-z0-9+/]+={0,2})\.([A-Za-z0-9+/]+={0,2})$/
/** In Erlang's external term format: a process of the node `reply@<hash>`, whose name has the length that is told. */
const PROCESS = /^\x83X(?:[vd]\0|[ws])([\s\S])(reply@\d+)[\s\S]{12}$/
/** Whatever form a later release may give it: a routing key of one line, without anything that is not printed. */
const PRINTABLE = /^[\x21-\x7e]{1,255}$/

/**
 * Whether this may be an address that RabbitMQ gave to a channel for its replies. It is never the name of a queue: the
 * broker lets nobody declare one that begins with `amq.`.
 *
 * @param version the broker's. Up to 4.1 it closes the connection of whoever publishes to an address that it cannot read
 * (541), and with it fall the answers to all others: from such a broker, or an unknown one, only the form is taken that
 * all releases up to 4.3 have given
 */
export function isReplyAddress(text: string, version?: string): boolean {
  if (isOfAllReleases(text)) return true
  return text.startsWith(`${DIRECT_REPLY_TO}.`) && PRINTABLE.test(text) && readsAnyAddress(version)
}

function isOfAllReleases(text: string): boolean {
  const [, process = '', key = ''] = ADDRESS.exec(text) ?? []
  if (process === '' || process.length % 4 !== 0 || key.length % 4 !== 0) return false
  const [, length = '', node = ''] = PROCESS.exec(Buffer.from(process, 'base64').toString('latin1')) ?? []
  return node !== '' && length.charCodeAt(0) === node.length
}

/** From 4.2 on the broker takes an address that it cannot read for one at which nobody waits. */
function readsAnyAddress(version = ''): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 4 || (major === 4 && minor >= 2)
}
