// People sign up, log in, look at themselves, refresh their token and log out.

import exec from "k6/execution";
import { get, logIn, personName, post, registration } from "./api.js";
import { failed } from "./metrics.js";

export function accounts() {
	const name = personName("a", exec.vu.iterationInScenario);
	const registered = post("register", "/auth/register", null, registration(name));
	const session = registered && logIn(name);
	if (!session) {
		return;
	}
	const me = get("me", "/me", session.access_token);
	if (me && me.username !== name) {
		failed("wrong_person", `${name} logged in and is ${me.username}`);
	}
	const { refresh_token } = session;
	const renewed = post("refresh", "/auth/refresh", null, { refresh_token });
	if (renewed) {
		post("log out", "/auth/logout", renewed.access_token, {});
	}
}
