import { useEffect, useState } from "react";
import type { User } from "../../protocol";
import { useClient } from "../../state/store";

/** Long enough that a word isn't looked up letter by letter (ms). */
const PAUSE = 220;

interface Found {
	/** What was asked for; the people are those of this question. */
	asked: string;
	people: readonly User[];
	error: unknown;
}

const NONE: Found = { asked: "", people: [], error: null };

/** Looks people up by the beginning of their names while somebody types. */
export function usePeopleSearch(query: string, search?: (asked: string) => Promise<User[]>) {
	const { findUsers } = useClient();
	const find = search ?? findUsers;
	const [found, setFound] = useState(NONE);
	const asked = query.trim().replace(/^@/, "");
	useEffect(() => {
		if (asked === "") {
			setFound(NONE);
			return;
		}
		let wanted = true;
		const timer = setTimeout(() => {
			find(asked).then(
				(people) => wanted && setFound({ asked, people, error: null }),
				(error: unknown) => wanted && setFound({ asked, people: [], error }),
			);
		}, PAUSE);
		return () => {
			wanted = false;
			clearTimeout(timer);
		};
	}, [asked, find]);
	return { people: found.people, error: found.error, searching: asked !== found.asked };
}
