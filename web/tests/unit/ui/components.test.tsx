import { act, useState } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
	Avatar,
	Badge,
	Button,
	ConfirmDialog,
	Kbd,
	LiveRegion,
	Menu,
	MenuItem,
	Placeholder,
	PresenceDot,
	TextField,
	TimeText,
	Toasts,
	Toolbar,
	toast,
	useAnnounce,
} from "../../../src/ui";
import { ariaShortcut } from "../../../src/ui/keys";
import { render } from "./render";

beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] }));
afterEach(() => vi.useRealTimers());

const wait = (ms: number) => act(async () => vi.advanceTimersByTime(ms));
const press = (element: Element | null | undefined) =>
	act(async () => (element as HTMLElement).click());

/** The first element like this, once there is one. */
async function appearing(selector: string): Promise<Element> {
	for (let tries = 0; tries < 100; tries++) {
		const found = document.querySelector(selector);
		if (found) return found;
		await act(() => new Promise((resolve) => setTimeout(resolve, 20)));
	}
	throw new Error(`no ${selector} appears`);
}

test("a busy button does nothing, and keeps the focus", async () => {
	const onClick = vi.fn();
	const box = await render(
		<Button busy onClick={onClick}>
			Send
		</Button>,
	);
	const button = box.querySelector("button");
	await press(button);
	expect(onClick).not.toHaveBeenCalled();
	expect(button?.disabled).toBe(false);
	expect(button?.getAttribute("aria-busy")).toBe("true");
});

test("a field names its label and its error", async () => {
	const box = await render(<TextField label="Name" hint="Hint" error="Taken." />);
	const input = box.querySelector("input");
	expect(input?.labels?.[0]?.textContent).toBe("Name");
	expect(input?.getAttribute("aria-invalid")).toBe("true");
	const note = document.getElementById(input?.getAttribute("aria-describedby") ?? "");
	expect(note?.textContent).toBe("Taken.");
	expect(note?.getAttribute("role")).toBe("alert");
});

test("a password can be shown and hidden", async () => {
	const box = await render(<TextField label="Password" type="password" />);
	const button = box.querySelector("button");
	expect(button?.getAttribute("aria-label")).toBe("Show the password");
	await press(button);
	expect(box.querySelector("input")?.type).toBe("text");
	expect(button?.getAttribute("aria-label")).toBe("Hide the password");
});

test("a badge says its number in words, shows nothing at 0, and stops counting at 99", async () => {
	const box = await render(
		<>
			<Badge count={0} label="none" />
			<Badge count={120} filled label="120 unread messages" />
		</>,
	);
	expect(box.children.length).toBe(1);
	expect(box.textContent).toBe("99+120 unread messages");
	expect(box.querySelector("[aria-hidden]")?.textContent).toBe("99+");
});

test("presence is said once, where it has words", async () => {
	const box = await render(
		<>
			<Avatar id="1" name="Nora" presence="away" presenceLabel="Away" />
			<PresenceDot presence="online" />
		</>,
	);
	const said = [...box.querySelectorAll("[role=img]")].map((it) => it.getAttribute("aria-label"));
	expect(said).toEqual(["Away"]);
});

test("a placeholder shows nothing for 300 ms", async () => {
	const box = await render(<Placeholder rows={2} />);
	await wait(299);
	expect(box.childElementCount).toBe(0);
	await wait(1);
	expect(box.childElementCount).toBe(1);
});

test("a toast goes by itself, later when it offers something, and at most three are shown", async () => {
	const undo = vi.fn();
	const box = await render(<Toasts />);
	const texts = () => [...box.querySelectorAll("[role=status] > div")].map((it) => it.textContent);
	await act(async () => {
		for (const text of ["one", "two", "three"]) toast(text);
		toast({ text: "four", action: { label: "Undo", onClick: undo } });
	});
	expect(texts()).toEqual(["two", "three", "fourUndo"]);
	await wait(6_000);
	expect(texts()).toEqual(["fourUndo"]);
	await press(box.querySelector("button"));
	expect(undo).toHaveBeenCalledOnce();
	expect(texts()).toEqual([]);
});

test("the same sentence is spoken each time, and doesn't stay", async () => {
	let announce: ReturnType<typeof useAnnounce> | undefined;
	function Speaker() {
		announce = useAnnounce();
		return <LiveRegion />;
	}
	const box = await render(<Speaker />);
	await act(async () => {
		announce?.("New message");
		announce?.("New message");
		announce?.("It failed", { urgent: true });
	});
	expect(box.querySelector("[aria-live=polite]")?.children.length).toBe(2);
	expect(box.querySelector("[aria-live=assertive]")?.textContent).toBe("It failed");
	await wait(4_000);
	expect(box.textContent).toBe("");
});

test("a shortcut has the keys of the system", async () => {
	const box = await render(<Kbd keys="Mod+Shift+k" />);
	expect([...box.querySelectorAll("kbd")].map((it) => it.textContent)).toEqual([
		"Ctrl",
		"Shift",
		"K",
	]);
	expect((await render(<Kbd keys="Mod++" />)).textContent).toBe("Ctrl+");
	expect((await render(<Kbd keys="+" />)).textContent).toBe("+");
	expect(ariaShortcut("Mod+Esc")).toBe("Control+Escape");
	expect(ariaShortcut("+")).toBe("Plus");
	expect(ariaShortcut("Mod++")).toBe("Control+Plus");
	vi.stubGlobal("navigator", { platform: "MacIntel", userAgent: "" });
	const apple = await render(<Kbd keys="Mod+Shift+k" />);
	expect(apple.textContent).toBe("⌘⇧K");
	expect(ariaShortcut("Mod+K")).toBe("Meta+K");
	vi.unstubAllGlobals();
});

test("a time is made anew as it passes, and one that isn't a time shows nothing", async () => {
	const box = await render(
		<>
			<TimeText at={Date.now() - 90_000} style="relative" />
			<TimeText at={Number.NaN} style="time" />
		</>,
	);
	expect(box.textContent).toBe("1 minute ago");
	expect(box.querySelectorAll("time").length).toBe(1);
});

test("a toolbar has one tab stop, which goes along with the arrow keys", async () => {
	const box = await render(
		<Toolbar label="Actions">
			<button type="button">a</button>
			<button type="button" disabled>
				b
			</button>
			<button type="button">c</button>
		</Toolbar>,
	);
	const stops = () => [...box.querySelectorAll("button")].map((it) => it.tabIndex);
	const [a, , c] = box.querySelectorAll("button");
	expect(stops()).toEqual([0, 0, -1]);
	await act(async () => {
		a?.focus();
		a?.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
	});
	expect(document.activeElement).toBe(c);
	expect(c?.tabIndex).toBe(0);
	expect(a?.tabIndex).toBe(-1);
});

test("a menu opens at its button, does what is pressed, and closes", async () => {
	vi.useRealTimers();
	const remove = vi.fn();
	const box = await render(
		<Menu label="Message" button={<button type="button">More</button>}>
			<MenuItem onClick={remove}>Delete</MenuItem>
		</Menu>,
	);
	const button = box.querySelector("button");
	expect(button?.getAttribute("aria-haspopup")).toBe("menu");
	expect(button?.getAttribute("aria-expanded")).toBe("false");
	await press(button);
	const item = await appearing("[role=menuitem]");
	expect(button?.getAttribute("aria-expanded")).toBe("true");
	expect(item.closest("[role=menu]")?.id).toBe(button?.getAttribute("aria-controls"));
	await press(item);
	expect(remove).toHaveBeenCalledOnce();
	expect(button?.getAttribute("aria-expanded")).toBe("false");
});

test("a question is asked before something is deleted, and the harmless answer has the focus", async () => {
	vi.useRealTimers();
	const confirm = vi.fn();
	function Page() {
		const [open, setOpen] = useState(false);
		return (
			<>
				<Button onClick={() => setOpen(true)}>Delete…</Button>
				<ConfirmDialog
					open={open}
					onClose={() => setOpen(false)}
					title="Delete it?"
					confirmLabel="Delete"
					onConfirm={confirm}
					danger
				>
					This can’t be undone.
				</ConfirmDialog>
			</>
		);
	}
	const box = await render(<Page />);
	await press(box.querySelector("button"));
	const dialog = await appearing("[role=alertdialog]");
	await appearing("button:focus");
	expect(document.activeElement?.textContent).toBe("Cancel");
	const title = document.getElementById(dialog.getAttribute("aria-labelledby") ?? "");
	expect(title?.textContent).toBe("Delete it?");
	await press([...dialog.querySelectorAll("button")].find((it) => it.textContent === "Delete"));
	expect(confirm).toHaveBeenCalledOnce();
});
