// The external bus alone: no unit of work, no message bus, no store.
import { command, defineDomain, defineSystem, event, planSystem } from '@posthorn/core'
import { applyPlan, generatePasswords, RabbitMqExternalBus, removePlan } from '@posthorn/rabbitmq'
import { z } from 'zod'

const seat = z.object({ seat: z.string() })
const boxOffice = defineDomain('scratch-box-office', {
  commands: {
    Book: command({ input: seat, output: z.object({ ticket: z.string() }), allow: ['scratch-website'] }),
  },
  events: { Booked: event(seat) },
})
const { Booked } = boxOffice.events
const system = defineSystem({
  domains: [boxOffice],
  clients: { 'scratch-website': { subscribes: [Booked] } },
})

const [amqpUrl = '', managementUrl = ''] = process.argv.slice(2)
const plan = planSystem(system)
const passwords = generatePasswords(plan)
const urlFor = (user: string) => {
  const { host } = new URL(amqpUrl)
  return `amqp://${user}:${passwords[user]}@${host}`
}
await applyPlan(plan, { managementUrl, passwords })
try {
  const office = new RabbitMqExternalBus({ domain: boxOffice.name, system, url: urlFor(boxOffice.name) })
  office.registerCommandHandler(boxOffice.commands.Book, async ({ payload }) => {
    await office.publish(Booked(payload))
    return { ticket: `ticket for ${payload.seat}` }
  })
  const website = new RabbitMqExternalBus({
    domain: 'scratch-website',
    system,
    url: urlFor('scratch-website'),
  })
  const heard = new Promise<string>((resolve) => {
    website.registerEventHandlers(Booked, async ({ payload }, { caller }) =>
      resolve(`${caller} has booked ${payload.seat}`),
    )
  })
  await office.start()
  await website.start()
  const { ticket } = await website.call(boxOffice.commands.Book({ seat: 'B7' }))
  console.log(ticket)
  console.log(await heard)
  await website.stop()
  await office.stop()
} finally {
  await removePlan(plan, { managementUrl })
}
