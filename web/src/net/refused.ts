/** The one error that leaves this layer. */

import { type Advice, ERROR_CODES, type ErrorBody } from "../protocol";

/** Something that was asked for was not done, or it is not known whether it was. */
export class Refused extends Error {
	override readonly name = "Refused";
	readonly error: ErrorBody;

	constructor(error: ErrorBody) {
		super(error.detail);
		this.error = error;
	}
}

/** No answer came, or none that the server gave. It may have been done. */
export function unreachable(detail = "The server can't be reached."): Refused {
	return new Refused({ code: "unreachable", detail, advice: "retry" });
}

/** Whatever was thrown, as a refusal. */
export function refusal(cause: unknown): Refused {
	return cause instanceof Refused ? cause : unreachable();
}

const ADVICE: readonly Advice[] = ["retry", "resume", "log_in", "fix", "give_up"];

/** The error in an answer over HTTP. A proxy may have answered for the server, and say when to come again. */
export function problemOf(status: number, body: unknown, retryAfterMs = Number.NaN): Refused {
	if (isProblem(body)) {
		const advice = ADVICE.includes(body.advice) ? body.advice : status >= 500 ? "retry" : "give_up";
		const { code, detail, fields, retry_after_ms } = body;
		return new Refused({
			code,
			detail,
			advice,
			...(fields && { fields }),
			...(retry_after_ms != null && { retry_after_ms }),
		});
	}
	const code = status === 413 ? "payload_too_large" : status === 429 ? "rate_limited" : null;
	const wait = Number.isFinite(retryAfterMs) ? { retry_after_ms: retryAfterMs } : {};
	if (!code) return new Refused({ ...unreachable().error, ...wait });
	return new Refused({ code, detail: "", advice: ERROR_CODES[code].advice, ...wait });
}

function isProblem(body: unknown): body is ErrorBody {
	return (
		typeof body === "object" &&
		body !== null &&
		"code" in body &&
		typeof body.code === "string" &&
		"detail" in body &&
		typeof body.detail === "string"
	);
}
