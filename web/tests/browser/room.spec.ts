import { expect, type Page, test } from "@playwright/test";
import { messageId } from "../fixtures/room/history";

const open = async (page: Page, asked = "") => {
	await page.goto(`/tests/pages/room.html?${asked}`);
	await page.getByRole("log").waitFor();
	await page.waitForTimeout(400);
};

/** The first message that begins in view, or one after it. */
const firstInView = (page: Page, after = 0) =>
	page.evaluate((skipped) => {
		const log = document.querySelector("[role=log]") as HTMLElement;
		const top = log.getBoundingClientRect().top;
		const rows = [...log.querySelectorAll<HTMLElement>("[data-id]:has(article)")];
		const inView = rows.filter((it) => it.getBoundingClientRect().top >= top);
		return inView[skipped]?.dataset.id ?? "";
	}, after);

/** How far a row strays from its place, in any frame, while something happens. */
async function stray(page: Page, id: string, happens: () => Promise<unknown>): Promise<number> {
	await page.evaluate((row) => {
		const place = () =>
			document.querySelector(`[data-id="${row}"]`)?.getBoundingClientRect().top ?? Number.NaN;
		const began = place();
		const found = { most: 0, on: true };
		Object.assign(window, { stray: found });
		// A message runs after the frame was laid out: what it sees is what was painted.
		const channel = new MessageChannel();
		channel.port1.onmessage = () => {
			found.most = Math.max(found.most, Math.abs(place() - began));
		};
		const frame = () => {
			channel.port2.postMessage(null);
			if (found.on) requestAnimationFrame(frame);
		};
		requestAnimationFrame(frame);
	}, id);
	await happens();
	await page.waitForTimeout(400);
	return page.evaluate(() => {
		const { stray: found } = window as unknown as { stray: { most: number; on: boolean } };
		found.on = false;
		return found.most;
	});
}

const wheel = async (page: Page, by: number, times = 1) => {
	await page.mouse.move(400, 350);
	for (let n = 0; n < times; n++) {
		await page.mouse.wheel(0, by);
		await page.waitForTimeout(30);
	}
	await page.waitForTimeout(300);
};

const below = (page: Page) =>
	page.evaluate(() => {
		const log = document.querySelector("[role=log]") as HTMLElement;
		return log.scrollHeight - log.clientHeight - log.scrollTop;
	});

const LONG = "It is a long text, so that its row becomes higher than it was. ".repeat(12);

test.describe("the view keeps its place, to the pixel", () => {
	test("when older messages load above", async ({ page }) => {
		await open(page);
		await wheel(page, -500, 3);
		const id = await firstInView(page);
		const count = () =>
			page.evaluate(() => {
				const { scene } = window;
				return scene.store.getState().rooms[scene.roomId]?.live?.ids.length ?? 0;
			});
		const before = await count();
		const load = () =>
			page.evaluate(async () => {
				for (let n = 0; n < 3; n++) await window.scene.client.loadBefore(window.scene.roomId);
			});
		expect(await stray(page, id, load)).toBeLessThanOrEqual(1);
		expect(await count()).toBe(before + 150);
	});

	test("when older messages load while one is at the very top", async ({ page }) => {
		await open(page);
		await page.evaluate(() => {
			window.scene.delay = 700;
		});
		await page.getByRole("log").evaluate((it) => {
			it.scrollTop = 0;
		});
		await page.waitForTimeout(200);
		// The first that is loaded has its day and its author above it, until more come before it.
		const id = await firstInView(page, 1);
		expect(await stray(page, id, () => page.waitForTimeout(1_000))).toBeLessThanOrEqual(1);
	});

	test("when a message above is edited, and when it is edited back", async ({ page }) => {
		await open(page);
		await wheel(page, -300, 3);
		const id = await firstInView(page);
		const index = await page.evaluate((row) => {
			const { scene } = window;
			const ids = scene.store.getState().rooms[scene.roomId]?.live?.ids ?? [];
			return ids.length - 1 - ids.indexOf(row);
		}, id);
		for (const text of [LONG, "short"]) {
			const change = () =>
				page.evaluate(([n, it]) => window.scene.change(Number(n) + 2, String(it)), [index, text]);
			expect(await stray(page, id, change)).toBeLessThanOrEqual(1);
		}
	});

	test("when a reconnect brings many messages at once", async ({ page }) => {
		await open(page);
		await wheel(page, -300, 3);
		const id = await firstInView(page);
		const burst = () => page.evaluate(() => window.scene.arrive(300));
		expect(await stray(page, id, burst)).toBeLessThanOrEqual(1);
		await expect(page.getByRole("button", { name: /Jump to latest/ })).toContainText("300");
	});

	test("when the window becomes narrower, and wider again", async ({ page }) => {
		await open(page);
		await wheel(page, -300, 3);
		const id = await firstInView(page);
		for (const width of [500, 1_200]) {
			const resize = () => page.setViewportSize({ width, height: 700 });
			const place = () =>
				page.evaluate((row) => {
					const log = document.querySelector("[role=log]") as HTMLElement;
					const it = document.querySelector(`[data-id="${row}"]`);
					return (it?.getBoundingClientRect().top ?? 0) - log.getBoundingClientRect().top;
				}, id);
			const before = await place();
			await resize();
			await page.waitForTimeout(300);
			expect(Math.abs((await place()) - before)).toBeLessThanOrEqual(1);
		}
	});

	test("at the end, when messages come and the last one grows", async ({ page }) => {
		await open(page);
		await page.bringToFront();
		await page.getByRole("log").click();
		expect(await below(page)).toBeLessThanOrEqual(1);
		await page.evaluate(() => window.scene.arrive(5));
		await page.waitForTimeout(200);
		expect(await below(page)).toBeLessThanOrEqual(1);
		await page.evaluate((it) => window.scene.change(0, it), LONG);
		await page.waitForTimeout(200);
		expect(await below(page)).toBeLessThanOrEqual(1);
	});

	test("through a long way up and down again", async ({ page }) => {
		await open(page, "count=3000");
		await wheel(page, -900, 60);
		const id = await firstInView(page);
		const most = await stray(page, id, () => page.waitForTimeout(500));
		expect(most).toBeLessThanOrEqual(1);
		await wheel(page, 4_000, 40);
		expect(await below(page)).toBeLessThanOrEqual(1);
	});
});

test.describe("where the view begins", () => {
	test("is the end", async ({ page }) => {
		await open(page);
		expect(await below(page)).toBeLessThanOrEqual(1);
		await expect(page.getByText("New", { exact: true })).toHaveCount(0);
	});

	test("is the line before the first unread message", async ({ page }) => {
		await open(page, "unread=30");
		await expect(page.getByText("New", { exact: true })).toBeInViewport();
		expect(await below(page)).toBeGreaterThan(200);
	});

	test("is that line, also when it is not loaded", async ({ page }) => {
		await open(page, "unread=90");
		await expect(page.getByText("New", { exact: true })).toBeInViewport();
		await expect(page.getByRole("button", { name: /Jump to latest/ })).toBeVisible();
		await page.getByRole("button", { name: /Jump to latest/ }).click();
		await page.waitForTimeout(300);
		expect(await below(page)).toBeLessThanOrEqual(1);
	});

	test("is a message that an address names", async ({ page }) => {
		await open(page, "message=300");
		await expect(page.locator(`[data-id="${messageId(300)}"]`)).toBeInViewport();
		const latest = page.getByRole("button", { name: /Jump to latest/ });
		await expect(latest).toBeVisible();
		// Page after page it leads down to the present.
		await expect(async () => {
			await wheel(page, 2_000, 20);
			await expect(latest).toHaveCount(0, { timeout: 100 });
		}).toPass({ timeout: 60_000 });
		expect(await below(page)).toBeLessThanOrEqual(1);
	});
});

test.describe("writing", () => {
	test("an own message is the same element before and after it is stored", async ({ page }) => {
		await open(page);
		await page.evaluate(() => {
			window.scene.store.setState({ connection: { at: "offline" } });
		});
		await page.getByRole("textbox").fill("kept **safe**");
		await page.getByRole("textbox").press("Enter");
		const article = page.getByRole("article").filter({ hasText: "kept safe" });
		await expect(article).toContainText("waiting for the network");
		await article.evaluate((it) => it.setAttribute("data-same", "yes"));
		await page.evaluate(() => window.scene.acknowledge());
		await expect(article).toContainText("Sent");
		await expect(article).toHaveAttribute("data-same", "yes");
		await expect(page.getByRole("textbox")).toBeFocused();
		await expect(page.getByRole("textbox")).toHaveValue("");
	});

	test("from far up it leads to the end", async ({ page }) => {
		await open(page);
		await wheel(page, -800, 5);
		await page.getByRole("textbox").fill("hello");
		await page.getByRole("textbox").press("Enter");
		await page.waitForTimeout(300);
		expect(await below(page)).toBeLessThanOrEqual(1);
	});

	test("up to 4,000 characters, and not one more", async ({ page }) => {
		await open(page);
		const send = page.getByRole("button", { name: "Send" });
		await page.getByRole("textbox").fill("x".repeat(4_000));
		await expect(page.getByText("0 characters left")).toBeVisible();
		await expect(send).toBeEnabled();
		await page.getByRole("textbox").fill("x".repeat(4_001));
		await expect(page.getByText("1 character too many", { exact: false })).toBeVisible();
		await expect(send).toBeDisabled();
		await page.getByRole("textbox").press("Enter");
		await expect(page.getByRole("textbox")).toHaveValue("x".repeat(4_001));
	});

	test("a mention is completed with the keyboard", async ({ page }) => {
		await open(page);
		const text = page.getByRole("textbox");
		await text.pressSequentially("hi @in");
		await expect(page.getByRole("option", { name: /Ines/ })).toBeVisible();
		await text.press("Enter");
		await expect(text).toHaveValue("hi @ines ");
	});

	test("an emoji by its name, whole or chosen", async ({ page }) => {
		await open(page);
		const text = page.getByRole("textbox");
		await text.pressSequentially("so :tada:");
		await expect(text).toHaveValue("so 🎉");
		await text.pressSequentially(" :rocke");
		await expect(page.getByRole("option", { name: /rocket/ })).toBeVisible();
		await text.press("Tab");
		await expect(text).toHaveValue(/so 🎉 🚀 /u);
	});

	test("nothing is sent while an input method composes", async ({ page }) => {
		await open(page);
		const session = await page.context().newCDPSession(page);
		await page.getByRole("textbox").focus();
		await session.send("Input.imeSetComposition", {
			text: "に",
			selectionStart: 1,
			selectionEnd: 1,
		});
		await page.keyboard.press("Enter");
		expect(await page.evaluate(() => window.scene.store.getState().unsent.length)).toBe(0);
	});

	test("the arrow up edits the newest own message, and Esc gives back what was there", async ({
		page,
	}) => {
		await open(page);
		const text = page.getByRole("textbox");
		await text.fill("first");
		await text.press("Enter");
		await expect(page.getByRole("article").last()).toContainText("Sent");
		await text.press("ArrowUp");
		await expect(text).toHaveValue("first");
		await text.press("Escape");
		await expect(text).toHaveValue("");
		await text.press("ArrowUp");
		await text.fill("second");
		await text.press("Enter");
		await expect(page.getByRole("article").last()).toContainText("second");
		await expect(page.getByRole("article").last()).toContainText("edited");
	});

	test("what was being written waits until an edit is over, in the draft, too", async ({
		page,
	}) => {
		await open(page, "count=60&loaded=60");
		const text = page.getByRole("textbox");
		await text.fill("own");
		await text.press("Enter");
		await expect(page.getByRole("article").last()).toContainText("Sent");
		await text.fill("half a th");
		const last = page.getByRole("article").last();
		await last.focus();
		await last.press("e");
		await expect(text).toHaveValue("own");
		await page.waitForTimeout(500);
		const draft = await page.evaluate(() => {
			const { scene } = window;
			return scene.store.getState().drafts[scene.roomId];
		});
		expect(draft?.before).toEqual({ text: "half a th" });
		await text.press("Escape");
		await expect(text).toHaveValue("half a th");
	});

	test("a draft is there when one comes back", async ({ page }) => {
		await open(page);
		await page.getByRole("textbox").fill("half a th");
		await page.waitForTimeout(500);
		const draft = await page.evaluate(() => {
			const { scene } = window;
			return scene.store.getState().drafts[scene.roomId];
		});
		expect(draft).toEqual({ text: "half a th" });
	});
});

test.describe("many who come one after the other", () => {
	const fold = (page: Page) => page.getByRole("button", { name: /others\W? joined$/ });

	test("are one row, which shows them all and takes them back", async ({ page }) => {
		await open(page, "joins=970-990");
		await expect(fold(page)).toHaveAttribute("aria-expanded", "false");
		const top = (await fold(page).boundingBox())?.y;
		await fold(page).focus();
		await page.keyboard.press("Enter");
		await expect(fold(page)).toHaveAttribute("aria-expanded", "true");
		await expect(fold(page)).toBeFocused();
		expect((await fold(page).boundingBox())?.y).toBeCloseTo(top ?? 0, 0);
		await expect(page.getByText(/^\S+ \S+ joined$/).first()).toBeInViewport();
		await page.keyboard.press("Enter");
		await expect(page.getByText(/^\S+ \S+ joined$/)).toHaveCount(0);
		await expect(fold(page)).toBeInViewport();
	});

	test("don't move what is in view when an older page joins them", async ({ page }) => {
		await open(page, "joins=905-970&loaded=50");
		await page.evaluate(() => {
			window.scene.delay = 300;
		});
		await page.getByRole("log").evaluate((it) => {
			it.scrollTop = 0;
		});
		await page.waitForTimeout(100);
		const id = await firstInView(page, 1);
		expect(await stray(page, id, () => page.waitForTimeout(600))).toBeLessThanOrEqual(1);
		await expect(fold(page)).toHaveCount(1);
	});

	test("don't move what is in view, or take the focus, when a further one comes", async ({
		page,
	}) => {
		await open(page, "count=1000&joins=985-1000");
		await page.evaluate(() => window.scene.join(4));
		await fold(page).last().focus();
		const id = await firstInView(page);
		expect(
			await stray(page, id, () => page.evaluate(() => window.scene.join(3))),
		).toBeLessThanOrEqual(1);
		await expect(fold(page).last()).toBeFocused();
		expect(await below(page)).toBeLessThanOrEqual(1);
	});

	test("are opened by an address that names one of them", async ({ page }) => {
		await open(page, "joins=400-460&message=430");
		await expect(page.locator(`[data-id="${messageId(430)}"]`)).toBeInViewport();
		await expect(page.locator(`[data-id="${messageId(430)}"]`)).toContainText("joined");
	});
});

test.describe("by keyboard", () => {
	test("the list is one stop; the arrows go between messages, and keys act on them", async ({
		page,
	}) => {
		await open(page);
		await page.getByRole("textbox").focus();
		await page.keyboard.press("Shift+Tab");
		for (let n = 0; n < 6; n++) {
			if (await page.evaluate(() => document.activeElement?.tagName === "ARTICLE")) break;
			await page.keyboard.press("Shift+Tab");
		}
		const focused = page.locator("article:focus");
		await expect(focused).toHaveCount(1);
		const first = await focused.getAttribute("aria-labelledby");
		await page.keyboard.press("ArrowUp");
		expect(await focused.getAttribute("aria-labelledby")).not.toBe(first);
		for (let n = 0; n < 60; n++) await page.keyboard.press("ArrowUp");
		await expect(focused).toHaveCount(1);
		await expect(focused).toBeInViewport();
		await page.keyboard.press("r");
		await expect(page.getByRole("textbox")).toBeFocused();
		await expect(page.getByText(/^Reply to/)).toBeVisible();
		await page.keyboard.press("Escape");
		await expect(page.getByText(/^Reply to/)).toHaveCount(0);
	});

	test("a message that is scrolled far away keeps the focus, or gets it back", async ({ page }) => {
		await open(page, "count=1000&loaded=1000");
		const id = await firstInView(page, 1);
		const message = page.locator(`[data-id="${id}"] article`);
		await message.focus();
		await wheel(page, -2_000, 6);
		await expect(message).toHaveCount(0);
		await expect(page.getByRole("log")).toBeFocused();
		await wheel(page, 2_000, 6);
		await expect(message).toBeFocused();
		await wheel(page, -2_000, 6);
		await page.keyboard.press("ArrowUp");
		await expect(page.locator("article:focus")).toBeInViewport();
	});

	test("a message is reached from a reply to it", async ({ page }) => {
		await open(page, "count=60&loaded=60");
		const reply = page.locator("article", { has: page.locator("button[title]") }).last();
		await reply.locator("button[title]").first().click();
		await page.waitForTimeout(200);
		const marked = page.locator('article[class*="marked"]');
		await expect(marked).toBeInViewport();
		await page.waitForTimeout(1_700);
		await expect(marked).toHaveCount(0);
	});
});

test("a finger that rests on a message opens what can be done with it", async ({ browser }) => {
	const context = await browser.newContext({
		viewport: { width: 360, height: 700 },
		hasTouch: true,
		isMobile: true,
	});
	const page = await context.newPage();
	await open(page);
	const box = await page.getByRole("article").nth(-2).boundingBox();
	const session = await context.newCDPSession(page);
	const touchPoints = [{ x: (box?.x ?? 0) + 90, y: (box?.y ?? 0) + 12 }];
	await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
	await expect(page.getByRole("menuitem", { name: "Reply" })).toBeVisible();
	await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
	await page.waitForTimeout(300);
	await page.screenshot({ path: "test-results/long-press.png" });
	await expect(page.getByRole("menuitem", { name: "Reply" })).toBeVisible();
	await page.getByRole("menuitem", { name: "React" }).tap();
	await expect(page.getByRole("button", { name: /👍/u }).first()).toBeVisible();
	await context.close();
});

test("what is newly written is spoken once, and the history never", async ({ page }) => {
	await open(page);
	const spoken = page.locator('[role="status"][aria-relevant="additions"]');
	await expect(spoken).toHaveText("");
	await page.evaluate(() => window.scene.arrive(1, "good **morning**"));
	await expect(spoken).toHaveText("Ines: good morning");
	await page.waitForTimeout(4_500);
	await wheel(page, -900, 10);
	await expect(spoken).toHaveText("");
});

test("what is in view is read, while somebody looks", async ({ page }) => {
	await open(page, "unread=5");
	const read = () =>
		page.evaluate(() => {
			const { scene } = window;
			const room = scene.store.getState().rooms[scene.roomId];
			return room?.me?.read === room?.live?.ids.at(-1);
		});
	await expect.poll(read).toBe(true);
	await expect(page.getByText("New", { exact: true })).toBeVisible();
});
