import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { signal } from '@preact/signals';
import { Button, Loading, Trouble } from './basics';

/** A part of the page that comes when it is first shown: what one begins with is not to wait for it. */
export function lazily<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  const loaded = signal<ComponentType<P> | undefined>(undefined);
  const failure = signal<Error | undefined>(undefined);
  return (properties: P) => {
    useEffect(() => {
      if (!loaded.peek()) {
        failure.value = undefined;
        load().then(part => { loaded.value = part; }, (error: Error) => { failure.value = error; });
      }
    }, []);
    const Part = loaded.value;
    return Part ? <Part {...properties} /> : !failure.value ? <Loading /> : (
      <>
        <Trouble error={new Error('The server no longer has this part of the page, or does not answer.')} />
        <Button onClick={() => location.reload()}>Load the page anew</Button>
      </>
    );
  };
}
