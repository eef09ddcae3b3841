import { expect, test } from "./support/test";
test("dbg press", async ({ person }) => {
	const ada = await person("Ada", { context: { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 } });
	const room = await ada.account.createRoom("design");
	await ada.account.say(room, "first line");
	await ada.open(room);
	await ada.page.evaluate(() => {
		for (const t of ["touchstart","touchend","pointerdown", "mousedown", "pointerup", "mouseup", "click", "focusin", "focusout", "pointercancel","mousemove", "contextmenu"])
			document.addEventListener(t, (e) => { (window as any).ev ??= []; (window as any).ev.push(t + " " + (e.target as HTMLElement).outerHTML?.slice(0, 60)+" prevented="+e.defaultPrevented); }, true);
	});
	const box = await ada.message("first line").boundingBox();
	if (!box) throw new Error("the message has no place");
	const touch = await ada.context.newCDPSession(ada.page);
	const touchPoints = [{ x: box.x + 80, y: box.y + box.height / 2 }];
	await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
	await expect(ada.page.getByRole("menuitem", { name: "Reply" })).toBeVisible();
	await ada.page.evaluate(() => (window as any).ev.push("--- up"));
	await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
	await ada.page.waitForTimeout(500);
	console.log(JSON.stringify(await ada.page.evaluate(() => (window as any).ev), null, 1));
	await ada.page.screenshot({ path: "/tmp/e2e/1.png" });
});
