// What the page does, on the word of a test. Everything comes back as plain values.

const { CacheClient, Configurations, CredentialProvider } = momento;

const quiet = new momento.DefaultMomentoLoggerFactory(momento.DefaultMomentoLoggerLevel.ERROR);

const clientOf = credentialProvider =>
  new CacheClient({
    configuration: Configurations.Browser.v1(quiet).withClientTimeoutMillis(20000),
    credentialProvider,
    defaultTtlSeconds: 60,
  });

/** The way of the documentation: a key and the name of the server, by TLS. */
const byName = (apiKey, endpoint) => clientOf(CredentialProvider.fromApiKeyV2({ apiKey, endpoint }));

/** A v1 token and the address of the server. */
const byAddress = (apiKey, address) =>
  clientOf(
    CredentialProvider.fromString({
      apiKey,
      endpointOverrides: {
        controlEndpoint: address,
        cacheEndpoint: address,
        tokenEndpoint: address,
      },
    })
  );

/** A round trip of each kind. */
async function roundTrips(client, cache) {
  const said = [];
  const note = answer => said.push(answer.type + (answer.type === 'Error' ? answer.toString() : ''));
  note(await client.createCache(cache));
  note(await client.set(cache, 'key', 'värde'));
  note(await client.dictionarySetFields(cache, 'dictionary', { a: '1', b: '2' }));
  note(await client.listConcatenateBack(cache, 'list', ['x', 'y', 'z']));
  note(await client.setBatch(cache, { one: '1', two: '2' }));
  const found = {
    value: (await client.get(cache, 'key')).value(),
    dictionary: (await client.dictionaryFetch(cache, 'dictionary')).value(),
    list: (await client.listFetch(cache, 'list')).value(),
    batch: (await client.getBatch(cache, ['two', 'none', 'one']))
      .results()
      .map(each => each.value()),
    miss: (await client.get(cache, 'no-such-key')).type,
    listed: (await client.listCaches()).getCaches().some(each => each.getName() === cache),
  };
  note(await client.deleteCache(cache));
  return { said, found };
}

/** The class and the words of the error that a get brings. */
async function failure(client, cache) {
  const answer = await client.get(cache, 'key');
  return [answer.innerException?.().constructor.name ?? answer.type, answer.message?.() ?? ''];
}

/** What a fetch brings, or the name of the error with which the browser hides it. */
async function asked(url, init) {
  try {
    const answer = await fetch(url, init);
    return {
      status: answer.status,
      text: await answer.text(),
      etag: answer.headers.get('etag'),
      type: answer.type,
    };
  } catch (error) {
    return error.name;
  }
}
