/** Secrets don't belong in what is shown; should one get there, its form gives it away. */

const FORMS = [
  /\btok-(?:bot|node)-[a-z2-7]{16,}/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/gs,
]

export const REDACTED = '[redacted]'

/** The text without join tokens and private keys. */
export function redactForms(text: string): string {
  return FORMS.reduce((shown, form) => shown.replace(form, REDACTED), text)
}
