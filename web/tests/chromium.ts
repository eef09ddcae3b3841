/** The Chromium that the tests drive: the system's own, without what it would fetch for itself. */
export const CHROMIUM = {
	executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
	args: [
		"--no-sandbox",
		"--disable-gpu",
		"--disable-background-networking",
		"--disable-component-update",
		"--disable-sync",
	],
};
