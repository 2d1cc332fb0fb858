// Plain JavaScript that old versions of Node can parse: says in one line what is missing before a script in
// TypeScript would die of a syntax error. npm puts node_modules/.bin, and with it the packaged Node, first in PATH.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 15)) {
  console.error(
    'Sallyport needs Node 24.15 or newer; this is ' +
      process.versions.node +
      ' (' +
      process.execPath +
      ').\n' +
      'On Linux x64 `npm ci` brings one, run it through npm; elsewhere install one from https://nodejs.org',
  )
  process.exit(1)
}
