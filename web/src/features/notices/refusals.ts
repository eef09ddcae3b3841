/** What was refused, as a sentence for a person. */

import { useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type errors from "../../../messages/en/errors.json";
import type { ErrorBody } from "../../protocol";

type Known = keyof typeof errors.code;
type Field = keyof typeof errors.field;

/** The server's error, or one of our own: `unreachable`. */
export interface Refusal {
	code: string;
	detail: string;
	fields: readonly { field: string; detail: string }[];
	/** Not before this many milliseconds. */
	wait: number | null;
}

const UNKNOWN: Refusal = { code: "internal", detail: "", fields: [], wait: null };

const holds = <K extends string>(it: unknown, key: K): it is Record<K, unknown> =>
	typeof it === "object" && it !== null && key in it;

const isBody = (it: unknown): it is ErrorBody =>
	holds(it, "code") && typeof it.code === "string" && holds(it, "detail");

/** What the client's promises are rejected with carries the server's error, or is like one. */
export function refusalOf(error: unknown): Refusal {
	const body = [error, holds(error, "body") && error.body, holds(error, "error") && error.error]
		.filter(isBody)
		.at(0);
	if (!body) return UNKNOWN;
	const { code, detail, fields = [], retry_after_ms: wait = null } = body;
	return { code, detail, fields, wait };
}

/** Gives the sentence for an error, in the language that was chosen. */
export function useRefusalText(): (error: unknown) => string {
	const { t, i18n } = useTranslation("errors");
	return useCallback(
		(error) => {
			const { code, detail, wait } = refusalOf(error);
			if (code === "rate_limited" && wait !== null) {
				return t("wait", { count: Math.max(1, Math.ceil(wait / 1000)) });
			}
			if (i18n.exists(`errors:code.${code}`)) return t(`code.${code as Known}`);
			return detail || t("code.internal");
		},
		[t, i18n],
	);
}

/** Gives the sentences for the fields that were refused, by the names that they have in the request. */
export function useFieldErrors(error: unknown): Partial<Record<string, string>> {
	const { t, i18n } = useTranslation("errors");
	const { code, fields } = refusalOf(error);
	if (error === null) return {};
	if (code === "username_taken") return { username: t("code.username_taken") };
	if (code === "email_taken") return { email: t("code.email_taken") };
	return Object.fromEntries(
		fields.map(({ field, detail }) => {
			const name = field.replace(/^(?:new|current)_/, "");
			const known = i18n.exists(`errors:field.${name}`);
			return [field, known ? t(`field.${name as Field}`) : detail];
		}),
	);
}

/** Seconds until one may try again; it counts down to `null`. */
export function useWait(error: unknown): number | null {
	const [left, setLeft] = useState<number | null>(null);
	useEffect(() => {
		const { wait } = refusalOf(error);
		if (error === null || wait === null) {
			setLeft(null);
			return;
		}
		const until = Date.now() + wait;
		const count = () => {
			const seconds = Math.ceil((until - Date.now()) / 1000);
			setLeft(seconds > 0 ? seconds : null);
			if (seconds <= 0) clearInterval(timer);
		};
		const timer = setInterval(count, 500);
		count();
		return () => clearInterval(timer);
	}, [error]);
	return left;
}
