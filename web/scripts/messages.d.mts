type Messages = { [key: string]: string | Messages };

export function check(
	name: string,
	language: string,
	english: Messages,
	messages: Messages,
): string[];
export function unused(name: string, english: Messages, code: string): string[];
