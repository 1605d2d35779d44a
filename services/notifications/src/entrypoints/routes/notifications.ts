import { commonProblems, problem, type Routes, wholeNumber } from '@posthorn/chassis'
import { emailAddress, notificationStatus } from '@posthorn/contracts'
import { PosthornError, type UnitsOfWork } from '@posthorn/core'
import { z } from 'zod'
import type { Repositories } from '../../service-layer/unit.ts'
import { notificationsPage } from '../../views/notifications.ts'

const item = z.object({
  id: z.uuid(),
  recipient: z.string(),
  subject: z.string(),
  text: z.string(),
  causedBy: z.string().describe('the id of the message that it tells of'),
  sentAt: z.iso.datetime().nullable(),
  status: notificationStatus,
})

export function notificationRoutes(units: UnitsOfWork<Repositories>): Routes {
  return (app, _options, done) => {
    app.get(
      '/notifications',
      {
        schema: {
          summary: 'Notifications in the order in which they arose, page by page',
          querystring: z.object({
            recipient: emailAddress.optional(),
            after: z
              .uuid()
              .optional()
              .describe('the id of the last item that is known; `next` of a page is one'),
            limit: wholeNumber(1, 200).default(50),
          }),
          response: {
            200: z.object({ items: z.array(item), next: z.uuid().nullable() }),
            404: problem('There is no notification `after` which to go on'),
            ...commonProblems,
          },
        },
      },
      async ({ query: { recipient, after, limit } }) => {
        const page = await notificationsPage({ recipient, after, limit }, units)
        if (page !== undefined) return page
        throw new PosthornError('NotFound', `There is no notification ${after}.`)
      },
    )
    done()
  }
}
