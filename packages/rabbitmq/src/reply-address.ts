/** `amq.rabbitmq.reply-to.<process>.<key>`, both in base64. */
const ADDRESS = /^amq\.rabbitmq\.reply-to\.([A-Za-z0-9+/]+={0,2})\.([A-Za-z0-9+/]+={0,2})$/
/** In Erlang's external term format: a process of the node `reply@<hash>`, whose name has the length that is told. */
const PROCESS = /^\x83X(?:[vd]\0|[ws])([\s\S])(reply@\d+)[\s\S]{12}$/

/**
 * Whether this is an address that RabbitMQ could have given to a channel for its replies. At some that are not, RabbitMQ
 * up to 4.0 at least closes the connection of whoever publishes there (541), and with it fall the answers to all others.
 */
export function isReplyAddress(text: string): boolean {
  const [, process = '', key = ''] = ADDRESS.exec(text) ?? []
  if (process === '' || process.length % 4 !== 0 || key.length % 4 !== 0) return false
  const [, length = '', node = ''] = PROCESS.exec(Buffer.from(process, 'base64').toString('latin1')) ?? []
  return node !== '' && length.charCodeAt(0) === node.length
}
