/**
 * A text for logs and people: without the passwords of URLs, and without what a database driver says of its parameters.
 * When in doubt it hides too much: a password may hold an unescaped `@`, a parameter line feeds.
 */
export function withoutSecrets(text: string): string {
  return text
    .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s:@/]*):\S*@/gi, '$1:[redacted]@')
    .replace(/^params: [\s\S]*?(?=\n\s+at |$(?![\s\S]))/gm, 'params: [redacted]')
}
