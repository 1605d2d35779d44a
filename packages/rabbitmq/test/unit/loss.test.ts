import { describe, expect, test } from 'vitest'
import { lossFrom } from '../../src/loss.ts'

const coded = (message: string, code: unknown) => Object.assign(new Error(message), { code })

describe('why a connection was lost', () => {
  test.each([
    ['a reset', coded('read ECONNRESET', 'ECONNRESET'), 'transient'],
    ['a closed port', coded('connect ECONNREFUSED 127.0.0.1:5672', 'ECONNREFUSED'), 'absent'],
    ['silence', new Error('Heartbeat timeout'), 'transient'],
    ['the end of the socket', new Error('Unexpected close'), 'transient'],
    ['an administrator', coded('Connection closed: 320 (CONNECTION-FORCED)', 320), 'transient'],
    ["the broker's own error", coded('Connection closed: 541 (INTERNAL-ERROR)', 541), 'transient'],
    ['nothing said', undefined, 'transient'],
    ['a refused operation', coded('Channel closed by server: 403 (ACCESS-REFUSED)', 403), 'permanent'],
    [
      'a handler that took too long',
      coded(
        'Channel closed by server: 406 (PRECONDITION-FAILED) with message "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: 1800000 ms."',
        406,
      ),
      'transient',
    ],
    ['a refused login', new Error('Handshake terminated by server: 403 (ACCESS-REFUSED)'), 'permanent'],
    ['a refused vhost', new Error('Expected ConnectionOpenOk; got <ConnectionClose channel:0>'), 'permanent'],
    ['a certificate', coded('certificate has expired', 'CERT_HAS_EXPIRED'), 'untrusted'],
    ['a header of unknown type', new TypeError('Unexpected type tag "L"'), 'decoder'],
    ['headers nested too deep', new RangeError('Maximum call stack size exceeded'), 'decoder'],
    ['a broken frame', new Error('Invalid frame'), 'decoder'],
  ])('%s', (_what, error, kind) => {
    expect(lossFrom(error, true).kind).toBe(kind)
  })

  test('before the handshake is over nothing has been decoded', () => {
    expect(lossFrom(new Error('Frame size 1345270062 exceeds maxFrameSize 4096'), false).kind).toBe(
      'transient',
    )
  })

  test('the reason is one short line without passwords', () => {
    const { reason } = lossFrom(new Error(`amqp://u:S3cret@h\n${'x'.repeat(1_000)}`), true)
    expect(reason).toMatch(/^amqp:\/\/u:\*\*\*@h x+$/)
    expect(reason.length).toBe(300)
  })
})
