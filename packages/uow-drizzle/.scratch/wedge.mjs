import postgres from 'postgres'

const url = 'postgres://postgres@127.0.0.1:21432/postgres'
const admin = postgres(url, { max: 3, fetch_types: false, onnotice() {} })
await admin`drop table if exists w`
await admin`create table w(id int)`
process.on('uncaughtException', (e) => console.log('UNCAUGHT', e.message))
process.on('unhandledRejection', (e) => console.log('UNHANDLED', e.message))
const sql = postgres(url, { max: 1, fetch_types: false, connect_timeout: 3, onnotice() {} })
const [{ pid }] = await sql`select pg_backend_pid() pid`
const lock = admin.begin(async (t) => {
  await t`lock table w in access exclusive mode`
  await new Promise((r) => setTimeout(r, 600))
})
await new Promise((r) => setTimeout(r, 200))
const q = sql.unsafe('select * from w where id = $1', [1], { prepare: true }).then(
  () => console.log('??'),
  (e) => console.log('query', e.code),
)
await new Promise((r) => setTimeout(r, 100))
await admin`select pg_terminate_backend(${pid})`
await q
await lock
for (let i = 0; i < 3; i++) {
  const t = Date.now()
  await Promise.race([
    sql`select 1 as x`.then(
      (r) => console.log('ok', r[0], Date.now() - t),
      (e) => console.log('after', e.code, Date.now() - t),
    ),
    new Promise((r) =>
      setTimeout(() => {
        console.log('hang')
        r()
      }, 6000),
    ),
  ])
}
process.exit()
