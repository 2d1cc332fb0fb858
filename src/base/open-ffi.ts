import type * as Ffi from 'node:ffi'

/** Where what is called by it was looked at and tested (docs/decisions/0020). */
const TESTED: ReadonlySet<string> = new Set(['linux x64 26'])

/** `node:ffi`; `undefined` on a platform or version that was not tested, or where it is switched off. */
export function openFfi(): typeof Ffi | undefined {
  const { platform, arch, versions } = process
  if (!TESTED.has(`${platform} ${arch} ${versions.node.split('.')[0]}`)) return undefined
  // The warning that it is experimental is for who writes code, not for who runs it: the versions are pinned here.
  const emitWarning = process.emitWarning.bind(process)
  process.emitWarning = () => undefined
  try {
    return process.getBuiltinModule('node:ffi')
  } catch {
    // Refused by the permission model.
    return undefined
  } finally {
    process.emitWarning = emitWarning
  }
}
