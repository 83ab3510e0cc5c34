// docs/operations.md#http: numbers of a part that are read when Prometheus asks.
import { Gauge, type Registry } from 'prom-client';

/** The function that it gives adds a gauge named `mizu_<part>_<name>`. */
export function createGauges(registry: Registry, part: string) {
  return (name: string, help: string, read: () => number): void => {
    new Gauge({
      name: `mizu_${part}_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
}
