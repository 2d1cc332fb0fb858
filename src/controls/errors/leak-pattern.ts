/**
 * What only a program's own error text looks like: stack frames of twelve languages, SQL errors, file paths of
 * servers. Precise rather than complete, since a hit replaces an answer. Literals first, short bounded runs after, so
 * that matching stays linear.
 */
const LEAK = new RegExp(
  [
    String.raw`\bat [\w$.<>\[\] ]{1,120} \(?(?:file:\/\/|node:|\/|[A-Za-z]:\\)[^\s()]{1,200}:\d{1,7}`, // Node, Deno
    String.raw`(?:\b|\\t)at [\w$.]{1,200}\([\w$]{1,80}\.(?:java|kt|scala|groovy):\d{1,7}\)`, // JVM
    String.raw`Traceback \(most recent call last\)`, // Python
    String.raw`File \\?"[^"\\]{1,200}\.py\\?", line \d{1,7}`,
    String.raw`goroutine \d{1,9} \[`, // Go
    String.raw`(?:PHP )?(?:Fatal|Parse) error: {1,2}[^\n]{1,200} in \\?\/`, // PHP
    String.raw`#\d{1,3} \\?\/[^\s(]{1,200}\.php\(\d{1,7}\)`,
    String.raw`\bat [\w.<>\x60]{1,200}\([^)]{0,200}\) in [^\s:]{1,200}:line \d{1,7}`, // .NET
    String.raw`\.rb:\d{1,7}:in [\x60']`, // Ruby
    String.raw`thread '[^']{1,80}' panicked at`, // Rust
    String.raw`\*\* \(\w{1,80}Error\)`, // Elixir
    String.raw`ORA-\d{5}\b`,
    String.raw`SQLSTATE\[`,
    String.raw`SQLITE_(?:ERROR|CONSTRAINT|MISMATCH|RANGE)`,
    String.raw`You have an error in your SQL syntax`,
    String.raw`syntax error at or near \\?"`,
    String.raw`near \\?"[^"\\]{0,80}\\?": syntax error`,
    String.raw`Unclosed quotation mark after the character string`,
    String.raw`\b(?:pg_query|mysqli?_\w{1,40}|sqlite3?)\(?\)?: `,
  ].join('|'),
)

/** Longest part of a body that is looked at; an error text stands at the front. */
const MAX_SCANNED = 262_144

/** Whether a text shows the inside of a program. Escaped JSON is fine: the patterns need no line breaks, and know what a tab and a slash become in it. */
export function leaksInternals(text: string): boolean {
  return LEAK.test(text.length > MAX_SCANNED ? text.slice(0, MAX_SCANNED) : text)
}
