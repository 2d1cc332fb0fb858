/**
 * What a user agent says that it is. `attack`: a tool made to find holes or to guess; `library`: a program, which may
 * be an honest client of an API; `browser`: claims to be one; `none`: says nothing.
 */
export type AgentKind = 'attack' | 'library' | 'browser' | 'other' | 'none'

/** Names that tools for attacks give themselves unless told otherwise; they stand at a word's begin. */
const ATTACK_TOOLS =
  /(?:^|[^a-z])(?:sqlmap|nikto|nuclei|wpscan|gobuster|dirbuster|feroxbuster|ffuf|wfuzz|dirb|dirsearch|masscan|zgrab|nmap|hydra|medusa|openbullet|silverbullet|sentry ?mba|acunetix|netsparker|nessus|openvas|arachni|w3af|skipfish|commix|xsstrike|jaeles|whatweb|joomscan|burp(?:suite|collaborator)|owasp[ _-]zap|zaproxy|havij|katana|httpx(?: - open-source)|fuzz faster u fool|l9explore|l9tcpid|censysinspect|expanse|leakix|morfeus|zmeu|jorgee)(?![a-z])/i

const LIBRARIES =
  /^(?:curl|wget|python|aiohttp|httpx|go-http-client|java|okhttp|apache-httpclient|axios|node|undici|got|libwww-perl|lwp|ruby|faraday|guzzlehttp|php|postmanruntime|insomnia|httpie|restsharp|dart|cfnetwork|scrapy|mechanize|reqwest|hyper|k6|vegeta|wrk|hey|ab|locust|puppeteer)(?![a-z])/i

/** Browsers without a window: they say so themselves. */
const HEADLESS = /headlesschrome|phantomjs|slimerjs|electron-puppeteer/i

const BROWSER = /^Mozilla\/5\.0 \(.{2,200}\).*(?:Chrome|Firefox|Safari|Edg)\//

const MAX_CHARS = 1024

/** Never throws; texts over 1,024 characters are judged by their begin. */
export function agentKind(agent: string): AgentKind {
  const text = agent.slice(0, MAX_CHARS)
  if (text.trim() === '') return 'none'
  if (ATTACK_TOOLS.test(text)) return 'attack'
  if (LIBRARIES.test(text) || HEADLESS.test(text)) return 'library'
  return BROWSER.test(text) ? 'browser' : 'other'
}

/** Whether a browser of this agent sends `Sec-Fetch-…` to secure places: Chrome 80, Firefox 90, Safari 16.4 and later. */
export function sendsFetchMetadata(agent: string): boolean {
  const chrome = /(?:Chrome|CriOS)\/(\d{1,4})/.exec(agent)
  if (chrome !== null) return Number(chrome[1]) >= 80 && !agent.includes('CriOS')
  const firefox = /Firefox\/(\d{1,4})/.exec(agent)
  if (firefox !== null) return Number(firefox[1]) >= 90
  const safari = /Version\/(\d{1,3})(?:\.(\d{1,3}))?.*Safari\//.exec(agent)
  if (safari === null) return false
  const [, major = '0', minor = '0'] = safari
  return Number(major) > 16 || (Number(major) === 16 && Number(minor) >= 4)
}
