/** Pictures of the main screens, for the documents: `npm run screenshots` in `web/`. */

import { fileURLToPath } from "node:url";
import type { BrowserContext } from "@playwright/test";
import { Account, PASSWORD } from "../e2e/support/account";
import { Person } from "../e2e/support/person";
import { Server } from "../e2e/support/server";
import { expect, test } from "../e2e/support/test";
import { furnish, type Workspace } from "./workspace";

const FOLDER = fileURLToPath(new URL("../../../docs/screenshots/", import.meta.url));

const SIZES = { phone: { width: 360, height: 740 }, desktop: { width: 1440, height: 900 } };

let server: Server;
let workspace: Workspace;

test.beforeAll(async () => {
	server = await Server.start();
	workspace = await furnish(server.url);
});

test.afterAll(async () => {
	workspace.stop();
	await server.stop();
});

async function logIn(context: BrowserContext, { username }: Account): Promise<void> {
	const data = { login: username, password: PASSWORD, cookie: true };
	await context.request.post(`${server.url}/api/v1/auth/login`, { data });
}

for (const [device, viewport] of Object.entries(SIZES)) {
	for (const colorScheme of ["light", "dark"] as const) {
		test(`${device}, ${colorScheme}`, async ({ browser }) => {
			test.setTimeout(180_000);
			const phone = device === "phone";
			const open = (locale = "en-GB") =>
				browser.newContext({
					baseURL: server.url,
					viewport,
					colorScheme,
					locale,
					...(phone && { hasTouch: true, isMobile: true }),
				});
			const context = await open();
			const nora = new Person(await context.newPage(), workspace.nora);
			const { page } = nora;
			const take = async (name: string, from = page) => {
				await from.evaluate(() => document.fonts.ready);
				await from.evaluate(() =>
					Promise.all(document.getAnimations().map((it) => it.finished.catch(() => undefined))),
				);
				await from.screenshot({ path: `${FOLDER}${name}-${device}-${colorScheme}.png` });
			};

			await page.goto("/login");
			await page.getByLabel("Username or e-mail").fill("nora");
			await take("log-in");

			await logIn(context, workspace.nora);
			if (phone) {
				await page.goto("/");
				await expect(nora.row("incidents")).toContainText("for you");
				for (const name of ["Ines", "Tomas", "Lena"]) {
					await expect(nora.row(name).getByRole("img")).toBeVisible();
				}
				await take("list");
			}
			await nora.open(workspace.release);
			await expect(nora.message("Tagging 0.4.0")).toBeInViewport();
			await expect(page.getByRole("main").getByText(/[2-9] here/)).toBeVisible();
			const answer = nora.message("under the budget");
			if (!phone) await answer.hover();
			await workspace.typing();
			await expect(page.getByRole("main").getByText("Tomas is typing…")).toBeVisible();
			await take("conversation");
			if (phone) {
				await page.goto(`/r/${workspace.release}/details`);
				await expect(nora.details.getByRole("listitem").nth(5)).toBeVisible();
				await take("details");
			}
			await page.goto("/settings/appearance");
			await expect(page.getByRole("radio").first()).toBeVisible();
			await take("settings");
			await page.goto("/discover");
			await expect(page.getByRole("button", { name: "Join reading" })).toBeVisible();
			await take("discover");
			await nora.open(workspace.release);
			await page.keyboard.press("Control+k");
			await expect(page.getByRole("option").first()).toBeVisible();
			await page.keyboard.type("in");
			await expect(page.getByRole("option", { name: /incidents/ })).toBeVisible();
			await take("jump");
			await page.keyboard.press("Escape");
			await expect(page.getByRole("dialog")).toHaveCount(0);

			await context.setOffline(true);
			await nora.composer.fill("Done. I will watch the dashboard for an hour.");
			await page.getByRole("button", { name: "Send" }).click();
			await expect(nora.status("Offline. 1 message goes out")).toBeVisible();
			await expect(nora.message("Done. I will watch")).toContainText("waiting for the network");
			await take("offline");
			// It is not sent: the next pictures are of the same conversation.
			await context.close();

			const arabic = await open("ar");
			await logIn(arabic, workspace.nora);
			const reader = new Person(await arabic.newPage(), workspace.nora);
			await reader.page.goto(`/r/${workspace.arabic}`);
			await expect(reader.log.getByText("سجل التغييرات")).toBeVisible();
			await take("arabic", reader.page);
			await arabic.close();

			const start = await open();
			const somebody = await Account.register(server.url, "Sam");
			await logIn(start, somebody);
			const first = await start.newPage();
			await first.goto("/");
			await expect(first.getByText("No conversations yet")).toBeVisible();
			await take("start", first);
			await start.close();
		});
	}
}
