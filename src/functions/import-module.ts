/** The namespace of the module with this URL, which is loaded first if it is not. */
export async function importModule(url: string): Promise<object> {
  const namespace: object = await import(url);
  return namespace;
}
