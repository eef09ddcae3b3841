import { useSearch } from "wouter";
import { HOME, LOG_IN, SIGN_UP } from "../places";

/** A place of our own, and not one where one would be sent away from again. */
export function safePlace(asked: string | null): string {
	if (!asked?.startsWith("/") || /^\/[/\\]/.test(asked)) return HOME;
	return asked.startsWith(LOG_IN) || asked.startsWith(SIGN_UP) ? HOME : asked;
}

/** Where one wanted to go before the log-in came between. */
export function useNext(): string {
	return safePlace(new URLSearchParams(useSearch()).get("next"));
}

/** The address of the log-in, or of the sign-up, that leads there afterwards. */
export function withNext(page: string, next: string): string {
	return next === HOME ? page : `${page}?next=${encodeURIComponent(next)}`;
}
