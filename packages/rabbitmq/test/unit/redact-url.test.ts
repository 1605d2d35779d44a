import { expect, test } from 'vitest'
import { redactUrl } from '../../src/redact-url.ts'

test.each([
  ['amqp://u:p@h:1/v', 'amqp://u:***@h:1/v'],
  ['connect to amqps://u:p@h failed', 'connect to amqps://u:***@h failed'],
  ['an @ in the password: amqp://u:p@ss@h', 'an @ in the password: amqp://u:***@h'],
  ['a / in the password: amqp://u:p/ss@h', 'a / in the password: amqp://u:***@h'],
  ['no user: amqp://:p@h', 'no user: amqp://:***@h'],
  ['nothing to hide: amqp://h:5672/v', 'nothing to hide: amqp://h:5672/v'],
  ['two: http://a:b@c and amqp://d:e@f', 'two: http://a:***@c and amqp://d:***@f'],
])('%s', (text, redacted) => {
  expect(redactUrl(text)).toBe(redacted)
})

test('takes no longer for a text that only looks like the beginning of a URL', () => {
  const begun = performance.now()
  redactUrl('a'.repeat(200_000))
  expect(performance.now() - begun).toBeLessThan(2_000)
})
