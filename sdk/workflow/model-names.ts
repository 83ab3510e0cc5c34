// docs/edge.md#model-names: how the network and an endpoint call one model.

const PREFIX = 'endpoint/';

/** `endpoint/llama3.2` and `llama3.2` are both the endpoint's `llama3.2`. */
export function modelAtEndpoint(name: string): string {
  return name.startsWith(PREFIX) && name.length > PREFIX.length ? name.slice(PREFIX.length) : name;
}

/** Names in the network under which a devnet's workers serve an endpoint's model. */
export function namesOfEndpointModel(model: string): readonly string[] {
  return [...new Set([`${PREFIX}${model}`, model])];
}
