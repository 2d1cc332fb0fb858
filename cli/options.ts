import type { Command } from 'commander'

/** Adds the flags by which a command finds its configuration, and `--json`. */
export function withConfigFlags(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file (default: ./sallyport.yaml)')
    .option('--openapi <file>', 'OpenAPI document, instead of a configuration file')
    .option('--upstream <url>', 'where the API runs, with --openapi')
    .option('--json', 'print JSON')
}
