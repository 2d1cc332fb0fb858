import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { leaksInError, leaksInternals } from './leak-pattern.ts'

/** What programs really print, by language. */
const traces: [name: string, text: string][] = [
  [
    'Node',
    "TypeError: Cannot read properties of undefined (reading 'id')\n    at Layer.handle [as handle_request] (/app/node_modules/express/lib/router/layer.js:95:5)\n    at next (/app/x.js:1:2)",
  ],
  ['Node without a function name', 'Error: boom\n    at /srv/shop/routes/orders.js:12:11'],
  [
    'Node internals',
    'Error\n    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)',
  ],
  ['Node modules', 'Error\n    at async file:///app/dist/main.mjs:10:3'],
  ['Node on Windows', 'Error\n    at Object.<anonymous> (C:\\shop\\server.js:3:7)'],
  [
    'Express in HTML',
    '<pre>Error: no<br> &nbsp; &nbsp;at Object.&lt;anonymous&gt; (/app/server.js:9:11)<br></pre>',
  ],
  ['Deno', 'error: Uncaught Error: x\n    at file:///home/me/main.ts:4:9'],
  ['Safari style', 'handler@/app/main.js:10:5'],
  [
    'Java',
    'java.lang.NullPointerException: null\n\tat com.shop.OrderService.load(OrderService.java:42)\n\tat java.base/java.lang.Thread.run(Thread.java:829)',
  ],
  ['Java, one native frame', 'at sun.reflect.NativeMethodAccessorImpl.invoke0(Native Method)'],
  ['Java cause', 'Caused by: org.postgresql.util.PSQLException: ERROR: value too long'],
  ['Java, main thread', 'Exception in thread "main" Boom'],
  ['Kotlin', 'at shop.api.RoutesKt$main$1.invokeSuspend(Routes.kt:31)'],
  ['Scala', 'at controllers.Orders$.$anonfun$show$1(Orders.scala:17)'],
  [
    'Python',
    'Traceback (most recent call last):\n  File "/app/main.py", line 12, in show\n    x = 1 / 0\nZeroDivisionError: division by zero',
  ],
  ['Python, one frame', '  File "/app/views.py", line 12, in show'],
  ['Python, standard input', 'File "<stdin>", line 1, in <module>'],
  ['Python in HTML', 'File &quot;/app/views.py&quot;, line 12, in show'],
  ['Go', 'goroutine 19 [running]:\nmain.handler(0xc0000b4000)\n\t/app/main.go:25 +0x1d'],
  ['Go panic', 'panic: runtime error: index out of range [5] with length 3'],
  ['Go, one frame', '\t/go/src/shop/orders.go:25 +0x1d'],
  ['PHP', 'PHP Fatal error:  Uncaught Exception: no in /var/www/html/index.php:3'],
  [
    'PHP in HTML',
    '<b>Warning</b>:  Undefined variable $x in <b>/var/www/html/index.php</b> on line <b>7</b><br />',
  ],
  ['PHP frames', '#0 /var/www/html/index.php(12): load()\n#1 {main}'],
  ['PHP parse error', 'Parse error: syntax error, unexpected end of file in /srv/a.php on line 3'],
  ['.NET', '   at Shop.Orders.Controller.Get(Int32 id) in C:\\src\\Shop\\Controller.cs:line 42'],
  ['.NET on Linux', 'at Shop.Store`1.Find(String key) in /src/Shop/Store.cs:line 9'],
  ['.NET framework frames', 'at System.Text.Json.JsonSerializer.Deserialize[T](String json)'],
  [
    '.NET exception',
    'System.NullReferenceException: Object reference not set to an instance of an object.',
  ],
  ['.NET database', 'Microsoft.Data.SqlClient.SqlException (0x80131904): Login failed'],
  ['Ruby', "app/controllers/orders_controller.rb:12:in `show'"],
  ['Ruby 3.4', "/app/orders.rb:12:in 'Orders#show'"],
  ['Rails in HTML', 'app/orders.rb:12:in &#39;show&#39;'],
  ['Rust', "thread 'main' panicked at src/main.rs:4:5:\nindex out of bounds"],
  ['Rust, thread id', "thread 'tokio-runtime-worker' (1234) panicked at src/main.rs:4:5"],
  ['Elixir', '** (RuntimeError) boom\n    (shop 0.1.0) lib/shop/orders.ex:12: Shop.Orders.get/1'],
  ['Elixir, one frame', '(phoenix 1.7.2) lib/phoenix/router.ex:425: Phoenix.Router.__call__/5'],
  ['Erlang exit', '** (exit) an exception was raised'],
  ['Swift', 'App/main.swift:12: Fatal error: Unexpectedly found nil'],
  ['Swift 4', 'Fatal error: Index out of range: file Swift/ContiguousArray.swift, line 600'],
  ['C++', "terminate called after throwing an instance of 'std::out_of_range'"],
  ['Perl', 'Can\'t locate object method "x" via package "Y" at /srv/app.pl line 12.'],
  ['Dart', '#0      main (file:///app/bin/server.dart:5:3)'],
  ['Lua', "lua: shop.lua:3: boom\nstack traceback:\n\t[C]: in function 'error'"],
  ['Haskell', 'CallStack (from HasCallStack):\n  error, called at Main.hs:3:8'],
]

const databases: [name: string, text: string][] = [
  ['PostgreSQL syntax', 'ERROR: syntax error at or near "FROM"\nLINE 1: SELECT'],
  ['PostgreSQL unique', 'duplicate key value violates unique constraint "users_email_key"'],
  ['PostgreSQL table', 'relation "users" does not exist'],
  [
    'MySQL syntax',
    'You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version',
  ],
  ['MySQL unique', "Duplicate entry 'a@x.test' for key 'users.email'"],
  ['MySQL column', "Unknown column 'pasword' in 'field list'"],
  ['MySQL driver', "ER_NO_SUCH_TABLE: Table 'shop.userz' doesn't exist"],
  ['PDO', 'SQLSTATE[42S02]: Base table or view not found'],
  ['SQLite', 'SQLITE_ERROR: near "FORM": syntax error'],
  ['SQLite text', 'near "\'": syntax error'],
  ['SQLite column', 'no such column: pasword'],
  ['SQLite constraint', 'UNIQUE constraint failed: users.email'],
  ['Oracle', 'ORA-00942: table or view does not exist'],
  ['SQL Server', "Unclosed quotation mark after the character string ''."],
  ['SQL Server near', "Incorrect syntax near 'x'."],
  ['ODBC', '[Microsoft][ODBC Driver 17 for SQL Server]Login timeout'],
  ['MongoDB', 'E11000 duplicate key error collection: shop.users index: email_1'],
  ['Mongo driver', 'MongoServerError: bad auth'],
  ['Sequelize', 'SequelizeDatabaseError: column does not exist'],
  ['Prisma', 'Invalid `prisma.user.findUnique()` invocation'],
  ['SQLAlchemy', '(psycopg2.errors.UniqueViolation) duplicate'],
  ['Hibernate', 'could not execute statement; SQL [n/a]; constraint [uk_email]'],
  ['PHP function', 'Warning: mysqli_query(): Argument #1'],
  ['refused connection', 'connect ECONNREFUSED 10.0.0.5:5432'],
  ['unknown inner name', 'getaddrinfo ENOTFOUND orders-db'],
  ['Go connection', 'dial tcp 10.0.0.5:5432: connect: connection refused'],
  ['missing file', "ENOENT: no such file or directory, open '/app/config.json'"],
]

const places: [name: string, text: string][] = [
  ['path of a web root', 'cannot include /var/www/html/lib/db.php'],
  ['path of a home', 'config /home/deploy/shop/settings.py'],
  ['escaped path', '"\\/var\\/www\\/html\\/x.php"'],
  ['path on Windows', 'C:\\inetpub\\wwwroot\\web.config'],
  ['inner address', 'no answer from 10.1.2.3:8080'],
  ['inner address of 172.16/12', 'no answer from 172.20.0.3:8080'],
  ['cluster name', 'upstream orders.shop.svc.cluster.local'],
  ['server banner', '<center>nginx/1.18.0 (Ubuntu)</center>'],
  ['Tomcat banner', '<h3>Apache Tomcat/9.0.31</h3>'],
]

/** Texts that speak of errors, SQL and files, as APIs and people do. */
const harmless: readonly string[] = [
  'Order 7 was not found',
  'An error occurred',
  'Internal error',
  'error at checkout',
  'SQL is taught on Mondays',
  'You have an error in your form',
  'syntax error',
  'syntax error in query parameter "filter"',
  'near the station',
  'The column "price" is required',
  'column "price" does not exist in the upload',
  'no such user: ann',
  'no such table: 12',
  'file main.py was uploaded',
  'Invalid file: report.php',
  'line 12 of the order is wrong',
  'File "report.csv", line 12 is not a number',
  'at 10:30 (local time)',
  'Meet at the office (room 3:10)',
  'see you at noon',
  'at most (5)',
  'Delivered at Oslo (NO)',
  'https://example.com/at/(x):1:2',
  'open from 10:00:00 to 12:00:00',
  'ratio 3:4:5',
  'IPv6 ::1 at port 80',
  'panic at the disco',
  "thread 'sales' was closed",
  'Goroutine scheduling explained',
  'goroutine 5 is busy',
  'Exception: Sundays',
  'no exceptions',
  'ExceptionRequest accepted',
  'com.example.app',
  'org.acme.Order',
  'com.amazon.coral.validate#ValidationException',
  'System.out',
  'System is down',
  'The System. Exception made',
  'Warning: stock is low in Oslo',
  'Notice: closed on Monday',
  'Fatal error in payment',
  'Deprecated: use v2 in 2027',
  'caused by weather',
  'Caused by: a lorry',
  'stack of books',
  'trace of metal',
  'traceback available',
  'ORA-12 is a bus line',
  'E1100 voucher',
  'SQLSTATES of matter',
  'ENOENT',
  'connect to Wi-Fi',
  'ER_ visits',
  '#1 in sales',
  '#1 bestseller (main)',
  '** (sold out) **',
  '** (Error free) offer',
  'main.swift is a file',
  '2026-01-01T00:00:00.000Z',
  'duplicate email',
  'Duplicate entry',
  'unique constraint',
  'relation of Ann',
  'Unclosed bracket',
  'The value must be one of: open, done',
  'must match pattern "^[a-z]+$"',
  'mysql course',
  'sqlite3 driver',
  'prisma.io',
  '"file":"invoice.pdf","line":3',
  'a@b.js',
  'package:shop',
  'Invalid `sort`',
  'address 10.0.0.5',
  '/var/log',
  '/home',
  'C:\\',
  '/opt in or out',
  'nginx course',
  'PHP 8',
  'v1.18.0',
  'local news',
  'internal memo',
  '/srv/main',
  'GET /orders/7 returned 404',
  "Can't find it at line 12.",
]

suite('what shows the inside of a program', () => {
  for (const [name, text] of [...traces, ...databases]) {
    test(`finds ${name}`, () => {
      assert.ok(leaksInternals(text))
      assert.ok(leaksInternals(`{"message":${JSON.stringify(text)}}`), 'escaped for JSON')
      assert.ok(leaksInError(`<p>${text}`), 'in an error')
    })
  }
  for (const [name, text] of places) {
    test(`finds ${name} in an error only`, () => {
      assert.ok(leaksInError(text))
      assert.equal(leaksInternals(text), false)
    })
  }
  for (const text of harmless) {
    test(`lets pass: ${text}`, () => {
      assert.equal(leaksInError(text), false)
      assert.equal(leaksInError(JSON.stringify({ message: text })), false)
    })
  }
})

test('finds frames that a framework wrote as JSON', () => {
  const frame = '"exception":"E","file":"\\/var\\/www\\/html\\/app\\/Orders.php","line":257'
  assert.ok(leaksInternals(`{"message":"x",${frame},"trace":[]}`))
})

test('looks at the first 256 KiB only', () => {
  assert.equal(leaksInternals(`${'x'.repeat(262_144)} ORA-00942: gone`), false)
})

const SIZE = 262_144
/** What never ends in seconds is the fault looked for: 256 KiB of steps squared would take minutes. */
const MAX_MS = 3000
/** Beginnings that patterns hope to finish. */
const pieces = [
  'at ',
  'at a(',
  'at /',
  'at a.a.a(x) in ',
  'Fatal error: x in ',
  'Warning: .php in /',
  'near "syntax error',
  'File "a, line ',
  '/a.go:',
  '#1 /a.php(',
  'java.a.a.a.',
  'Exception',
  'System.A.',
  '(a.ex:',
  '#1  a (file:.dart',
  '** (aError',
  ' at a.pl line ',
  'relation "does not exist',
  'a@/.js:',
  "thread 'panicked at",
  '"file":"/"line"',
  ' ',
  '"',
  '\\',
  'a',
  '1',
  '.',
  '/',
  '(',
  ':',
]

function slowestMs(text: string): number {
  leaksInError(text.slice(0, 2000))
  // The best of three: a pause of the machine is no slow pattern.
  const times = [1, 2, 3].map(() => {
    const startedAt = performance.now()
    leaksInError(text)
    return performance.now() - startedAt
  })
  return Math.min(...times)
}

test('no hostile text is slow', () => {
  for (const piece of pieces) {
    const text = piece.repeat(Math.ceil(SIZE / piece.length)).slice(0, SIZE)
    const ms = slowestMs(text)
    assert.ok(ms < MAX_MS, `${piece} took ${ms.toFixed(1)} ms`)
  }
})

test('no mixture of hostile pieces is slow', () => {
  const mixture = fc.array(fc.constantFrom(...pieces), { minLength: 2, maxLength: 12 })
  fc.assert(
    fc.property(mixture, (parts) => {
      const unit = parts.join('')
      const text = unit.repeat(Math.ceil(SIZE / unit.length)).slice(0, SIZE)
      assert.ok(slowestMs(text) < MAX_MS)
    }),
    { numRuns: 25 },
  )
})
