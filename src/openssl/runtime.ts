/** What the runtime has of files and sockets. */

interface Runtime {
  readonly process?: { readonly getBuiltinModule?: (name: string) => unknown; readonly env?: Readonly<Record<string, string | undefined>> };
}

const runtime = globalThis as Runtime;

/** A module of the runtime's own. Node, Deno and Bun give it by name, so that nothing has to be imported that a browser lacks. */
export const builtin = (name: 'node:fs' | 'node:net'): unknown => runtime.process?.getBuiltinModule?.(name);

export const environment = (name: string): string | undefined => runtime.process?.env?.[name];
