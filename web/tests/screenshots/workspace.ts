/** A workspace as one might find it: people, rooms, and what they talk about. */

import { Account } from "../e2e/support/account";

export interface Workspace {
	nora: Account;
	release: string;
	direct: string;
	arabic: string;
	/** Somebody begins to write. */
	typing(): Promise<void>;
	stop(): void;
}

const MORE = [
	...["Marek", "Aïcha", "Bruno", "Chloé", "Dmitri", "Elena", "Farid", "Grace", "Hugo", "Iris"],
	...["Jonas", "Keiko", "Luis", "Mina", "Nils", "Olga", "Paul", "Quynh", "Rosa", "Sofia"],
];

const ascii = (name: string) =>
	name
		.normalize("NFD")
		.replace(/[^a-z]/gi, "")
		.toLowerCase();

/** Polls for events as a client would, so that the person is there. */
function isThere(who: Account, idle: boolean): () => void {
	let on = true;
	const poll = async () => {
		let cursor = "";
		while (on) {
			const got = await who
				.ask<{ cursor: string }>("GET", `/events?wait=20&idle=${idle}${cursor}`)
				.catch(() => null);
			if (got) cursor = `&cursor=${got.cursor}`;
		}
	};
	void poll();
	return () => {
		on = false;
	};
}

export async function furnish(url: string): Promise<Workspace> {
	const join = (name: string) => Account.register(url, name, ascii(name));
	const nora = await join("Nora");
	const ines = await join("Ines");
	const tomas = await join("Tomas");
	const lena = await join("Lena");
	const others = await Promise.all(MORE.map(join));
	const everybody = [ines, tomas, lena, ...others];

	const release = await nora.createRoom(
		"release-train",
		"public",
		"What ships, when, and what broke.",
	);
	const incidents = await ines.createRoom(
		"incidents",
		"public",
		"What is on fire, and who holds the hose.",
	);
	const design = await tomas.createRoom("design", "public", "Pixels, words, and why.");
	const founders = await nora.createRoom("founders", "private");
	for (const who of everybody.slice(0, 23)) await who.join(release);
	for (const who of [nora, tomas, lena, ...others.slice(0, 6)]) await who.join(incidents);
	for (const who of [nora, ines, lena, ...others.slice(3, 8)]) await who.join(design);
	await nora.add(founders, tomas);
	await nora.ask("PATCH", `/rooms/${release}/members/${ines.id}`, { role: "admin" });
	await ines.createRoom("kitchen", "public", "Who cooks on Thursday?").then((it) => lena.join(it));
	await lena.createRoom("reading", "public", "Papers, and books when it rains.");
	await tomas.createRoom("help", "public", "Ask. Somebody knows.");

	await nora.say(founders, "Numbers for the quarter are in the folder.");
	await tomas.say(founders, "Read them, see you tomorrow.");
	await nora.say(design, "Looks calm, I like it");
	for (const text of ["Darker lines?", "One pixel is enough", "Then the shadow goes", "Agreed"]) {
		await lena.say(design, text);
	}
	await ines.say(incidents, "p99 went to 40 ms at noon");
	await ines.say(incidents, "Looking at it");
	await tomas.say(incidents, `@${nora.username} p99 back under 10 ms`);
	const withLena = await nora.direct(lena);
	await lena.say(withLena, "See you on Monday");
	const withTomas = await nora.direct(tomas);
	await tomas.say(withTomas, "Thanks, that helped.");
	for (const it of [founders, withLena, withTomas]) await readAll(nora, it);
	const direct = await nora.direct(ines);
	await ines.say(direct, "Can you look at the chart?");

	await lena.say(release, "Good morning. Today we go to **0.4.0**, if the restart behaves.");
	await tomas.say(
		release,
		"Checklist:\n\n- migrations reviewed\n- dashboards open\n- somebody who watches the queue",
	);
	await lena.say(release, "I watch it. What do we say if it takes longer than a second?");
	await tomas.say(release, "> nothing lost, nothing twice\n\nThat is what counts.");
	const said = await ines.say(
		release,
		"Rolling restart is done on all three nodes. Longest interruption a client saw: `0.4 s`, nothing lost.",
	);
	const ran = await ines.say(release, "The migration ran in 4 s.");
	for (const who of [nora, tomas, lena, others[0]]) await react(who, release, ran, "🎉");
	await react(others[1], release, ran, "👀");
	await nora.ask("PUT", `/rooms/${release}/receipt`, { read: ran });
	await tomas.say(release, `That is under the budget. @${nora.username} shall we tag it?`, said);
	const tag = await nora.say(
		release,
		"Yes. Tagging **0.4.0** now, notes are in the [changelog](https://example.org/changelog).",
	);
	for (const who of [ines, tomas]) {
		await who.ask("PUT", `/rooms/${release}/receipt`, { read: tag });
	}

	const arabic = await nora.createRoom("فريق-الإطلاق", "public", "ما الذي نطلقه ومتى.");
	for (const who of [ines, tomas]) await who.join(arabic);
	await ines.say(arabic, "صباح الخير! انتهت إعادة التشغيل على العقد الثلاث، ولم يُفقد شيء.");
	const first = await ines.say(arabic, "استغرق الترحيل `4 s` فقط.");
	await react(nora, arabic, first, "🎉");
	await tomas.say(arabic, "ممتاز. هل نصدر الإصدار **0.4.0** اليوم؟", first);
	await nora.say(arabic, "نعم، والملاحظات في [سجل التغييرات](https://example.org/changelog).");
	await readAll(nora, arabic);

	const there = [ines, ...others.slice(0, 6)].map((it) => isThere(it, false));
	there.push(isThere(tomas, true));
	return {
		nora,
		release,
		direct,
		arabic,
		typing: () => tomas.ask("PUT", `/rooms/${release}/typing`, { on: true }),
		stop: () => {
			for (const leave of there) leave();
		},
	};
}

async function react(
	who: Account | undefined,
	room: string,
	message: string,
	emoji: string,
): Promise<void> {
	const path = `/rooms/${room}/messages/${message}/reactions/${encodeURIComponent(emoji)}`;
	await who?.ask("PUT", path);
}

async function readAll(who: Account, room: string): Promise<void> {
	const { messages } = await who.ask<{ messages: { id: string }[] }>(
		"GET",
		`/rooms/${room}/messages`,
	);
	await who.ask("PUT", `/rooms/${room}/receipt`, { read: messages.at(-1)?.id });
}
