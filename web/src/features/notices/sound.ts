/** Two soft notes, made here, so that no file has to be loaded. */

const NOTES = [
	{ hertz: 659.25, at: 0 },
	{ hertz: 880, at: 0.11 },
];

let audio: AudioContext | null = null;

/** Silent where the browser allows no sound before somebody has touched the page. */
export async function chime(): Promise<void> {
	audio ??= new AudioContext();
	if (audio.state === "suspended") await audio.resume();
	const start = audio.currentTime;
	for (const { hertz, at } of NOTES) {
		const tone = audio.createOscillator();
		const volume = audio.createGain();
		tone.frequency.value = hertz;
		volume.gain.setValueAtTime(0, start + at);
		volume.gain.linearRampToValueAtTime(0.08, start + at + 0.015);
		volume.gain.exponentialRampToValueAtTime(0.0005, start + at + 0.35);
		tone.connect(volume).connect(audio.destination);
		tone.start(start + at);
		tone.stop(start + at + 0.4);
	}
}
