// Pictures for the fake station, drawn here: a portrait that is nobody, both sides of a card.
function canvas(width: number, height: number): [HTMLCanvasElement, CanvasRenderingContext2D] {
  const made = document.createElement("canvas");
  made.width = width;
  made.height = height;
  return [made, made.getContext("2d") as CanvasRenderingContext2D];
}

function bytes(made: HTMLCanvasElement): Promise<ArrayBuffer> {
  return new Promise((resolve) => made.toBlob((blob) => void blob?.arrayBuffer().then(resolve), "image/png"));
}

export function drawFace(pen: CanvasRenderingContext2D, x: number, y: number, w: number, h: number, zoom: number) {
  pen.save();
  pen.beginPath();
  pen.rect(x, y, w, h);
  pen.clip();
  const sky = pen.createLinearGradient(x, y, x, y + h);
  sky.addColorStop(0, "#9db4c0");
  sky.addColorStop(1, "#6f8794");
  pen.fillStyle = sky;
  pen.fillRect(x, y, w, h);
  const r = w * 0.24 * zoom;
  pen.fillStyle = "#d9722e";
  pen.beginPath();
  pen.ellipse(x + w / 2, y + h * 1.05, r * 2, h * 0.42, 0, 0, Math.PI * 2);
  pen.fill();
  pen.fillStyle = "#5a3b26";
  pen.beginPath();
  pen.ellipse(x + w / 2, y + h * 0.4, r * 1.25, r * 1.45, 0, 0, Math.PI * 2);
  pen.fill();
  pen.fillStyle = "#e8b794";
  pen.beginPath();
  pen.ellipse(x + w / 2, y + h * 0.44, r, r * 1.28, 0, 0, Math.PI * 2);
  pen.fill();
  pen.fillStyle = "#2b2b2b";
  for (const side of [-1, 1]) {
    pen.beginPath();
    pen.ellipse(x + w / 2 + side * r * 0.42, y + h * 0.41, r * 0.09, r * 0.12, 0, 0, Math.PI * 2);
    pen.fill();
  }
  pen.strokeStyle = "#9a4b3a";
  pen.lineWidth = r * 0.09;
  pen.beginPath();
  pen.arc(x + w / 2, y + h * 0.5, r * 0.4, 0.2, Math.PI - 0.2);
  pen.stroke();
  pen.restore();
}

export function portrait(zoom = 1): Promise<ArrayBuffer> {
  const [made, pen] = canvas(450, 600);
  drawFace(pen, 0, 0, 450, 600, zoom);
  return bytes(made);
}

export function front(name: string[], unit: string, number: string, rehearsal: boolean): Promise<ArrayBuffer> {
  const [made, pen] = canvas(1011, 638);
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, 1011, 638);
  pen.fillStyle = "#0b3d3a";
  pen.fillRect(0, 0, 1011, 172);
  pen.fillStyle = "#fff";
  pen.font = "700 52px sans-serif";
  pen.fillText("Nordhafen Port", 56, 104);
  drawFace(pen, 56, 236, 260, 346, 1);
  pen.fillStyle = "#12201a";
  pen.font = "700 58px sans-serif";
  name.forEach((line, at) => pen.fillText(line, 380, 320 + at * 64));
  pen.font = "38px sans-serif";
  pen.fillText(unit, 380, 520);
  pen.fillText(number, 380, 570);
  if (rehearsal) stripe(pen, 172);
  return bytes(made);
}

export function back(rehearsal: boolean): Promise<ArrayBuffer> {
  const [made, pen] = canvas(1011, 638);
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, 1011, 638);
  pen.fillStyle = "#12201a";
  pen.fillRect(0, 110, 1011, 104);
  pen.font = "34px sans-serif";
  pen.fillText("Found? Post it to Nordhafen Port,", 56, 500);
  pen.fillText("Gate 2.", 56, 546);
  for (let at = 0; at < 196; at += 1) {
    if ((at * 7 + Math.floor(at / 14) * 3) % 3 === 0)
      pen.fillRect(740 + (at % 14) * 15, 370 + Math.floor(at / 14) * 15, 15, 15);
  }
  if (rehearsal) stripe(pen, 240);
  return bytes(made);
}

function stripe(pen: CanvasRenderingContext2D, y: number) {
  pen.fillStyle = "#7a1e8c";
  pen.fillRect(0, y, 1011, 62);
  pen.fillStyle = "#fff";
  pen.font = "700 38px sans-serif";
  pen.textAlign = "center";
  pen.fillText("REHEARSAL · NOT VALID", 505, y + 45);
  pen.textAlign = "left";
}
