import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Manifest {
  readonly name: string
  readonly files?: readonly string[]
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

export interface Unpacked {
  readonly bytes: number
  /** How many packages that is, with the one that was asked for. */
  readonly count: number
}

/** What installing a package puts on the disk: itself, its dependencies and its peers that are not optional. */
export async function unpackedSize(name: string, from: URL): Promise<Unpacked> {
  const sizes = new Map<string, number>()
  await add(name, dirname(fileURLToPath(from)), sizes)
  return { bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0), count: sizes.size }
}

async function add(name: string, from: string, sizes: Map<string, number>): Promise<void> {
  const folder = await folderOf(name, from)
  if (sizes.has(folder)) return
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest
  const own = manifest.name.startsWith('@posthorn/')
  // What npm would publish of ours; the others are as they were published.
  const parts = own ? ['package.json', 'README.md', ...(manifest.files ?? [])] : ['.']
  const published = await Promise.all(parts.map((part) => sizeOf(join(folder, part))))
  sizes.set(
    folder,
    published.reduce((sum, size) => sum + size, 0),
  )
  const { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = manifest
  const peers = Object.keys(peerDependencies).filter((peer) => peerDependenciesMeta[peer]?.optional !== true)
  for (const needed of [...Object.keys(dependencies), ...peers]) await add(needed, folder, sizes)
}

/** As Node finds it: in the `node_modules` of this folder or of one above it. */
async function folderOf(name: string, from: string): Promise<string> {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = await realpath(join(folder, 'node_modules', name)).catch(() => undefined)
    if (found !== undefined) return found
    if (dirname(folder) === folder) throw new Error(`${name} is not installed for ${from}`)
  }
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return 0
  if (!found.isDirectory()) return found.size
  const names = (await readdir(path)).filter((name) => name !== 'node_modules')
  const sizes = await Promise.all(names.map((name) => sizeOf(join(path, name))))
  return sizes.reduce((sum, size) => sum + size, 0)
}
