import amqplib from 'amqplib'

/** What has come to a queue that nobody consumes. */
export async function arrivals(amqpUrl: string, vhost: string, queue: string) {
  const url = new URL(amqpUrl)
  url.pathname = `/${vhost}`
  const connection = await amqplib.connect(url.href)
  const channel = await connection.createChannel()
  return {
    /** Empties the queue. */
    async assert(size: number): Promise<void> {
      const { messageCount } = await channel.purgeQueue(queue)
      if (messageCount !== size) throw new Error(`${messageCount} of ${size} events have arrived`)
    },
    close: () => connection.close(),
  }
}
