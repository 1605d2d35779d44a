/**
 * The text with the passwords of all URLs in it hidden: `amqp://user:***@host`. When in doubt it hides too much, so that
 * a password with an unescaped `@` or `/` does not show either.
 */
export function redactUrl(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]{0,30}:\/\/[^\s:@/]{0,256}):\S{0,1024}@/gi, '$1:***@')
}
