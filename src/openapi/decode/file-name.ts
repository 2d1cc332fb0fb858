import { matchMediaType, parseMediaType } from '../../http/media-type.ts'

/** What servers run, wherever in a name it stands: some take `a.php.xml` for a program. */
const RUN = 'php php3 php4 php5 php7 phtml phar asp aspx ashx cer jsp jspx jsw cgi pl py rb sh bash'

/** What a browser or a machine makes of the end of a name, with the types that say the same. */
const TYPES: readonly (readonly [ends: string, types: string])[] = [
  [RUN, 'application/x-httpd-php text/x-php text/x-python text/x-sh application/x-sh'],
  ['exe dll com bat cmd msi ps1 vbs scr', 'application/x-msdownload application/octet-stream'],
  ['html htm shtml xhtml xht mht hta', 'text/html application/xhtml+xml'],
  ['js mjs cjs', 'text/javascript application/javascript'],
  ['svg svgz', 'image/svg+xml'],
  ['jar war', 'application/java-archive application/zip'],
  ['xml xsl xslt', 'text/xml application/xml application/*'],
  ['json', 'application/json application/*'],
  ['csv', 'text/csv text/plain application/csv application/vnd.ms-excel'],
  ['pdf', 'application/pdf'],
  ['png', 'image/png'],
  ['jpg jpeg', 'image/jpeg'],
  ['gif', 'image/gif'],
  ['webp', 'image/webp'],
  ['zip', 'application/zip application/x-zip-compressed'],
  ['mp4', 'video/mp4 audio/mp4'],
]

const TYPES_OF_END: ReadonlyMap<string, readonly string[]> = new Map(
  TYPES.flatMap(([ends, types]) => ends.split(' ').map((end) => [end, types.split(' ')] as const)),
)
const ANY: ReadonlySet<string> = new Set(['*/*', 'application/octet-stream'])
const PROGRAMS: ReadonlySet<string> = new Set(RUN.split(' '))

/**
 * Whether the name of a file says another type than those that the document declares for it: the type of a part is what
 * the client writes, and a server that keeps the file goes by its name [VAL-06]. Ends that nobody knows pass, and where
 * the document takes any bytes (`application/octet-stream`) every name does.
 */
export function namesOtherType(fileName: string, declared: readonly string[]): boolean {
  if (declared.some((type) => ANY.has(type.trim().toLowerCase()))) return false
  const [, ...ends] = fileName
    .toLowerCase()
    .split('.')
    .map((end) => end.trim())
  const isFit = (end: string): boolean => {
    const types = TYPES_OF_END.get(end)
    return types === undefined || types.some((type) => fits(type, declared))
  }
  return !ends.every((end, at) => (at === ends.length - 1 || PROGRAMS.has(end) ? isFit(end) : true))
}

function fits(type: string, declared: readonly string[]): boolean {
  const own = parseMediaType(type.replace('/*', '/x'))
  if (own === undefined) return false
  if (!type.endsWith('/*')) return matchMediaType(declared, own) !== undefined
  return declared.some((one) => one.trim().startsWith(type.slice(0, -1)))
}
