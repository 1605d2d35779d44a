import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { validate } from 'dockerfile-utils'
import { expect, test } from 'vitest'
import { projectRoot } from '../../../running-system/project-root.ts'

const text = readFileSync(join(projectRoot, 'deploy/Dockerfile'), 'utf8')
const stages = new Map(
  text
    .split(/^FROM /m)
    .slice(1)
    .map((stage) => [/ AS (\S+)/.exec(stage)?.[1], stage]),
)

test('the linter has nothing against the Dockerfile', () => {
  expect(validate(text).map(({ range, message }) => `${range.start.line + 1}: ${message}`)).toEqual([])
})

test('the linter does find what is wrong', () => {
  expect(validate(text.replace('WORKDIR /service', 'WORKDIR')).length).toBeGreaterThan(0)
})

test('every image that is fetched has a version', () => {
  for (const [image = ''] of [...stages.values()].map((stage) => stage.split(' '))) {
    if (!stages.has(image)) expect(image).toMatch(/^[a-z/]+:\d/)
  }
})

test.each(['allocation', 'notifications'])(
  'the image of %s is made of what was deployed, and runs it as nobody special',
  (name) => {
    const stage = stages.get(name) ?? ''
    const base = stages.get('service') ?? ''
    expect(stage).toMatch(new RegExp(`^service AS ${name}\n`))
    expect(stage).toContain(`COPY --from=build /deployed/${name} ./`)
    expect(stage).toContain('HEALTHCHECK')
    // In this form no shell stands between the service and its signals.
    expect(base).toMatch(/^ENTRYPOINT \["node", /m)
    expect(base).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m)
    expect(`${base}${stage}`).not.toMatch(/^(ADD|RUN|USER root)/m)
  },
)
