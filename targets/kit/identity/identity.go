// Package identity is a small provider of identities, and its client, for targets whose services have to know who asks. It is
// for loopback and for tests: whoever knows the services' secret gets any token, and what it knows ends with the process.
//
//	POST /tokens           user=…&for=1h   a token (a JWT, EdDSA) of that user
//	POST /introspect       token=…         whether it is good, and whose it is (RFC 7662)
//	POST /revoke           token=…         it is good no more (RFC 7009)
//	GET  /revoked                          the ids of the tokens that were revoked
//	GET  /keys/{name}                      the keys that the provider, or a service, signs with (a JWKS); for everybody
//	POST /services/{name}  key=…           publishes and certifies a service's key
package identity
