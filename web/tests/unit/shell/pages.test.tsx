import { act, type ReactNode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { startLanguages } from "../../../src/app/i18n";
import { LogIn, SignUp } from "../../../src/features/auth";
import { ConversationList } from "../../../src/features/conversations";
import { StatusLines } from "../../../src/features/notices";
import { ChatContext, newStore } from "../../../src/state/store";
import type { State } from "../../../src/state/types";
import { type FakeClient, fakeClient } from "../../fixtures/client";
import { ME, richState, roomNumber } from "../../fixtures/state";

let root: Root | null = null;
let page: HTMLElement;
let client: FakeClient;

beforeAll(async () => {
	Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
	await startLanguages("en");
});

beforeEach(() => {
	vi.useFakeTimers();
});

afterEach(() => {
	act(() => root?.unmount());
	page.remove();
	vi.useRealTimers();
});

function show(element: ReactNode, state: State = richState()) {
	const store = newStore(state);
	client = fakeClient(store);
	page = document.createElement("div");
	document.body.append(page);
	root = createRoot(page);
	act(() => root?.render(<ChatContext value={{ store, client }}>{element}</ChatContext>));
	return store;
}

function field(label: string): HTMLInputElement {
	const found = [...page.querySelectorAll("label")].find((it) => it.textContent === label);
	const input = found && document.getElementById(found.htmlFor);
	if (!(input instanceof HTMLInputElement)) throw new Error(`there is no field ${label}`);
	return input;
}

function type(label: string, text: string) {
	const input = field(label);
	const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set;
	act(() => {
		set?.call(input, text);
		input.dispatchEvent(new Event("input", { bubbles: true }));
	});
}

const submit = () =>
	act(async () => {
		const form = page.querySelector("form");
		form?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
		await vi.advanceTimersByTimeAsync(200);
	});

const out: State = { ...richState(), session: { at: "out" } };

describe("the log-in", () => {
	test("the password manager finds its fields", () => {
		show(<LogIn />, out);
		expect(field("Username or e-mail").autocomplete).toBe("username");
		expect(field("Password").autocomplete).toBe("current-password");
		expect(field("Password").type).toBe("password");
	});

	test("asks for what is missing, and asks the server nothing", async () => {
		show(<LogIn />, out);
		const logIn = vi.spyOn(client, "logIn");
		await submit();
		expect(logIn).not.toHaveBeenCalled();
		expect(document.activeElement).toBe(field("Username or e-mail"));
		expect(page.textContent).toContain("Fill this in.");
	});

	test("says that the name or the password is wrong", async () => {
		show(<LogIn />, out);
		type("Username or e-mail", "nora");
		type("Password", "wrong");
		client.refuse = { code: "wrong_credentials", detail: "", advice: "fix" };
		await submit();
		expect(page.querySelector("[role=alert]")?.textContent).toContain("password is wrong");
	});

	test("counts down when it was tried too often", async () => {
		show(<LogIn />, out);
		type("Username or e-mail", "nora");
		type("Password", "wrong");
		client.refuse = { code: "rate_limited", detail: "", advice: "retry", retry_after_ms: 9_000 };
		await submit();
		expect(page.textContent).toContain("in 9 seconds");
		await act(() => vi.advanceTimersByTimeAsync(4_000));
		expect(page.textContent).toContain("in 5 seconds");
		await act(() => vi.advanceTimersByTimeAsync(6_000));
		expect(page.textContent).not.toContain("seconds");
	});

	test.each([
		["ended", "Your session ended"],
		["cookies_refused", "Your browser refuses cookies"],
	] as const)("says why one is here: %s", (reason, sentence) => {
		show(<LogIn />, { ...out, session: { at: "out", reason } });
		expect(page.textContent).toContain(sentence);
	});
});

test("the sign-up shows what the server refused at its field", async () => {
	show(<SignUp />, out);
	type("Username", "nora");
	type("E-mail", "nora@example.org");
	type("Password", "correct horse");
	client.refuse = { code: "username_taken", detail: "", advice: "fix" };
	await submit();
	const note = document.getElementById(field("Username").getAttribute("aria-describedby") ?? "");
	expect(note?.textContent).toContain("Somebody else has this username");
	expect(field("Username").getAttribute("aria-invalid")).toBe("true");
});

describe("the list of conversations", () => {
	const list = (open: string | null) => (
		<ConversationList me={ME} open={open} onCreate={() => {}} onStart={() => {}} />
	);
	const stops = () => [...page.querySelectorAll<HTMLElement>("[data-room][tabindex='0']")];
	const key = (name: string) =>
		act(() => {
			const event = new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true });
			document.activeElement?.dispatchEvent(event);
		});

	test("has one stop for Tab: the open one", () => {
		show(list(roomNumber(3)));
		expect(stops().map((it) => it.dataset.room)).toEqual([roomNumber(3)]);
		expect(stops()[0]?.getAttribute("aria-current")).toBe("page");
	});

	test("arrow keys, Home and End go on from there", () => {
		show(list(null));
		const all = [...page.querySelectorAll<HTMLElement>("[data-room]")];
		act(() => all[0]?.focus());
		key("ArrowDown");
		expect(document.activeElement).toBe(all[1]);
		expect(stops()).toEqual([all[1]]);
		key("End");
		expect(document.activeElement).toBe(all.at(-1));
		key("Home");
		key("ArrowUp");
		expect(document.activeElement).toBe(all[0]);
	});

	test("offers the first steps where there is nothing", () => {
		show(list(null), { ...richState(), rooms: {} });
		const buttons = [...page.querySelectorAll("button")].map((it) => it.textContent);
		expect(buttons).toEqual(["Create a room", "Discover rooms", "Write to somebody"]);
	});
});

describe("the foot of the list", () => {
	test("says how much goes out later, and nothing when all is well", () => {
		const store = show(<StatusLines update={null} />);
		expect(page.textContent).toBe("");
		act(() => store.setState({ connection: { at: "offline" } }));
		expect(page.textContent).toContain("Offline.");
		const waiting = {
			nonce: "n",
			roomId: roomNumber(1),
			text: "later",
			writtenAt: 0,
			tried: false,
			status: "waiting" as const,
		};
		act(() => store.setState({ unsent: [waiting, { ...waiting, nonce: "m" }] }));
		expect(page.textContent).toContain("2 messages go out when you are back");
	});

	test("a reconnect is mentioned when it takes long", async () => {
		const store = show(<StatusLines update={null} />);
		act(() => store.setState({ connection: { at: "connecting" } }));
		await act(() => vi.advanceTimersByTimeAsync(1_500));
		expect(page.textContent).toBe("");
		await act(() => vi.advanceTimersByTimeAsync(2_000));
		expect(page.textContent).toContain("Connecting…");
	});

	test("says what is not kept", () => {
		show(<StatusLines update={() => {}} />, { ...richState(), storage: "full" });
		expect(page.textContent).toContain("storage is full");
		expect(page.textContent).toContain("A new version is ready.");
	});
});
