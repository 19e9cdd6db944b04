// A certified provider of OpenID Connect for tests, on a free port of loopback.
// Reads its settings from the environment, says {"port": …} once it listens, and ends when stdin does.
import http from "node:http";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.env.NODE_FOLDER}/package.json`);
const { Provider } = await import(pathToFileURL(require.resolve("oidc-provider")).href);

const asked = JSON.parse(process.env.OIDC);
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const server = http.createServer();
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address();

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: asked.clients,
  claims: { openid: ["sub"], profile: ["name", "locale", "roles", "stores"] },
  // Claims of scopes in the ID token too, as Keycloak and Entra ID have them, unless a test wants them apart.
  conformIdTokenClaims: asked.apart,
  cookies: { keys: ["of a test"] },
  features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", kid: "first" }] },
  pkce: { required: () => true },
  // The login form takes any password; who it is, and what is claimed, is the test's.
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, ...asked.people[id] }),
  }),
});
server.on("request", provider.callback());
console.log(JSON.stringify({ port }));
process.stdin.on("end", () => process.exit(0)).resume();
