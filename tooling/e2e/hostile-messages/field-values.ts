/** What a field holds; with a question mark it may be null or absent. */
export type FieldKind =
  | 'reference'
  | 'quantity'
  | 'quantityOrNone'
  | 'version'
  | 'date?'
  | 'email'
  | 'email?'
  | 'subject'
  | 'mailText'
  | 'reason'
  | 'stocks?'

interface FieldValues {
  /** As JSON; null leaves the field out. */
  readonly bad: readonly (string | null)[]
  readonly good: readonly (string | null)[]
}

const text = (value: string) => JSON.stringify(value)
const NO_TEXT = ['0', '-1.5', 'true', '[]', '{}', '["x"]']
const NO_NUMBER = [null, 'null', 'true', '[]', '{}', '""', '"1"', '"NaN"', '"Infinity"', '"1e3"', '[1]']
const FRACTIONS_AND_GIANTS = ['1.5', '0.1', '-1', '-1e30', '9007199254740992', '1e30', '1e999', '-1e999']
const HALF_CHARACTERS = ['"\\ud800"', '"a\\udc00b"', '"\\udc00\\ud800"']
const INVISIBLE = [
  '"\\u0000"',
  '"a\\u0000b"',
  '"a\\r\\nb"',
  '"\\u001b[31m"',
  '"\\u202eabc"',
  '"a\\u200bb"',
  '"a\\u2028b"',
]
/** What breaks those who count characters, build queries, or look things up in plain objects. */
const ODD = [
  '🛋️',
  'e\u0301',
  'İ',
  '日本語',
  '__proto__',
  'constructor',
  'NaN',
  "'; drop table products; --",
  '%s%n',
  '../../etc/passwd',
  '<b>&amp;',
].map(text)

const oneLine = (max: number): FieldValues => ({
  bad: [
    null,
    'null',
    ...NO_TEXT,
    '""',
    '" "',
    '"\\ufeff"',
    ...HALF_CHARACTERS,
    ...INVISIBLE,
    text('x'.repeat(max + 1)),
  ],
  good: [...ODD, text('x'.repeat(max)), text('🛋'.repeat(max / 2)), '" x "', '"\\ufeffx"'],
})

const NO_EMAIL = [
  ...NO_TEXT,
  ...[
    '',
    'x',
    '@',
    'a@b',
    'a b@c.de',
    'a@b.de\u0000',
    'a@b.de\r\nBcc: c@d.ef',
    `${'a'.repeat(250)}@b.de`,
  ].map(text),
]

/** For each kind of field what it refuses and what it takes. */
export const FIELD_VALUES: Readonly<Record<FieldKind, FieldValues>> = {
  reference: oneLine(64),
  subject: oneLine(200),
  mailText: {
    bad: [
      null,
      'null',
      ...NO_TEXT,
      '""',
      '"\\u0000"',
      '"\\r\\n"',
      '"\\u001b[31m"',
      ...HALF_CHARACTERS,
      text('x'.repeat(10_001)),
    ],
    good: [...ODD, '"a\\n\\tb"', text('x'.repeat(10_000))],
  },
  quantity: {
    bad: [...NO_NUMBER, ...FRACTIONS_AND_GIANTS, '0', '-0', '1000000001'],
    good: ['1', '1.0', '1e9', '1000000000'],
  },
  quantityOrNone: {
    bad: [...NO_NUMBER, ...FRACTIONS_AND_GIANTS, '1000000001'],
    good: ['0', '-0', '1000000000'],
  },
  version: { bad: [...NO_NUMBER, ...FRACTIONS_AND_GIANTS, '0', '2147483648'], good: ['1', '2147483647'] },
  'date?': {
    bad: [
      ...NO_TEXT,
      ...[
        '',
        '2025-02-30',
        '2025-02-29',
        '2025-13-01',
        '2025-00-10',
        '2025-01-00',
        '0000-01-01',
        '2025-1-1',
      ].map(text),
      ...['20250101', ' 2025-01-01', '2025-01-01T00:00:00Z', '10000-01-01', '-2025-01-01', '２025-01-01'].map(
        text,
      ),
    ],
    good: [null, 'null', '"2024-02-29"', '"1000-01-01"', '"9999-12-31"'],
  },
  email: { bad: [null, 'null', ...NO_EMAIL], good: ['"a@b.de"'] },
  'email?': { bad: NO_EMAIL, good: [null, 'null', '"a@b.de"'] },
  reason: {
    bad: [null, 'null', ...NO_TEXT, '""', '"RELEASED"', '"__proto__"'],
    good: ['"released"', '"cancelled"'],
  },
  'stocks?': {
    bad: [
      'null',
      '{}',
      '"x"',
      '[1]',
      '[{}]',
      '[{"purchasedQty":-1,"availableQty":0}]',
      '[{"purchasedQty":1e30,"availableQty":0}]',
    ],
    good: [null, '[]', '[{"purchasedQty":1,"availableQty":1}]'],
  },
}

/** A value that each kind takes, as JSON. `n` tells messages apart. */
export function usualValue(kind: FieldKind, n: number): string {
  switch (kind) {
    case 'reference':
      return `"hostile-${n}"`
    case 'subject':
    case 'mailText':
      return `"Text ${n}"`
    case 'email':
    case 'email?':
      return '"somebody@example.com"'
    case 'date?':
      return '"2030-01-31"'
    case 'reason':
      return '"released"'
    case 'stocks?':
      return '[]'
    case 'quantity':
    case 'quantityOrNone':
    case 'version':
      return '1'
    default:
      return kind satisfies never
  }
}
