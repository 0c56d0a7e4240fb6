// Three short tones, told apart by pitch and rhythm: a card was seen, a step is done, something stopped.
export type Sound = "card" | "step" | "stop";

const tones: Record<Sound, [frequency: number, at: number, length: number][]> = {
  card: [[880, 0, 0.06]],
  step: [
    [660, 0, 0.07],
    [990, 0.09, 0.1],
  ],
  stop: [
    [330, 0, 0.14],
    [262, 0.17, 0.22],
  ],
};

let context: AudioContext | undefined;

export function soundsOn(): boolean {
  return localStorage.getItem("sounds") !== "off";
}

export function setSounds(on: boolean): void {
  localStorage.setItem("sounds", on ? "on" : "off");
}

export function sound(which: Sound): void {
  if (!soundsOn() || typeof AudioContext === "undefined") return;
  try {
    context ??= new AudioContext();
    const start = context.currentTime + 0.01;
    for (const [frequency, at, length] of tones[which]) {
      const oscillator = context.createOscillator();
      const loudness = context.createGain();
      oscillator.frequency.value = frequency;
      loudness.gain.setValueAtTime(0, start + at);
      loudness.gain.linearRampToValueAtTime(0.16, start + at + 0.01);
      loudness.gain.linearRampToValueAtTime(0, start + at + length);
      oscillator.connect(loudness).connect(context.destination);
      oscillator.start(start + at);
      oscillator.stop(start + at + length);
    }
  } catch {
    // A machine without sound: every tone has its word and mark on screen.
  }
}
