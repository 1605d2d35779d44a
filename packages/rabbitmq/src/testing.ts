/** `@posthorn/rabbitmq/testing`: vhosts for tests on a real broker. Without one: `@posthorn/core/testing`. */
export { testPasswords } from './testing/test-passwords.ts'
export { type TestVhosts, type TestVhostsOptions, testVhosts } from './testing/test-vhosts.ts'
