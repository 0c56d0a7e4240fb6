// Pictures by blob id, as object URLs. All are given back when the station locks.
import { station } from "./station";

const urls = new Map<string, Promise<string>>();

export function blobUrl(id: string): Promise<string> {
  let url = urls.get(id);
  if (!url) {
    url = station.blob(id).then((bytes) => URL.createObjectURL(new Blob([bytes])));
    url.catch(() => urls.delete(id));
    urls.set(id, url);
  }
  return url;
}

export function forgetBlobs(): void {
  for (const url of urls.values()) void url.then((made) => URL.revokeObjectURL(made)).catch(() => undefined);
  urls.clear();
}
