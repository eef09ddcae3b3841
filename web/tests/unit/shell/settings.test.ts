import { expect, test } from "vitest";
import { DEFAULTS, parseSettings } from "../../../src/features/settings/store";

test("settings survive whatever stands in the storage", () => {
	expect(parseSettings(null)).toEqual(DEFAULTS);
	expect(parseSettings("{")).toEqual(DEFAULTS);
	expect(parseSettings("[1]")).toEqual(DEFAULTS);
	expect(parseSettings('{"density":"pink","sound":true,"toString":1}')).toEqual({
		...DEFAULTS,
		sound: true,
	});
});
