/** The broker's URL with the credentials of one user, and without a vhost: that follows from the system. */
export function brokerUrlFor(
  brokerUrl: string,
  user: string,
  passwords: Readonly<Record<string, string>>,
): string {
  const url = new URL(brokerUrl)
  url.username = user
  url.password = passwords[user] ?? ''
  url.pathname = ''
  return url.href
}
