/**
 * The layers of src/, from the bottom up, and what each may import. A layer not named here doesn't
 * exist; an import not named here is a mistake.
 */
export interface Layer {
  readonly folder: string
  readonly imports: readonly string[]
  /** No file system, network, process or clock: these modules of Node's alone. */
  readonly pure?: boolean
}

export const LAYERS: readonly Layer[] = [
  { folder: 'src/base', imports: [] },
  { folder: 'src/gen', imports: [] },
  { folder: 'src/diag', imports: ['src/base'] },
  { folder: 'src/ssh', imports: ['src/base'], pure: true },
  { folder: 'src/x509', imports: ['src/base'], pure: true },
  { folder: 'src/policy', imports: ['src/base'], pure: true },
  { folder: 'src/trust', imports: ['src/base', 'src/x509'], pure: true },
  { folder: 'src/rpc', imports: ['src/base', 'src/gen'] },
  {
    folder: 'src/auth',
    imports: ['src/base', 'src/ssh', 'src/x509', 'src/policy', 'src/trust'],
    pure: true,
  },
  { folder: 'src/auth/store', imports: ['src/auth', 'src/base', 'src/trust'] },
  {
    folder: 'src/auth/rpc',
    imports: ['src/auth', 'src/base', 'src/gen', 'src/rpc', 'src/ssh', 'src/trust', 'src/x509'],
  },
  { folder: 'src/client', imports: ['src/base', 'src/gen', 'src/rpc', 'src/trust', 'src/x509'] },
  {
    folder: 'src/identity',
    imports: ['src/base', 'src/ssh', 'src/x509', 'src/trust', 'src/client'],
  },
  {
    folder: 'src/node',
    imports: ['src/base', 'src/ssh', 'src/x509', 'src/trust', 'src/client', 'src/identity'],
  },
  {
    folder: 'src/cli',
    imports: [
      'src/base',
      'src/gen',
      'src/diag',
      'src/ssh',
      'src/x509',
      'src/policy',
      'src/trust',
      'src/auth',
      'src/auth/store',
      'src/auth/rpc',
      'src/client',
      'src/identity',
      'src/node',
    ],
  },
]

/** What a pure layer may use of Node. */
export const PURE_MODULES: ReadonlySet<string> = new Set(['node:buffer', 'node:crypto', 'node:net'])

/** Packages that only some layers may import. */
export const CONFINED_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  '@grpc/grpc-js': ['src/rpc', 'src/auth/rpc', 'src/client'],
  '@bufbuild/protobuf': ['src/gen', 'src/rpc', 'src/auth/rpc', 'src/client'],
  'node:sqlite': ['src/auth/store', 'src/base'],
  pg: ['src/auth/store'],
  commander: ['src/cli'],
  pino: ['src/base'],
  yaml: ['src/base', 'src/policy'],
  zod: ['src/policy'],
  re2js: ['src/policy'],
}

/** The innermost layer that the file belongs to. */
export function layerOf(file: string): Layer | undefined {
  return LAYERS.filter(({ folder }) => file.startsWith(`${folder}/`)).sort(
    (a, b) => b.folder.length - a.folder.length,
  )[0]
}

/**
 * What the rules say of one import, or undefined where it is allowed.
 *
 * @param target a path from the root for a file of ours, else the specifier as it stands
 */
export function judgeImport(file: string, target: string): string | undefined {
  const layer = layerOf(file)
  if (!layer) return `${file} is in no layer: name its folder in scripts/layers.ts`
  if (target.startsWith('src/')) {
    const other = layerOf(target)
    if (other === layer || (other && layer.imports.includes(other.folder))) return undefined
    return `${layer.folder} may import ${list(layer.imports)}, not ${other?.folder ?? target}`
  }
  const name = packageOf(target)
  const confined = CONFINED_PACKAGES[name]
  if (confined && !confined.includes(layer.folder))
    return `only ${list(confined)} may import ${name}`
  if (layer.pure && name.startsWith('node:') && !PURE_MODULES.has(name)) {
    return `${layer.folder} is pure: it may use ${list([...PURE_MODULES])} of Node, not ${name}`
  }
  return undefined
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/')
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '')
}

function list(names: readonly string[]): string {
  return names.length > 0 ? names.join(', ') : 'nothing'
}
