/*
 * What postgres.js does without the guard when a connection dies inside `sql.begin`; in a process of its own, because
 * some of it ends the process. Run as `node bare-postgres-js.mjs <hazard> <url>`; prints one line of JSON if it lives.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import postgres from 'postgres'

const [, , hazard, url] = process.argv
const options = { fetch_types: false, onnotice: () => undefined }
const admin = postgres(url, { ...options, max: 2 })
const kill = async (pid) => {
  await admin`select pg_terminate_backend(${pid})`
}
/** A connected client, whose connection dies as if it were reset when told so; `die` resolves with the first news of it. */
const mortal = async () => {
  const sockets = []
  const socket = async ({ host: [host], port: [port] }) => {
    const made = connect(port, host)
    sockets.push(made)
    await once(made, 'connect')
    return made
  }
  const sql = postgres(url, { ...options, max: 1, socket })
  await sql`select 1`
  const die = async () => {
    const [dying] = sockets
    const heard = new Promise((resolve) => dying.once('error', resolve))
    dying.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))
    await heard
  }
  return { sql, die }
}
const pidOf = async (sql) => (await sql`select pg_backend_pid() as pid`)[0].pid

const hazards = {
  /** Its own rollback, on a socket that is not there. */
  async deathDuringStatement() {
    const sql = postgres(url, { ...options, max: 1 })
    const transaction = sql.begin(async (scope) => {
      const pid = await pidOf(scope)
      setTimeout(() => void kill(pid), 50)
      await scope`select pg_sleep(10)`
    })
    await transaction.catch(() => undefined)
    await sleep(500)
    return 'lives'
  },

  /** The dead transaction goes on inside the next one on the same connection, and commits it. */
  async deathThenNextStatement() {
    const sql = postgres(url, { ...options, max: 1 })
    await admin`create table effect (name text)`
    let goOn
    const bIsInside = new Promise((resolve) => {
      goOn = resolve
    })
    let end
    const aHasEnded = new Promise((resolve) => {
      end = resolve
    })
    const a = sql.begin(async (scope) => {
      await scope`insert into effect values ('A-1')`
      const pid = await pidOf(scope)
      await kill(pid)
      await bIsInside
      await scope`insert into effect values ('A-2 after its death')`
      setTimeout(end, 100)
    })
    const b = sql.begin(async (scope) => {
      await scope`insert into effect values ('B-1')`
      goOn()
      await aHasEnded
      throw new Error('B wants to be rolled back')
    })
    await Promise.allSettled([a, b])
    return (await admin`select name from effect order by name`).map(({ name }) => name)
  },

  /** A statement behind one that is still being parsed. */
  async deathWhileDescribing() {
    const sql = postgres(url, { ...options, max: 1 })
    await admin`create table thing (id int)`
    let unlock
    const killed = new Promise((resolve) => {
      unlock = resolve
    })
    let noteLocked
    const locked = new Promise((resolve) => {
      noteLocked = resolve
    })
    const lock = admin.begin(async (scope) => {
      await scope`lock table thing in access exclusive mode`
      noteLocked()
      await killed
    })
    await locked
    const isWaiting = async (pid) =>
      (await admin`select 1 from pg_stat_activity where pid = ${pid} and wait_event_type = 'Lock'`).length > 0
    const outcomes = { first: 'pending', second: 'pending' }
    sql
      .begin(async (scope) => {
        const pid = await pidOf(scope)
        const settle = (name) => [() => (outcomes[name] = 'resolved'), () => (outcomes[name] = 'rejected')]
        void scope
          .unsafe('select * from thing where id = $1', [1], { prepare: true })
          .then(...settle('first'))
        void scope.unsafe('select 1').then(...settle('second'))
        while (!(await isWaiting(pid))) await sleep(10)
        await kill(pid)
        unlock()
        await new Promise(() => undefined)
      })
      .catch(() => undefined)
    await lock
    await sleep(500)
    return outcomes
  },

  /** The types of arrays, asked for when the connection opens. */
  async deathWhileFetchingTypes() {
    const sql = postgres(process.env.CUT_URL, { max: 1, onnotice: () => undefined })
    let unhandled = 'none'
    process.on('unhandledRejection', (reason) => {
      unhandled = reason.code
    })
    await Promise.race([sql`select 1`.catch(() => undefined), sleep(1_000)])
    await sleep(100)
    return unhandled
  },

  /** The last words of the dead connection, which the next transaction takes for its own. */
  async deathThenNextTransaction() {
    const sql = postgres(url, { ...options, max: 1 })
    const pid = await pidOf(sql)
    const statement = sql`select pg_sleep(10)`.catch(() => undefined)
    await sleep(50)
    await kill(pid)
    await statement
    return sql
      .begin(async (scope) => (await scope`select 'begun' as outcome`)[0].outcome)
      .catch(({ code }) => code)
  },

  /** What was to be written when the connection died is still there when the next one is made, and never written. */
  async deathBeforeItsWrite() {
    const { sql, die } = await mortal()
    // Writes are made once in a turn of the event loop: those of now in the next one, which the connection does not see.
    await turn()
    const first = sql`select 1`.catch(({ code }) => code)
    await die()
    const next = await Promise.race([
      first.then(() => sql`select 2`),
      sleep(1_000).then(() => 'still waiting'),
    ])
    return { first: await first, next }
  },

  /** Its BEGIN is "answered" by the next connection's handshake. */
  async deathUnderBegin() {
    const { sql, die } = await mortal()
    await admin`create table effect (name text)`
    let bothAreInside
    const inside = new Promise((resolve) => {
      bothAreInside = resolve
    })
    await sleep(1)
    await die()
    const one = sql.begin(async (scope) => {
      await inside
      await scope`insert into effect values ('written by one')`
    })
    await sleep(100)
    const other = sql.begin(async (scope) => {
      await scope`insert into effect values ('written by the other, which was rolled back')`
      bothAreInside()
      await sleep(200)
      throw new Error('The other wants to be rolled back')
    })
    await Promise.race([Promise.allSettled([one, other]), sleep(2_000)])
    return (await admin`select name from effect order by name`).map(({ name }) => name)
  },

  /** A proxy whose own server is down, for example. */
  async politeServer() {
    const sql = postgres(url, { ...options, max: 1, connect_timeout: 1 })
    return Promise.race([sql`select 1`.catch(({ code }) => code), sleep(1_000).then(() => 'still waiting')])
  },

  /** `drizzle` and `sql.begin` wait for a connection as long as it takes. */
  async exhaustedPool() {
    const sql = postgres(url, { ...options, max: 1, connect_timeout: 1 })
    sql.begin(() => new Promise(() => undefined)).catch(() => undefined)
    await sleep(100)
    return Promise.race([sql`select 1`.then(() => 'answered'), sleep(2_000).then(() => 'still waiting')])
  },
}

console.log(JSON.stringify(await hazards[hazard]()))
process.exit(0)
