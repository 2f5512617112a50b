import { isNotFound, type Docker } from "./docker-engine.js";

export async function hasImage(engine: Docker, image: string): Promise<boolean> {
  try {
    await engine.getImage(image).inspect();
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Resolves when the engine has got it from its registry. */
export async function pullImage(engine: Docker, image: string, signal: AbortSignal): Promise<void> {
  // Without a tag the engine would take all of them.
  const isComplete = /(:[^/]*|@[^/]*)$/.test(image);
  const progress = await engine.pull(isComplete ? image : `${image}:latest`, { abortSignal: signal });
  await new Promise<void>((resolve, reject) => {
    engine.modem.followProgress(progress, (error) => (error === null ? resolve() : reject(error)));
  });
}
