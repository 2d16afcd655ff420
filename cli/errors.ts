/** An error for the person at the terminal: what is wrong and how to fix it, without a stack trace. */
export class UserError extends Error {
  override readonly name = "UserError";
}
