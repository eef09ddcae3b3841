import { renderToString } from "react-dom/server";
import { afterEach, expect, test, vi } from "vitest";
import { keepOnDevice, useUpdate } from "../../src/app/update";

afterEach(() => {
	vi.unstubAllGlobals();
	vi.unstubAllEnvs();
	vi.restoreAllMocks();
});

test("a tab takes the new version, although another tab has taken it already", async () => {
	const worker = { state: "installed", postMessage: vi.fn() };
	const registration = { waiting: worker, addEventListener: vi.fn() };
	const serviceWorker = {
		controller: {},
		register: async () => registration,
		addEventListener: vi.fn(),
	};
	vi.stubEnv("PROD", true);
	Object.defineProperty(navigator, "serviceWorker", { configurable: true, value: serviceWorker });
	const reloads = vi.spyOn(location, "reload").mockImplementation(() => {});
	keepOnDevice();
	await vi.waitFor(() => expect(registration.addEventListener).toHaveBeenCalled());
	let reload = () => {};
	function Page() {
		({ reload } = useUpdate());
		return null;
	}
	renderToString(<Page />);
	reload();
	expect(worker.postMessage).toHaveBeenCalledOnce();
	expect(reloads).not.toHaveBeenCalled();
	worker.state = "activated";
	reload();
	expect(reloads).toHaveBeenCalledOnce();
});
