/** In characters; more is not looked at. With these patterns so many take milliseconds, whatever they are. */
const LONGEST = 8_192

/**
 * A text for logs and people: without the passwords of URLs, and without what a database driver says of its parameters.
 * When in doubt it hides too much: a password may hold an unescaped `@`, a parameter line feeds.
 */
export function withoutSecrets(text: string): string {
  return (text.length > LONGEST ? beginningOf(text) : text)
    .replace(/([a-z][a-z0-9+.-]{0,30}:\/\/[^\s:@/]{0,256}):\S{0,1024}@/gi, '$1:[redacted]@')
    .replace(/^params: [\s\S]*?(?=\n[ \t]+at |$(?![\s\S]))/gm, 'params: [redacted]')
}

/** Does not end within a URL, of which the part that tells where the password ends may be missing. */
function beginningOf(text: string): string {
  const lastWord = Math.max(text.lastIndexOf(' ', LONGEST), text.lastIndexOf('\n', LONGEST)) + 1
  const end = text.slice(lastWord, LONGEST).includes('://') ? lastWord : LONGEST
  return text.slice(0, end)
}
