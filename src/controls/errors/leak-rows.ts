/** Literals, one of which every hit holds, and the pattern the text is held against. */
export type LeakRow = readonly [literals: readonly string[], pattern: string]

/** A quote, plain or escaped for JSON or HTML. */
const QUOTE = String.raw`(?:\\?["'\x60]|&quot;|&#0?3[49];|&#x2[27];|\\u002[27])`
const LANGLE = String.raw`(?:<|&lt;|\\u003[cC])`
/** The start of an absolute path, escaped or not, or of a module of the runtime. */
const FILE = String.raw`(?:(?:file|webpack|webpack-internal|node|ext|bun|deno):|\.?\/|[A-Za-z]:\\)`
const ROOT = String.raw`(?:\\?\/|[A-Z]:\\)`
const JAVA = String.raw`(?:java|javax|jakarta|org|com|net|io|kotlin|scala)`

/** Stack frames and crash reports of twelve languages and more. */
export const TRACES: readonly LeakRow[] = [
  // Node, Deno, Bun: `at handler (/app/x.js:10:5)`, `at /app/x.js:10:5`, `at async f (node:internal/x:1:2)`
  [
    ['at '],
    String.raw`\bat (?:[^\s()][^()\n\\]{0,119} \(|async |)${FILE}[^\s()]{1,200}:\d{1,7}:\d{1,7}\b`,
  ],
  [
    ['.js:', '.ts:', '.mjs:', '.cjs:'],
    String.raw`\w@(?:file:\/\/)?\/[^\s()]{1,200}\.[cm]?[jt]sx?:\d{1,7}:\d{1,7}`,
  ],
  // JVM: `at com.shop.Order.load(Order.java:42)`
  [
    ['at '],
    String.raw`\bat [\w$.\/@<>]{1,200}\((?:[\w$-]{1,80}\.(?:java|kt|kts|scala|groovy|clj):\d{1,7}|Native Method|Unknown Source)\)`,
  ],
  [
    ['Exception', 'Error'],
    String.raw`\b${JAVA}\.(?:[a-z]\w{0,40}\.){1,8}[A-Z]\w{0,60}(?:Exception|Error)\b`,
  ],
  [['Exception in thread '], String.raw`Exception in thread ${QUOTE}`],
  // Python
  [['Traceback (most recent call last)'], String.raw`Traceback \(most recent call last\)`],
  [
    [', line '],
    String.raw`File ${QUOTE}(?:[^"\\&]{1,200}\.py|${LANGLE}[\w. ]{1,60}(?:>|&gt;|\\u003[eE]))${QUOTE}, line \d`,
  ],
  // Go
  [['goroutine '], String.raw`goroutine \d{1,9} \[`],
  [['panic: '], String.raw`panic: (?:runtime error|assignment to entry|interface conversion)`],
  [['.go:'], String.raw`\/[\w.\/@-]{1,200}\.go:\d{1,7} \+0x[0-9a-f]`],
  // PHP
  [
    [' error'],
    String.raw`(?:Fatal|Parse|Catchable fatal|Recoverable fatal) error(?:<\/b>)?: {1,3}[^\n]{1,300}? in (?:<b>)?${ROOT}`,
  ],
  [
    ['.php'],
    String.raw`(?:Warning|Notice|Deprecated)(?:<\/b>)?: {1,3}[^\n]{1,300}? in (?:<b>)?${ROOT}[^\s<]{1,200}\.php(?:<\/b>)? on line`,
  ],
  [['.php'], String.raw`#\d{1,3} ${ROOT}[^\s(]{1,200}\.php\(\d{1,7}\)`],
  // .NET
  [
    ['at '],
    String.raw`\bat [\w.<>\x60\[\],+]{1,200}\([^)\n]{0,200}\) in [^\n]{1,200}?:line \d{1,7}`,
  ],
  [['at '], String.raw`\bat (?:System|Microsoft)\.[\w.\x60<>+\[\],]{1,200}\(`],
  [
    ['Exception'],
    String.raw`\b(?:System|Microsoft|Npgsql|MySql)\.(?:\w{1,40}\.){0,6}\w{0,40}Exception\b`,
  ],
  // Ruby
  [['.rb:'], String.raw`\.rb:\d{1,7}:in (?:${QUOTE}|\\u0060|&#0?39;)`],
  // Rust
  [['panicked at'], String.raw`thread ${QUOTE}[^'"\\]{1,80}${QUOTE} (?:\(\d{1,9}\) )?panicked at`],
  // Elixir and Erlang
  [['** ('], String.raw`\*\* \((?:[A-Z][\w.]{0,80}Error|EXIT from [^\n)]{1,40}|exit|throw|stop)\)`],
  [['.ex'], String.raw`\([\w.]{1,60}(?: \d[\w.-]{0,20})?\) [\w.\/]{1,200}\.exs?:\d{1,7}: `],
  // Swift, C++, Perl, Dart, Lua, Haskell
  [['.swift'], String.raw`\.swift:\d{1,7}: Fatal error|Fatal error: [^\n]{1,300}?\.swift`],
  [['terminate called'], String.raw`terminate called after throwing an instance of`],
  [[' line '], String.raw` at (?:\/[^\s]{1,200}|[\w.-]{1,80})\.(?:pl|pm|cgi) line \d{1,7}\.`],
  [['.dart'], String.raw`#\d{1,4} {1,8}[\w.<>]{1,100} \((?:package|dart|file):[^\s)]{1,200}\)`],
  [['stack traceback:'], String.raw`stack traceback:`],
  [['CallStack (from HasCallStack)'], String.raw`CallStack \(from HasCallStack\)`],
  // Frameworks that write frames as JSON
  [
    ['"line"'],
    String.raw`"file": ?"(?:\\?\/|[A-Z]:\\\\)[^"]{1,300}\.(?:php|py|rb|[cm]?[jt]s|java|cs|go|exs?)", ?"line": ?\d`,
  ],
]

/** What databases and failed connections say. */
export const DATABASES: readonly LeakRow[] = [
  [['ORA-'], String.raw`\bORA-\d{5}: `],
  [['SQLSTATE'], String.raw`SQLSTATE(?:\[\w{2,5}\]|[=:] ?\w{5}\b)`],
  [
    ['SQLITE_'],
    String.raw`\bSQLITE_(?:ERROR|CONSTRAINT|MISMATCH|RANGE|BUSY|LOCKED|READONLY|CORRUPT|CANTOPEN|MISUSE)`,
  ],
  [['in your SQL syntax'], String.raw`You have an error in your SQL syntax`],
  [['syntax error'], String.raw`syntax error at or near ${QUOTE}`],
  [['syntax error'], String.raw`near ${QUOTE}[^"\\&]{0,80}${QUOTE}: syntax error`],
  [['Unclosed quotation mark'], String.raw`Unclosed quotation mark (?:after|before) the character`],
  [['Incorrect syntax near'], String.raw`Incorrect syntax near (?:the keyword )?${QUOTE}`],
  [['duplicate key value'], String.raw`duplicate key value violates unique constraint`],
  [['does not exist'], String.raw`\brelation ${QUOTE}[\w.]{1,120}${QUOTE} does not exist`],
  [['no such '], String.raw`no such (?:table|column): [A-Za-z_][\w.]{0,120}`],
  [['constraint failed'], String.raw`\b(?:UNIQUE|NOT NULL|CHECK|FOREIGN KEY) constraint failed`],
  [['Duplicate entry'], String.raw`Duplicate entry ${QUOTE}[^'"\n]{0,200}${QUOTE} for key`],
  [['Unknown column'], String.raw`Unknown column ${QUOTE}[\w.]{1,120}${QUOTE} in ${QUOTE}`],
  [
    ['ER_'],
    String.raw`\bER_(?:PARSE_ERROR|DUP_ENTRY|NO_SUCH_TABLE|BAD_FIELD_ERROR|ACCESS_DENIED_ERROR|SYNTAX_ERROR|ROW_IS_REFERENCED|NO_REFERENCED_ROW)`,
  ],
  [['E11000'], String.raw`\bE11000 duplicate key error`],
  [['mysql', 'pg_'], String.raw`\b(?:pg_(?:query|connect|exec)|mysqli?_\w{1,40})\(\): `],
  [
    ['psycopg2.', 'sqlite3.', 'pymysql.', 'MySQLdb.', 'asyncpg.'],
    String.raw`\b(?:psycopg2|sqlite3|pymysql|MySQLdb|asyncpg)\.(?:\w{1,30}\.){0,3}\w{1,40}(?:Error|Violation)\b`,
  ],
  [
    ['Sequelize', 'Mongo', 'PrismaClient', 'QueryFailed'],
    String.raw`\b(?:Sequelize\w{1,40}|Mongo\w{0,20}|PrismaClient\w{1,30}|QueryFailed)Error\b`,
  ],
  [['prisma.'], String.raw`Invalid ${QUOTE}prisma\.[\w.]{1,80}\(\)`],
  [['could not execute '], String.raw`could not execute (?:statement|query); SQL \[`],
  [['ODBC', 'OLE DB'], String.raw`Microsoft OLE DB Provider for|\[(?:Microsoft|unixODBC)\]\[ODBC`],
  [
    ['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', 'EHOSTUNREACH', 'EAI_AGAIN'],
    String.raw`\b(?:connect (?:ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH)|getaddrinfo (?:ENOTFOUND|EAI_AGAIN)) `,
  ],
  [['dial tcp'], String.raw`\bdial tcp [\w.:\[\]-]{1,80}: `],
  [['ENOENT', 'EACCES'], String.raw`\b(?:ENOENT: no such file|EACCES: permission denied)`],
]

/** What only tells something in an error: paths of servers, addresses inside, names and versions of software. */
export const PLACES: readonly LeakRow[] = [
  [
    ['/var/', '/usr/', '/home/', '/srv/', '/opt/', String.raw`\/`],
    String.raw`\\?\/(?:var\\?\/www|usr\\?\/(?:src|local|lib|share)|home\\?\/[\w.-]{1,40}|srv|opt)\\?\/[\w.\\\/@-]{1,200}\.(?:php|phtml|py|rb|[cm]?[jt]sx?|java|jar|class|go|rs|exs?|cs|pl|conf|ini|ya?ml|env|sqlite3?|db|sock)\b`,
  ],
  [
    [':\\'],
    String.raw`\b[A-Z]:\\{1,2}(?:inetpub|Users|Windows|Program Files|xampp|wamp\d{0,2}|www)\b`,
  ],
  [
    ['10.', '192.168.', '172.'],
    String.raw`\b(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}:\d{2,5}\b`,
  ],
  [
    ['.local', '.internal'],
    String.raw`\b[\w-]{1,63}\.(?:[\w-]{1,63}\.){0,4}(?:svc\.cluster\.local|internal):\d{2,5}\b|\.svc\.cluster\.local\b`,
  ],
  [
    [
      'nginx/',
      'Apache',
      'Tomcat/',
      'IIS/',
      'PHP/',
      'Werkzeug/',
      'gunicorn/',
      'Jetty',
      'openresty/',
      'Phusion',
    ],
    String.raw`\b(?:nginx|openresty|Apache(?: Tomcat)?|Microsoft-IIS|PHP|Werkzeug|gunicorn|Phusion Passenger)\/\d{1,3}\.\d|\bPowered by Jetty:\/\/`,
  ],
]
