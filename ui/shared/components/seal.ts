// The seal: a guilloche whose every turn comes from the fingerprint of the station's key, so that two stations never
// wear the same one and a person sees at a glance which one this is.

/** Paths in a box of 100 by 100. `fine` for the large one of the lock screen. */
export function sealPaths(fingerprint: string, fine: boolean): string[] {
  const bytes = fingerprint.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? [];
  const byte = (at: number) => bytes[at % Math.max(bytes.length, 1)] ?? 0;
  const share = (at: number) => byte(at) / 255;
  // Lobes of the outline, waves of each ring, and how deep both go.
  // No bit is thrown away: what picks a whole number leaves its rest to something that bends.
  const rest = (at: number, by: number) => Math.floor(byte(at) / by) / Math.ceil(256 / by);
  const lobes = 3 + (byte(0) >> 6);
  const depth = 0.14 + 0.2 * share(1) + 0.04 * ((byte(0) & 63) / 64);
  const turn = share(2) * Math.PI * 2;
  const rings = fine
    ? [
        { radius: 33, height: 8 + 3 * share(3) + rest(4, 6), waves: 7 + (byte(4) % 6) },
        { radius: 19, height: 5 + 3 * share(5) + rest(6, 6), waves: 5 + (byte(6) % 6) },
      ]
    : [{ radius: 33, height: 9 + 3 * share(3) + rest(4, 4), waves: 7 + (byte(4) % 4) }];
  const strands = fine ? 14 + (byte(7) % 6) : 3;
  const points = fine ? 720 : 360;
  const paths: string[] = [];
  for (const ring of rings) {
    for (let strand = 0; strand < strands; strand += 1) {
      const phase = (strand * 2 * Math.PI) / strands + rest(7, 6);
      let path = "";
      for (let step = 0; step < points; step += 1) {
        const angle = (step * 2 * Math.PI) / points;
        const swell = 1 - depth + depth * Math.cos(lobes * angle + turn);
        const radius = ring.radius + ring.height * Math.cos(ring.waves * angle + phase) * swell;
        path += `${step ? "L" : "M"}${(50 + radius * Math.cos(angle)).toFixed(2)} ${(50 + radius * Math.sin(angle)).toFixed(2)}`;
      }
      paths.push(`${path}Z`);
    }
  }
  return paths;
}

/** The first twelve digits, in groups, as people compare them. */
export function sealDigits(fingerprint: string): string {
  return (fingerprint.slice(0, 12).toUpperCase().match(/.{4}/g) ?? []).join(" ");
}
