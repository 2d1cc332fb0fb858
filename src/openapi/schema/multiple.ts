/** Decimals of as many digits are told apart by doubles: at most one stands for each. */
const MAX_EXACT = 1e15
/** Powers of ten up to this are exact as doubles. */
const MAX_POWER = 22

/**
 * Whether a value is a whole multiple of `divisor`, in exact decimal arithmetic (0.0075 is one of 0.0001).
 * @see JSON Schema Validation section 6.2.1
 */
export function multipleOf(divisor: number): (value: number) => boolean {
  const { digits, exponent } = decimalOf(divisor)
  const whole = Number(digits)
  const scale = 10 ** Math.abs(exponent)
  const isPlain = Math.abs(exponent) <= MAX_POWER && whole <= MAX_EXACT
  return (value) => {
    if (Number.isSafeInteger(value) && Number.isSafeInteger(divisor)) return value % divisor === 0
    if (!Number.isFinite(value)) return false
    const units = isPlain ? Math.round(value / divisor) * whole : Infinity
    // Both numbers are exact, so their quotient is the double nearest to the decimal, which only that decimal is read as.
    if (Math.abs(units) <= MAX_EXACT)
      return (exponent < 0 ? units / scale : units * scale) === value
    return isMultipleExactly(value, { digits, exponent })
  }
}

interface Decimal {
  readonly digits: bigint
  readonly exponent: number
}

function isMultipleExactly(value: number, b: Decimal): boolean {
  const a = decimalOf(value)
  const exponent = Math.min(a.exponent, b.exponent)
  const scaled = (d: Decimal): bigint => d.digits * 10n ** BigInt(d.exponent - exponent)
  return scaled(a) % scaled(b) === 0n
}

function decimalOf(value: number): Decimal {
  const [mantissa = '0', exponent = '0'] = value.toExponential().split('e')
  const [whole = '0', fraction = ''] = mantissa.split('.')
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length }
}
