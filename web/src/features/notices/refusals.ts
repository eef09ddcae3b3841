/** What was refused, as a sentence for a person. */

import { useTranslation } from "react-i18next";
import type { ErrorBody } from "../../protocol";

/** The server's error, or one of our own: `unreachable`. */
export interface Refusal {
	code: string;
	detail: string;
	fields: readonly { field: string; detail: string }[];
	/** Not before this many milliseconds. */
	wait: number | null;
}

function isBody(error: unknown): error is ErrorBody {
	return (
		typeof error === "object" &&
		error !== null &&
		"code" in error &&
		typeof error.code === "string" &&
		"detail" in error
	);
}

/** `Refused` carries the body, or is one. */
export function refusalOf(error: unknown): Refusal {
	const inner =
		typeof error === "object" && error !== null
			? "body" in error
				? error.body
				: "error" in error
					? error.error
					: error
			: error;
	if (!isBody(inner)) return { code: "internal", detail: "", fields: [], wait: null };
	return {
		code: inner.code,
		detail: inner.detail,
		fields: inner.fields ?? [],
		wait: inner.retry_after_ms ?? null,
	};
}
